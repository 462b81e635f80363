internal import Dispatch
internal import Glibc
internal import Synchronization

/// What a transfer tells of itself, so that one that has stalled can be given up.
public final class TransferWatch: Sendable {
  private struct State {
    var lastSign = ContinuousClock.now
    var pauses = 0
    var isAbandoned = false
  }

  private let silence: Duration
  private let state = Mutex(State())

  init(silence: Duration) { self.silence = silence }

  /// Notes that the server has sent or taken something.
  ///
  /// - Returns: Whether anybody still waits for the transfer.
  @discardableResult
  func sign() -> Bool {
    state.withLock { state in
      state.lastSign = .now
      return !state.isAbandoned
    }
  }

  /// Whether anybody still waits for the transfer.
  var goesOn: Bool { state.withLock { !$0.isAbandoned } }

  /// Runs what does not count as the server's silence: a question to the user.
  func pausing<Result>(_ body: () throws -> Result) rethrows -> Result {
    state.withLock { $0.pauses += 1 }
    defer {
      state.withLock { state in
        state.pauses -= 1
        state.lastSign = .now
      }
    }
    return try body()
  }

  /// How long the server may still be silent.
  var patience: Duration {
    state.withLock { state in
      state.pauses > 0 ? silence : state.lastSign + silence - ContinuousClock.now
    }
  }

  func abandon() { state.withLock { $0.isAbandoned = true } }
}

/// Runs network work on a thread that can be left behind.
///
/// libgit2 1.5 waits for a silent server for ever, and nothing ends its calls. So each transfer has a
/// thread of its own; its caller waits for as long as the server says anything, and then goes on
/// without it. The thread ends with the connection, or with the process. It must touch nothing that
/// others use: it reads the repository through a handle of its own and writes only into a
/// ``Quarantine``.
enum NetworkThread {
  private final class Box<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
  }

  /// Runs a body and waits for it.
  ///
  /// - Parameters:
  ///   - silence: How long the server may be silent.
  ///   - total: How long it may take in all.
  ///   - body: Tells the watch of each sign of life.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws; ``GitError/Code/timedOut``.
  static func run<Value: Sendable>(
    silence: Duration, total: Duration, _ body: @escaping @Sendable (TransferWatch) throws -> Value
  ) throws -> Value {
    let watch = TransferWatch(silence: silence)
    let box = Box<Value>()
    let isDone = DispatchSemaphore(value: 0)
    let deadline = ContinuousClock.now + total
    try DetachedThread.start {
      let result = Result { try body(watch) }
      box.result.withLock { $0 = result }
      isDone.signal()
    }
    while true {
      let left = min(watch.patience, deadline - ContinuousClock.now)
      guard left > .zero else { break }
      // Looking a little later than asked for costs nothing.
      let nanoseconds = Int(left / .nanoseconds(1)) + 1_000_000
      guard isDone.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .timedOut else {
        guard let result = box.result.withLock({ $0 }) else { break }
        return try result.get()
      }
    }
    watch.abandon()
    throw GitError(
      .timedOut,
      "the other side did not answer for \(Self.seconds(silence)) seconds", category: .network)
  }

  private static func seconds(_ duration: Duration) -> String {
    let tenths = (duration / .milliseconds(100)).rounded() / 10
    return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
  }
}
