import Dispatch
import GitState
import Synchronization

/// State in memory whose reads and writes a test holds up and lets go.
final class GatedBackend: StateBackend {
  let memory = InMemoryBackend()
  /// What was called, in order.
  let calls = Mutex<[String]>([])
  private let isHeld: Mutex<Bool>
  private let gate = DispatchSemaphore(value: 0)
  private let began = Event()

  init(isHeld: Bool = false) { self.isHeld = Mutex(isHeld) }

  var type: String { "gated" }

  /// Waits until something is held up.
  func waitForCall() async { await began.wait() }

  /// Holds up nothing that is called from now on.
  func letReadsPass() { isHeld.withLock { $0 = false } }

  /// Lets everything go, now and from now on.
  func release() {
    isHeld.withLock { $0 = false }
    for _ in 0..<100 { gate.signal() }
  }

  private func pass(_ call: String) {
    calls.withLock { $0.append(call) }
    guard isHeld.withLock({ $0 }) else { return }
    began.happen()
    gate.wait()
  }

  func open() { calls.withLock { $0.append("open") } }

  func contract(_ key: ContractKey) -> Contract? {
    pass("read \(key)")
    return memory.contract(key)
  }

  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    pass("query")
    return try memory.contracts(matching: query)
  }

  func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    for operation in operations { pass("write \(operation.mutations[0].key)") }
    return memory.apply(operations)
  }

  func verify() -> VerificationReport { memory.verify() }

  func close() { calls.withLock { $0.append("close") } }
}

/// Something that a test waits for, once.
final class Event: Sendable {
  private struct State {
    var hasHappened = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func happen() {
    let waiting = state.withLock { state in
      state.hasHappened = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let hasHappened = state.withLock { state in
        if !state.hasHappened { state.waiting.append(continuation) }
        return state.hasHappened
      }
      if hasHappened { continuation.resume() }
    }
  }
}
