import FoundationEssentials
import GitState
import LosslessJSON
import Synchronization

/// State as one export document in one file.
final class SingleFileBackend: StateBackend {
  private let path: String
  // Guards the file: reads and writes come from several threads.
  private let file = Mutex(())

  init(path: String) { self.path = path }

  var type: String { "single-file" }

  func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    try file.withLock { _ throws(StateError) in try load()[key] }
  }

  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    try query.refuseInfrastructure(in: type)
    let records = try file.withLock { _ throws(StateError) in try load() }
    return query.applied(to: records.values.sorted { $0.key < $1.key })
  }

  func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    file.withLock { _ in
      operations.map { operation in
        Result { () throws(StateError) in try apply(operation) }
      }
    }
  }

  func verify() throws(StateError) -> VerificationReport {
    let records = try file.withLock { _ throws(StateError) in try load() }
    var report = VerificationReport(
      lastValidated: Int64(Date().timeIntervalSince1970 * 1000))
    for contract in records.values.sorted(by: { $0.key < $1.key }) { report.add(contract) }
    return report
  }

  private func apply(_ operation: Operation) throws(StateError) -> WriteResult {
    let before = try load()
    let plan = try MutationPlan(
      operation.mutations, current: { before[$0] },
      network: { chainID in
        before.values.filter { $0.chainID == chainID }.min { $0.key < $1.key }?.networkName
      })
    if !plan.results.isEmpty {
      var after = before
      for (key, contract) in plan.results { after[key] = contract }
      try save(after)
    }
    return WriteResult(plan) { before[$0] }
  }

  private func load() throws(StateError) -> [ContractKey: Contract] {
    guard FileManager.default.fileExists(atPath: path) else { return [:] }
    do {
      let bytes = Array(try Data(contentsOf: URL(filePath: path)))
      let contracts = try ContractDocument.contracts(parsing: bytes, name: path)
      return Dictionary(uniqueKeysWithValues: contracts.map { ($0.key, $0) })
    } catch let error as StateError {
      throw error
    } catch {
      // A file that is there and cannot be read is never an empty state.
      throw StateError(
        .backendUnavailable, "\(path) could not be read; see that it may be read", file: path,
        underlying: error)
    }
  }

  private func save(_ records: [ContractKey: Contract]) throws(StateError) {
    let document = ContractDocument.export(
      records.values.sorted { $0.key < $1.key }, exportTime: 0)
    do {
      try Data(JSONValue.object(document).serialized(.pretty))
        .write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw StateError(
        .writeFailed, "\(path) could not be written; see that the disk has space", file: path,
        underlying: error)
    }
  }
}
