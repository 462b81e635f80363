import Synchronization

/// Counts the calls that are under way, and lets none in once it is shut.
final class Occupancy: Sendable {
  private struct State {
    var isShut = false
    var count = 0
  }

  private let state = Mutex(State())
  private let empty = Signal()

  /// Whether no more calls are let in.
  var isShut: Bool { state.withLock { $0.isShut } }

  /// Lets a call in; ``leave()`` has to follow.
  ///
  /// - Returns: Whether it was let in.
  func enter() -> Bool {
    state.withLock { state in
      if !state.isShut { state.count += 1 }
      return !state.isShut
    }
  }

  /// Takes leave of a call that was let in.
  func leave() {
    let isEmpty = state.withLock { state in
      state.count -= 1
      return state.isShut && state.count == 0
    }
    if isEmpty { empty.send() }
  }

  /// Lets nobody in from now on, and waits until all have left.
  ///
  /// - Returns: Whether this was the first to shut.
  func shut() async -> Bool {
    let (isFirst, isEmpty) = state.withLock { state in
      defer { state.isShut = true }
      return (!state.isShut, state.count == 0)
    }
    if isEmpty { empty.send() }
    await empty.wait()
    return isFirst
  }
}
