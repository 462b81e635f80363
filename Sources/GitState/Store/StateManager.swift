import Dispatch
import Glibc
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
  /// How many callers there were a moment ago: those of the last batch, and those who waited meanwhile.
  private let lastCount = Atomic(0)
  let calls = Occupancy()
  private let closed = Signal()
  private let lastID = Mutex<UInt64>(0)
  // Held while the backend opens, which may take long: taken on threads that may block alone.
  private let isOpen = Mutex(false)

  private struct Waiting {
    var operations: [(operation: Operation, answer: PendingAnswer<WriteResult>)] = []
    var isDraining = false
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

  /// The state of a git repository; while a migration is under way on that clone, of both its sides.
  ///
  /// - Parameters:
  ///   - git: Which repository, branch and folder.
  ///   - options: How to go about it.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository.
  public convenience init(
    git: GitBackendOptions, options: StateManagerOptions = StateManagerOptions()
  ) async throws(StateError) {
    let backend = try await onOwnThread { () throws(StateError) in try MigrationBackend(git) }
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
    try enter()
    defer { calls.leave() }
    try await onReads(until: deadline(nil)) { () throws(StateError) in }
  }

  /// Closes the backend once all that was asked is answered and done; operations after that fail.
  ///
  /// Doing it again changes nothing.
  public func close() async {
    let isFirst = await calls.shut()
    guard isFirst else { return await closed.wait() }
    // What nobody waits for any more may still be under way.
    await reads.finish()
    await withCheckedContinuation { continuation in
      writes.async { [backend] in
        backend.close()
        continuation.resume()
      }
    }
    hub.close()
    closed.send()
  }

  private func open() throws(StateError) {
    try isOpen.withLock { isOpen throws(StateError) in
      guard !isOpen else { return }
      try backend.open()
      isOpen = true
    }
  }

  /// Begins a call, which `calls.leave()` has to end.
  func enter() throws(StateError) {
    guard !calls.enter() else { return }
    throw StateError(.backendUnavailable, "the state manager is closed; make another one")
  }

  /// Begins an operation, which ``finish(_:_:since:changes:error:)`` has to end.
  func begin(_ name: String, _ keys: [ContractKey]) throws(StateError) -> StateOperation {
    try enter()
    let id = lastID.withLock { id in
      id += 1
      return id
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
    read(body, for: pending)
    return try await answer(of: pending, until: deadline)
  }

  /// Has a body run on the reads' threads, unless nobody waits for its answer any more.
  func read<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StateError) -> Value, for pending: PendingAnswer<Value>
  ) {
    reads.async { [self] in
      guard pending.begin() else { return }
      pending.answer(
        Result { () throws(StateError) in
          try open()
          return try body()
        })
    }
  }

  /// Waits for the answer of a read.
  func answer<Value: Sendable>(
    of pending: PendingAnswer<Value>, until deadline: ContinuousClock.Instant?
  ) async throws(StateError) -> Value {
    try await pending.value(
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
      order.giveUp(place)
      throw error
    }
    let answer = PendingAnswer<WriteResult>()
    var work: Task<Void, Never>?
    if options.middleware.isEmpty, place.isFirst {
      enqueue(operation, answer)
      order.leave(place)
    } else {
      // In a task of its own, since the caller may stop waiting before middleware does.
      work = Task { await prepare(operation, keys: Set(keys), at: place, answer) }
    }
    do throws(StateError) {
      let result = try await answer.value(
        until: deadline,
        expiry: Self.writeFailure(.operationTimeout, "no answer in the time given"),
        cancellation: Self.writeFailure(
          .operationCancelled, "the task that asked was cancelled"))
      finish(asked, .write, since: start, changes: result.changes)
      return result
    } catch {
      work?.cancel()
      order.giveUp(place)
      finish(asked, .write, since: start, error: error)
      throw error
    }
  }

  /// Takes an operation through the middleware, and to the queue when its turn has come.
  private func prepare(
    _ operation: Operation, keys: Set<ContractKey>, at place: WriteOrder.Place,
    _ answer: PendingAnswer<WriteResult>
  ) async {
    do throws(StateError) {
      let operation = try await transformed(operation, keys: keys)
      await place.reached()
      enqueue(operation, answer)
      order.leave(place)
    } catch {
      answer.answer(.failure(error))
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

  private func enqueue(_ operation: Operation, _ answer: PendingAnswer<WriteResult>) {
    let starts = waiting.withLock { waiting in
      waiting.operations.append((operation, answer))
      defer { waiting.isDraining = true }
      return !waiting.isDraining
    }
    if starts { writes.async { self.drain() } }
  }

  /// Lets callers who ask at the same moment come into one batch, which is on disk as soon as one write.
  ///
  /// Only where there were several a moment ago: who is alone does not wait.
  private func gather() {
    let last = lastCount.load(ordering: .relaxed)
    guard last > 1 else { return }
    var seen = waiting.withLock { $0.operations.count }
    // Once all are there again, nobody is waited for.
    for _ in 0..<10 where seen > 0 && seen < last {
      usleep(1)
      let now = waiting.withLock { $0.operations.count }
      if now == seen { return }
      seen = now
    }
  }

  /// Does what waits, as long as anything does.
  private func drain() {
    while true {
      gather()
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
        let others = waiting.withLock { $0.operations.count }
        lastCount.store(batch.count + others, ordering: .relaxed)
        for ((_, answer), result) in zip(batch, results) { answer.answer(result) }
      } catch {
        for (_, answer) in batch { answer.answer(.failure(error)) }
      }
    }
  }
}
