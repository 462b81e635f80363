import Dispatch
import Synchronization

/// Runs work that may block, several pieces at once, on threads of its own.
///
/// Swift's tasks share a few threads with Dispatch's global and concurrent queues, one for each
/// processor: two reads that wait for a lock there would hold up every task of the program. A serial
/// queue has a thread of its own while it works, so the pool is made of serial queues.
final class BlockingPool: Sendable {
  private struct State {
    var idle: [DispatchQueue] = []
    var made = 0
    var backlog: [@Sendable () -> Void] = []
    var whenDone: [CheckedContinuation<Void, Never>] = []

    var isDone: Bool { idle.count == made && backlog.isEmpty }
  }

  private let label: String
  private let width: Int
  private let state = Mutex(State())

  /// Makes a pool.
  ///
  /// - Parameters:
  ///   - label: The name of its queues, for debuggers.
  ///   - width: How many pieces of work it does at once; others wait their turn.
  init(label: String, width: Int = 16) {
    (self.label, self.width) = (label, width)
  }

  /// Does a piece of work as soon as a queue is free.
  func async(_ work: @escaping @Sendable () -> Void) {
    let queue: DispatchQueue? = state.withLock { state in
      if let queue = state.idle.popLast() { return queue }
      guard state.made < width else {
        state.backlog.append(work)
        return nil
      }
      state.made += 1
      return DispatchQueue(label: label)
    }
    if let queue { run(work, on: queue) }
  }

  /// Waits until all that was asked for is done.
  func finish() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if !state.isDone { state.whenDone.append(continuation) }
        return state.isDone
      }
      if isDone { continuation.resume() }
    }
  }

  private func run(_ work: @escaping @Sendable () -> Void, on queue: DispatchQueue) {
    queue.async { [self] in
      work()
      var done: [CheckedContinuation<Void, Never>] = []
      let next: (@Sendable () -> Void)? = state.withLock { state in
        guard state.backlog.isEmpty else { return state.backlog.removeFirst() }
        state.idle.append(queue)
        if state.isDone { swap(&done, &state.whenDone) }
        return nil
      }
      if let next { run(next, on: queue) }
      for continuation in done { continuation.resume() }
    }
  }
}
