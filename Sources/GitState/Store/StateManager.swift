import Dispatch
import Logging
import Synchronization

/// Deployment state, whatever keeps it.
///
/// Calls do not block: a backend's work runs on queues of the manager's own. Writes to a contract are
/// done in the order in which they were asked for, and those that wait are done together. A read waits
/// for no write, but sees every write that this manager has answered.
///
/// An operation goes through ``StateManagerOptions/middleware``, is told to ``events``, counted in
/// ``metrics()`` and logged.
public final class StateManager: Sendable {
  /// What keeps the state.
  public let backend: any StateBackend
  /// How the manager goes about its work.
  public let options: StateManagerOptions
  let recorder: OperationRecorder
  let hub: EventHub
  private let order = WriteOrder()
  private let writes = DispatchQueue(label: "gitstate.writes")
  private let reads = BlockingPool(label: "gitstate.reads")
  private let waiting = Mutex(Waiting())
  private let life = Mutex(Life())

  private struct Waiting {
    var operations: [(operation: Operation, answer: PendingAnswer<WriteResult>)] = []
    var isDraining = false
  }

  private struct Life {
    var isOpen = false
    var isClosed = false
    var lastID: UInt64 = 0
  }

  /// Manages a backend's state.
  ///
  /// - Parameters:
  ///   - backend: What keeps the state; ``close()`` closes it.
  ///   - options: How to go about it.
  public init(backend: any StateBackend, options: StateManagerOptions = StateManagerOptions()) {
    self.backend = backend
    self.options = options
    recorder = OperationRecorder(factory: options.metricsFactory)
    hub = EventHub(bufferSize: options.eventBufferSize)
  }

  /// The state of a git repository.
  ///
  /// - Parameters:
  ///   - git: Which repository, branch and folder.
  ///   - options: How to go about it.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository.
  public convenience init(
    git: GitBackendOptions, options: StateManagerOptions = StateManagerOptions()
  ) async throws(StateError) {
    let backend = try await onOwnThread { () throws(StateError) in try GitBackend(git) }
    self.init(backend: backend, options: options)
  }

  /// A word for the kind of backend.
  public var backendType: String { backend.type }

  /// What happens from now on; each use is a listener of its own.
  ///
  /// A listener that is slow holds up nothing: it misses the oldest events, and is told how many.
  public var events: StateEvents { hub.events() }

  // MARK: Beginning and end

  /// Gets the backend ready; the first operation does so, too.
  ///
  /// Doing it again changes nothing.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where the state cannot be opened, or the manager is closed.
  public func initialize() async throws(StateError) {
    try checkNotClosed()
    try await onReads(until: nil) { () throws(StateError) in }
  }

  /// Closes the backend once all that was asked is done; operations after that fail.
  ///
  /// Doing it again changes nothing.
  public func close() async {
    let isFirst = life.withLock { life in
      defer { life.isClosed = true }
      return !life.isClosed
    }
    await withCheckedContinuation { continuation in
      writes.async { continuation.resume() }
    }
    await reads.finish()
    guard isFirst else { return }
    backend.close()
    hub.close()
  }

  private func open() throws(StateError) {
    try life.withLock { life throws(StateError) in
      guard !life.isOpen else { return }
      try backend.open()
      life.isOpen = true
    }
  }

  private func checkNotClosed() throws(StateError) {
    guard life.withLock({ $0.isClosed }) else { return }
    throw StateError(.backendUnavailable, "the state manager is closed; make another one")
  }

  func begin(_ name: String, _ keys: [ContractKey]) throws(StateError) -> StateOperation {
    try checkNotClosed()
    let id = life.withLock { life in
      life.lastID += 1
      return life.lastID
    }
    let operation = StateOperation(id: id, name: name, keys: keys, backendType: backend.type)
    hub.send(.began(operation))
    return operation
  }

  // MARK: Doing

