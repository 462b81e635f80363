/// A place where deployment state is kept.
///
/// Calls are synchronous and may block on files and locks: ``StateManager`` makes them on queues of
/// its own, several reads beside one write. A backend guards what it shares between them.
public protocol StateBackend: Sendable {
  /// A word for the kind of backend: `git`, `leveldb`, `memory`.
  var type: String { get }

  /// The record of a contract.
  ///
  /// - Returns: nil only where it is proven that there is none.
  /// - Throws: `BACKEND_UNAVAILABLE` or `SERIALIZATION_FAILED` where that cannot be told.
  func contract(_ key: ContractKey) throws(StateError) -> Contract?

  /// The records that a query finds.
  ///
  /// - Throws: As ``contract(_:)``, where any record that might belong to the answer cannot be read;
  ///   `INVALID_ARGUMENT` where the backend cannot answer such a query.
  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract]

  /// Does operations one after the other, in one go: nothing gets in between.
  ///
  /// - Returns: One answer for each, in order. An operation that fails leaves no trace and does not
  ///   disturb the others.
  func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>]

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

  /// Lets go of files and locks; called once, after the last operation.
  func close()
}

extension StateBackend {
  /// Nothing to let go of.
  public func close() {}

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
}
