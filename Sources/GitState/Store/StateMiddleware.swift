/// Sees the operations of a ``StateManager`` before its backend does: lets them pass, changes them, or
/// refuses them by throwing.
///
/// It runs once for each operation, under no lock, in a task that has the caller's task-local values
/// and is cancelled once the caller stops waiting. A slow one holds up nobody but later writes to the
/// same contracts, which keep the order in which they were asked for. What is done through
/// ``StateManager/withGit(named:keys:_:)`` passes it by.
public protocol StateMiddleware: Sendable {
  /// A record is asked for.
  ///
  /// - Returns: The contract to read instead, or the same.
  func read(_ key: ContractKey) async throws(StateError) -> ContractKey

  /// Records are asked for.
  ///
  /// - Returns: The query to answer instead, or the same.
  func query(_ query: ContractQuery) async throws(StateError) -> ContractQuery

  /// Something is to be written.
  ///
  /// - Returns: The operation to do instead, or the same; it must concern no other contracts, since the
  ///   order of writes is kept by contract.
  func write(_ operation: Operation) async throws(StateError) -> Operation
}

extension StateMiddleware {
  /// Lets the read pass.
  public func read(_ key: ContractKey) async throws(StateError) -> ContractKey { key }

  /// Lets the query pass.
  public func query(_ query: ContractQuery) async throws(StateError) -> ContractQuery { query }

  /// Lets the write pass.
  public func write(_ operation: Operation) async throws(StateError) -> Operation { operation }
}
