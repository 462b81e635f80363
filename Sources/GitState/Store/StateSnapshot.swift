import Git
import LosslessJSON

/// The whole state at one commit.
///
/// It does not change, whatever is written meanwhile.
public struct StateSnapshot: StateReading {
  let commit: ObjectID?
  let folder: DeploymentFolder

  /// The commit, as 40 hex digits; nil before the first one.
  public var commitID: String? { commit?.hex }

  /// The record of a contract; nil where it is proven that there is none.
  public func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    try folder.contract(key)
  }

  /// The records that a query finds.
  public func contracts(matching query: ContractQuery = ContractQuery()) throws(StateError)
    -> [Contract]
  {
    try folder.contracts(matching: query)
  }

  /// The chain whose file has this `network`; nil where no file has it.
  ///
  /// - Throws: `INVALID_ARGUMENT` where several have it.
  public func chainID(ofNetwork network: String) throws(StateError) -> ChainID? {
    try folder.chainID(ofNetwork: network)
  }

  /// The name of a chain's network; nil where no file has the chain.
  public func network(of chainID: ChainID) throws(StateError) -> String? {
    try folder.file(of: chainID)?.network
  }

  /// Looks at every file for faults.
  public func verify() -> VerificationReport {
    var report = VerificationReport(lastValidated: SystemClock.milliseconds)
    report.errors += folder.broken.map(\.error.message)
    for file in folder.deployments {
      let path = folder.pathOf(file.name)
      if file.lacksTimes {
        report.warnings.append(
          "\(path) has no usable lastDeployed or timestamp: entries without a time of their own "
            + "read as time 0")
      }
      for name in file.contractNames {
        if let other = file.foreignRecord(inEntry: name) {
          report.errors.append(
            "\(path): the entry of \(ContractKey(file.chainID, name).description.escapingUnprintable) "
              + "carries the record of \(other.description.escapingUnprintable), which does not count"
          )
        }
        do {
          if let contract = try file.contract(named: name) { report.add(contract, file: path) }
        } catch {
          report.contractCount += 1
          report.errors.append(error.inFile(path).message)
        }
      }
    }
    for (chainID, files) in Dictionary(grouping: folder.deployments, by: \.chainID)
      .sorted(by: { $0.key < $1.key }) where files.count > 1
    {
      report.errors.append(
        "chain \(chainID) is in several files: "
          + files.map { folder.pathOf($0.name) }.joined(separator: ", "))
    }
    return report
  }
}
