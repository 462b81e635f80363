import Synchronization

/// An operation of a ``StateManager``, as its events name it.
public struct StateOperation: Hashable, Sendable {
  /// The operation's number, from 1, in the order in which they were asked for.
  public let id: UInt64
  /// What is done: `read`, `query`, `verify`, or the kind of a write.
  public let name: String
  /// The contracts concerned; none for a query.
  public let keys: [ContractKey]
  /// What keeps the state.
  public let backendType: String
}

/// How an operation ended.
public struct StateOutcome: Sendable {
  /// How long it took from the call to the answer.
  public let duration: Duration
  /// What went wrong; nil where nothing did.
  public let error: StateError?
  /// What a write changed.
  public let changes: ChangeSet?
}

/// Something that happened in a ``StateManager``.
public enum StateEvent: Sendable {
  /// An operation was asked for.
  case began(StateOperation)
  /// An operation was answered.
  case ended(StateOperation, StateOutcome)
  /// The listener was slow: so many events, older than those that come next, are gone.
  case missed(Int)
}

/// The events of a ``StateManager`` from now on, until it is closed.
public struct StateEvents: AsyncSequence, Sendable {
  fileprivate let stream: AsyncStream<StateEvent>
  fileprivate let missed: MissedEvents

  /// Takes events one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate var base: AsyncStream<StateEvent>.AsyncIterator
    fileprivate let missed: MissedEvents
    fileprivate var next: StateEvent?

    /// The next event; nil once the manager is closed.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> StateEvent? {
      if let event = next {
        next = nil
        return event
      }
      let event = await base.next(isolation: actor)
      let count = missed.take()
      guard count > 0 else { return event }
      next = event
      return .missed(count)
    }
  }

  /// Begins with the events that wait.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(base: stream.makeAsyncIterator(), missed: missed)
  }
}

/// How many events a listener has missed since it was last told.
private final class MissedEvents: Sendable {
  private let count = Mutex(0)

  func add() { count.withLock { $0 += 1 } }

  func take() -> Int {
    count.withLock { count in
      defer { count = 0 }
      return count
    }
  }
}

/// Hands events to whoever listens, and waits for none of them.
final class EventHub: Sendable {
  private struct Listener {
    let continuation: AsyncStream<StateEvent>.Continuation
    let missed: MissedEvents
  }

  private struct State {
    var listeners: [Int: Listener] = [:]
    var next = 0
    var isClosed = false
  }

  private let bufferSize: Int
  private let state = Mutex(State())

  init(bufferSize: Int) { self.bufferSize = max(1, bufferSize) }

  /// The events from now on.
  func events() -> StateEvents {
    let (stream, continuation) = AsyncStream.makeStream(
      of: StateEvent.self, bufferingPolicy: .bufferingNewest(bufferSize))
    let missed = MissedEvents()
    let number: Int? = state.withLock { state in
      guard !state.isClosed else { return nil }
      state.next += 1
      state.listeners[state.next] = Listener(continuation: continuation, missed: missed)
      return state.next
    }
    if let number {
      continuation.onTermination = { [weak self] _ in
        _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
      }
    } else {
      continuation.finish()
    }
    return StateEvents(stream: stream, missed: missed)
  }

  /// Hands an event to everybody.
  func send(_ event: @autoclosure () -> StateEvent) {
    let listeners = state.withLock { Array($0.listeners.values) }
    guard !listeners.isEmpty else { return }
    let event = event()
    for listener in listeners {
      if case .dropped = listener.continuation.yield(event) { listener.missed.add() }
    }
  }

  /// Ends all listeners' sequences, after what they have not taken yet.
  func close() {
    let listeners = state.withLock { state in
      state.isClosed = true
      defer { state.listeners = [:] }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.continuation.finish() }
  }
}
