import Synchronization

/// Deployment state in memory, for tests and trials: it ends with the process.
public final class InMemoryBackend: StateBackend {
  private let records = Mutex<[ContractKey: Contract]>([:])

  /// Makes an empty state.
  public init() {}

  /// `memory`.
  public var type: String { "memory" }

  /// The record of a contract.
  public func contract(_ key: ContractKey) -> Contract? {
    records.withLock { $0[key] }
  }

  /// The records that a query finds.
  public func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    try query.refuseInfrastructure(in: type)
    let all = records.withLock { Array($0.values) }
    return query.applied(to: all.sorted { $0.key < $1.key })
  }

  /// Does operations one after the other.
  public func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    records.withLock { records in
      operations.map { operation in
        Result { () throws(StateError) in try Self.apply(operation, to: &records) }
      }
    }
  }

  private static func apply(_ operation: Operation, to records: inout [ContractKey: Contract])
    throws(StateError) -> WriteResult
  {
    let before = records
    let plan = try MutationPlan(
      operation.mutations, current: { before[$0] },
      network: { chainID in
        before.values.filter { $0.chainID == chainID }.min { $0.key < $1.key }?.networkName
      })
    for (key, contract) in plan.results { records[key] = contract }
    return WriteResult(plan) { before[$0] }
  }

  /// Looks at every record.
  public func verify() -> VerificationReport {
    var report = VerificationReport(lastValidated: SystemClock.milliseconds)
    for contract in records.withLock({ $0.values.sorted { $0.key < $1.key } }) {
      report.add(contract)
    }
    return report
  }
}
