import Dispatch
public import LosslessJSON
import Synchronization

/// Deployment state, whatever keeps it.
///
/// Calls do not block: a backend's work runs on queues of the manager's own. Writes are done in the
/// order in which they were asked for, and those that wait are done together. A read waits for no
/// write, but sees every write that this manager has answered.
public final class StateManager: Sendable {
  /// What keeps the state.
  public let backend: any StateBackend
  private let writes = DispatchQueue(label: "gitstate.writes")
  private let reads = DispatchQueue(label: "gitstate.reads", attributes: .concurrent)
  private let waiting = Mutex(Waiting())

  private struct Waiting {
    var operations: [(Operation, CheckedContinuation<Result<WriteResult, StateError>, Never>)] = []
    var isDraining = false
  }

  /// Manages a backend's state.
  public init(backend: any StateBackend) {
    self.backend = backend
  }

  /// The state of a git repository.
  ///
  /// - Parameter options: Which repository, branch and folder.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository.
  public convenience init(git options: GitBackendOptions) async throws(StateError) {
    self.init(
      backend: try await Self.onQueue(.global()) { () throws(StateError) in
        try GitBackend(options)
      })
  }

  /// A word for the kind of backend.
  public var backendType: String { backend.type }

  // MARK: Reading

  /// The record of a contract.
  ///
  /// - Returns: nil only where it is proven that there is none.
  /// - Throws: `BACKEND_UNAVAILABLE` or `SERIALIZATION_FAILED` where that cannot be told.
  public func contract(_ key: ContractKey) async throws(StateError) -> Contract? {
    try await read { backend throws(StateError) in try backend.contract(key) }
  }

  /// Whether there is a contract.
  ///
  /// - Throws: As ``contract(_:)``: what cannot be read is never "absent".
  public func has(_ key: ContractKey) async throws(StateError) -> Bool {
    try await contract(key) != nil
  }

  /// All contracts of a chain, or of all chains, by chain ID and name.
  public func contracts(on chainID: ChainID? = nil) async throws(StateError) -> [Contract] {
    try await query(ContractQuery(chainID: chainID))
  }

  /// The contracts that a query finds.
  public func query(_ query: ContractQuery) async throws(StateError) -> [Contract] {
    try await read { backend throws(StateError) in try backend.contracts(matching: query) }
  }

  /// An export document of all contracts, or of some chains'.
  ///
  /// - Parameter chains: The chains; empty is all.
  /// - Returns: The document, ready to be printed.
  /// - Throws: As ``contract(_:)``.
  public func export(chains: [ChainID] = []) async throws(StateError) -> JSONObject {
    var contracts: [Contract] = []
    if chains.isEmpty {
      contracts = try await self.contracts()
    } else {
      for chainID in Set(chains).sorted() { contracts += try await self.contracts(on: chainID) }
    }
    return ContractDocument.export(contracts, exportTime: SystemClock.milliseconds)
  }

  /// Looks at everything that is there for faults.
  public func verify() async throws(StateError) -> VerificationReport {
    try await read { backend throws(StateError) in try backend.verify() }
  }

  // MARK: Writing

  /// Sets a contract's whole record.
  ///
  /// - Throws: `VALIDATION_FAILED` naming field and value; nothing was written then.
  @discardableResult
  public func put(_ contract: Contract, reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.put, [.put(contract)], reason: reason))
  }

  /// Sets several records as one: all of them, or none.
  @discardableResult
  public func put(_ contracts: [Contract], reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.transaction, contracts.map { .put($0) }, reason: reason))
  }

  /// Changes some fields of a contract's record.
  @discardableResult
  public func update(_ update: ContractUpdate, reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.put, [.update(update)], reason: reason))
  }

  /// Removes a contract's record; where there is none, nothing happens.
  @discardableResult
  public func delete(_ key: ContractKey, reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.delete, [.delete(key)], reason: reason))
  }

  /// Imports the records of an export document, odd ones as they are.
  ///
  /// - Parameters:
  ///   - document: The document.
  ///   - overwrites: Whether its records take the place of others that are there.
  /// - Returns: What became of the records.
  /// - Throws: `VALIDATION_FAILED` where the document holds what is no record.
  @discardableResult
  public func importDocument(_ document: JSONObject, overwrites: Bool = false)
    async throws(StateError) -> ImportReport
  {
    let contracts = try ContractDocument.contracts(in: .object(document))
    let operation = Operation(
      .importing, contracts.map { .importRecord($0, overwrite: overwrites) })
    let result = try await write(operation)
    var report = ImportReport()
    report.read = contracts.count
    report.add(result.outcomes, of: contracts)
    report.changes = result.changes
    report.warnings = result.warnings
    return report
  }

  /// Does an operation: all of it, or nothing.
  ///
  /// - Returns: The answer, once the write is durable.
  public func write(_ operation: Operation) async throws(StateError) -> WriteResult {
    let result = await withCheckedContinuation { continuation in
      let starts = waiting.withLock { waiting in
        waiting.operations.append((operation, continuation))
        defer { waiting.isDraining = true }
        return !waiting.isDraining
      }
      if starts { writes.async { self.drain() } }
    }
    return try result.get()
  }

  /// Does what waits, as long as anything does.
  private func drain() {
    while true {
      let batch = waiting.withLock { waiting in
        defer { waiting.operations = [] }
        waiting.isDraining = !waiting.operations.isEmpty
        return waiting.operations
      }
      if batch.isEmpty { return }
      let results = backend.apply(batch.map(\.0))
      for ((_, continuation), result) in zip(batch, results) {
        continuation.resume(returning: result)
      }
    }
  }

  /// Closes the backend once all that was asked is done.
  public func close() async {
    await withCheckedContinuation { continuation in
      writes.async(flags: .barrier) { continuation.resume() }
    }
    backend.close()
  }

  /// Does something with the backend that may block.
  func read<Result: Sendable>(
    _ body: @escaping @Sendable (any StateBackend) throws(StateError) -> Result
  ) async throws(StateError) -> Result {
    let backend = backend
    return try await Self.onQueue(reads) { () throws(StateError) in try body(backend) }
  }

  private static func onQueue<Value: Sendable>(
    _ queue: DispatchQueue, _ body: @escaping @Sendable () throws(StateError) -> Value
  ) async throws(StateError) -> Value {
    let result = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: Result(catching: body)) }
    }
    return try result.get()
  }
}

extension StateManager {
  /// Does something that git alone can: look at history, undo, push.
  ///
  /// - Parameter body: Gets the backend; it may block.
  /// - Returns: What the body returns.
  /// - Throws: `INVALID_ARGUMENT` where another backend keeps the state.
  public func withGit<Result: Sendable>(
    _ body: @escaping @Sendable (GitBackend) throws(StateError) -> Result
  ) async throws(StateError) -> Result {
    try await read { backend throws(StateError) in
      guard let git = backend as? GitBackend else {
        throw StateError(
          .invalidArgument, "the \(backend.type) backend has no history; the git backend has")
      }
      return try body(git)
    }
  }
}
