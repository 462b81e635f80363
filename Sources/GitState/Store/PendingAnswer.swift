import Dispatch
import Synchronization

/// Where callers' time is up: serial, and so not held up where Dispatch's shared threads all block.
private let timers = DispatchQueue(label: "gitstate.timers")

/// An answer that a caller waits for, but not longer than asked, and not once its task is cancelled.
final class PendingAnswer<Value: Sendable>: Sendable {
  private enum Stage {
    /// Nobody has begun the work: it can still be withdrawn.
    case waiting
    case begun
    case answered(Result<Value, StateError>)
  }

  private struct State {
    var stage = Stage.waiting
    var caller: CheckedContinuation<Result<Value, StateError>, Never>?
  }

  private let state = Mutex(State())

  /// Takes up the work.
  ///
  /// - Returns: Whether it is still wanted.
  func begin() -> Bool {
    state.withLock { state in
      guard case .waiting = state.stage else { return false }
      state.stage = .begun
      return true
    }
  }

  /// Answers, unless that has happened.
  func answer(_ result: Result<Value, StateError>) {
    settle { _ in result }
  }

  /// Waits for the answer.
  ///
  /// - Parameters:
  ///   - deadline: When to stop waiting; nil is never.
  ///   - expiry: The failure once the deadline is over, told whether the work had begun.
  ///   - cancellation: The failure once the task is cancelled.
  /// - Returns: The answer.
  /// - Throws: The failure that is the answer, or one of the two above.
  func value(
    until deadline: ContinuousClock.Instant?,
    expiry: @escaping @Sendable (_ isBegun: Bool) -> StateError,
    cancellation: @escaping @Sendable (_ isBegun: Bool) -> StateError
  ) async throws(StateError) -> Value {
    if let deadline {
      let left = (deadline - ContinuousClock.now).microseconds
      // Whoever gives a century means for ever; Dispatch's times end before ours.
      if left < 3_155_760_000_000_000 {
        timers.asyncAfter(deadline: .now() + .microseconds(Int(left))) {
          [weak self] in self?.settle { .failure(expiry($0)) }
        }
      }
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { caller in
        let known: Result<Value, StateError>? = state.withLock { state in
          if case .answered(let result) = state.stage { return result }
          state.caller = caller
          return nil
        }
        if let known { caller.resume(returning: known) }
      }
    } onCancel: {
      settle { .failure(cancellation($0)) }
    }
    return try result.get()
  }

  private func settle(_ result: (_ isBegun: Bool) -> Result<Value, StateError>) {
    var caller: CheckedContinuation<Result<Value, StateError>, Never>?
    var answer: Result<Value, StateError>?
    state.withLock { state in
      let isBegun: Bool
      switch state.stage {
      case .waiting: isBegun = false
      case .begun: isBegun = true
      case .answered: return
      }
      let settled = result(isBegun)
      state.stage = .answered(settled)
      (caller, state.caller, answer) = (state.caller, nil, settled)
    }
    if let caller, let answer { caller.resume(returning: answer) }
  }
}