  /// The point in time at which a caller stops waiting.
  func deadline(_ timeout: Duration?) -> ContinuousClock.Instant? {
    (timeout ?? options.timeout).map { ContinuousClock.now + $0 }
  }

  /// Runs a body that may block, on the reads' threads.
  func onReads<Value: Sendable>(
    until deadline: ContinuousClock.Instant?,
    _ body: @escaping @Sendable () throws(StateError) -> Value
  ) async throws(StateError) -> Value {
    let pending = PendingAnswer<Value>()
    reads.async { [self] in
      guard pending.begin() else { return }
      pending.answer(
        Result { () throws(StateError) in
          try open()
          return try body()
        })
    }
    return try await pending.value(
      until: deadline,
      expiry: { _ in
        StateError(
          .operationTimeout,
          "no answer in the time given, so nothing is known about what was asked; try again, or give "
            + "it more time")
      },
      cancellation: { _ in
        StateError(.operationCancelled, "the task that asked was cancelled before the answer")
      })
  }

  /// Does an operation: all of it, or nothing.
  ///
  /// - Parameters:
  ///   - operation: What to do.
  ///   - timeout: How long to wait for the answer; nil is what the options say.
  /// - Returns: The answer, once the write is durable.
  /// - Throws: What the middleware or the backend refuses. `OPERATION_TIMEOUT` and
  ///   `OPERATION_CANCELLED` say whether the operation was withdrawn in time, and so certainly is not
  ///   written, or is being written, so that only a read will tell.
  public func write(_ operation: Operation, timeout: Duration? = nil) async throws(StateError)
    -> WriteResult
  {
    let keys = operation.mutations.map(\.key)
    // Taken before anything is waited for: this is the order in which callers ask.
    let place = order.enter(Set(keys))
    let (deadline, start) = (deadline(timeout), ContinuousClock.now)
    let asked: StateOperation
    do throws(StateError) {
      asked = try begin(operation.kind.rawValue, keys)
    } catch {
      order.leave(place)
      throw error
    }
    do throws(StateError) {
      let answer: PendingAnswer<WriteResult>
      do throws(StateError) {
        let operation = try await transformed(operation, keys: Set(keys))
        await place.reached()
        answer = enqueue(operation)
        order.leave(place)
      } catch {
        order.leave(place)
        throw error
      }
      let result = try await answer.value(
        until: deadline,
        expiry: Self.writeFailure(.operationTimeout, "no answer in the time given"),
        cancellation: Self.writeFailure(
          .operationCancelled, "the task that asked was cancelled"))
      finish(asked, .write, since: start, changes: result.changes)
      return result
    } catch {
      finish(asked, .write, since: start, error: error)
      throw error
    }
  }

  private func transformed(_ operation: Operation, keys: Set<ContractKey>) async throws(StateError)
    -> Operation
  {
    var result = operation
    for middleware in options.middleware { result = try await middleware.write(result) }
    if let other = result.mutations.first(where: { !keys.contains($0.key) }) {
      throw StateError(
        .invalidArgument,
        "nothing was written: a middleware added \(other.key.description.escapingUnprintable), which "
          + "was not asked for; write it as an operation of its own", key: other.key)
    }
    return result
  }

  private static func writeFailure(_ code: StateError.Code, _ what: String)
    -> @Sendable (Bool) -> StateError
  {
    { isBegun in
      StateError(
        code,
        isBegun
          ? "\(what), while it is being written: whether it was is not known, so read it before you "
            + "try again"
          : "\(what), so it was withdrawn: nothing was written")
    }
  }

  private func enqueue(_ operation: Operation) -> PendingAnswer<WriteResult> {
    let answer = PendingAnswer<WriteResult>()
    let starts = waiting.withLock { waiting in
      waiting.operations.append((operation, answer))
      defer { waiting.isDraining = true }
      return !waiting.isDraining
    }
    if starts { writes.async { self.drain() } }
    return answer
  }

