/// A place where deployment state is kept.
///
/// Calls are synchronous and may block on files and locks: ``StateManager`` makes them on queues of
/// its own, several reads beside one write. A backend guards what it shares between them.
public protocol StateBackend: StateReading {
  /// A word for the kind of backend: `git`, `leveldb`, `memory`.
  var type: String { get }

  /// The state as it was.
  ///
  /// - Parameter revision: What `git rev-parse` takes, or a date.
  /// - Returns: The state, which does not change any more.
  /// - Throws: `STATE_NOT_FOUND` where there is no such revision, `INVALID_ARGUMENT` where the backend
  ///   keeps no history.
  func state(at revision: String) throws(StateError) -> any StateReading

  /// Does operations one after the other, in one go: nothing gets in between.
  ///
  /// - Returns: One answer for each, in order. An operation that fails leaves no trace and does not
  ///   disturb the others.
  func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>]

  /// What operations would do, one after the other, without doing it.
  ///
  /// - Returns: An answer for each, whose changes have no `to`.
  func preview(_ operations: [Operation]) -> [Result<WriteResult, StateError>]

  /// Looks at everything that is there for faults.
  func verify() throws(StateError) -> VerificationReport

  /// Gets ready, before the first operation; called again it does nothing.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where the state cannot be opened.
  func open() throws(StateError)

  /// Whether the state can be read as a whole; cheaper than ``verify()``.
  func health() -> BackendHealth

  /// What the backend's cache did so far; nil where it has none.
  var cacheStatistics: CacheStatistics? { get }

  /// The git backend that has the history: this one, or one that it writes to; nil where there is none.
  var git: GitBackend? { get }

  /// Lets go of files and locks; called once, after the last operation.
  func close()
}

extension StateBackend {
  /// Nothing to let go of.
  public func close() {}

  /// No history.
  public func state(at revision: String) throws(StateError) -> any StateReading {
    throw StateError(.invalidArgument, "the \(type) backend has no history; the git backend has")
  }

  /// What operations would do to the records that are there now.
  public func preview(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    var changed: [ContractKey: Contract?] = [:]
    return operations.map { operation in
      Result { () throws(StateError) in
        let before = changed
        let current = { (key: ContractKey) throws(StateError) -> Contract? in
          if let contract = before[key] { return contract }
          return try self.contract(key)
        }
        let plan = try MutationPlan(
          operation.mutations, current: current,
          network: { chainID throws(StateError) in
            try contracts(matching: ContractQuery(chainID: chainID)).first?.networkName
          })
        var old: [ContractKey: Contract] = [:]
        for (key, contract) in plan.results {
          do throws(StateError) {
            old[key] = try current(key)
          } catch  where error.code == .serializationFailed {
            // What cannot be read is replaced; there is nothing to compare with then.
          }
          changed[key] = .some(contract)
        }
        return WriteResult(plan) { old[$0] }
      }
    }
  }

  /// Nothing to get ready.
  public func open() {}

  /// Whether some record, of a contract that hardly is there, can be looked up.
  public func health() -> BackendHealth {
    do {
      _ = try contract(ContractKey(1, "gitstate/health"))
      return BackendHealth()
    } catch {
      return BackendHealth(problems: [error.message])
    }
  }

  /// No cache.
  public var cacheStatistics: CacheStatistics? { nil }

  /// No git backend.
  public var git: GitBackend? { nil }
}