  /// Does what waits, as long as anything does.
  private func drain() {
    while true {
      let all = waiting.withLock { waiting in
        defer { waiting.operations = [] }
        waiting.isDraining = !waiting.operations.isEmpty
        return waiting.operations
      }
      if all.isEmpty { return }
      let batch = all.filter { $0.answer.begin() }
      guard !batch.isEmpty else { continue }
      do throws(StateError) {
        try open()
        let results = backend.apply(batch.map(\.operation))
        for ((_, answer), result) in zip(batch, results) { answer.answer(result) }
      } catch {
        for (_, answer) in batch { answer.answer(.failure(error)) }
      }
    }
  }
}

extension StateManager {
  /// Counts, tells and logs an operation that is answered.
  func finish(
    _ operation: StateOperation, _ sort: OperationRecorder.Sort,
    since start: ContinuousClock.Instant, changes: ChangeSet? = nil, error: StateError? = nil
  ) {
    let outcome = StateOutcome(
      duration: ContinuousClock.now - start, error: error, changes: changes)
    recorder.record(operation, sort, outcome)
    hub.send(.ended(operation, outcome))
    options.logger.debug(
      "\(operation.name)",
      metadata: [
        "key": "\(Self.shown(operation.keys))", "backend": "\(operation.backendType)",
        "ms": "\(Double(outcome.duration.microseconds) / 1000)",
        "outcome": "\(error?.code.rawValue ?? "ok")",
      ])
  }

  private static func shown(_ keys: [ContractKey]) -> String {
    let shown = keys.prefix(10).map(\.description.escapingUnprintable).joined(separator: " ")
    return keys.count > 10 ? "\(shown) and \(keys.count - 10) more" : shown
  }

  /// What was done since the manager was made: counts, times, errors, the cache.
  public func metrics() -> StateMetrics { recorder.metrics(of: backend) }

  /// Looks whether the state can be read as a whole.
  ///
  /// It never fails: what keeps it from looking is a problem in the report.
  public func health() async -> HealthReport {
    let start = ContinuousClock.now
    var problems: [String]
    do throws(StateError) {
      let backend = backend
      try checkNotClosed()
      problems = try await onReads(until: deadline(nil)) { backend.health().problems }
    } catch {
      problems = [error.message]
    }
    let time = ContinuousClock.now - start
    return HealthReport(
      backendType: backend.type, problems: problems, latency: Double(time.microseconds) / 1000)
  }

  /// Whether the state can be read as a whole.
  public func isHealthy() async -> Bool { await health().isHealthy }

  /// Does something that git alone can: look at history, undo, push.
  ///
  /// It is no operation of the manager's: middleware, events and metrics do not see it.
  ///
  /// - Parameter body: Gets the backend; it may block.
  /// - Returns: What the body returns.
  /// - Throws: `INVALID_ARGUMENT` where another backend keeps the state.
  public func withGit<Result: Sendable>(
    _ body: @escaping @Sendable (GitBackend) throws(StateError) -> Result
  ) async throws(StateError) -> Result {
    try await withBackend { backend throws(StateError) in
      guard let git = backend.git else {
        throw StateError(
          .invalidArgument, "the \(backend.type) backend has no history; the git backend has")
      }
      return try body(git)
    }
  }

  /// Does something with the backend itself, as an import does.
  ///
  /// It is no operation of the manager's: middleware, events and metrics do not see it.
  ///
  /// - Parameter body: Gets the backend; it may block.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws; `BACKEND_UNAVAILABLE` where the manager is closed.
  public func withBackend<Result: Sendable>(
    _ body: @escaping @Sendable (any StateBackend) throws(StateError) -> Result
  ) async throws(StateError) -> Result {
    let backend = backend
    try checkNotClosed()
    return try await onReads(until: nil) { () throws(StateError) in try body(backend) }
  }
}
