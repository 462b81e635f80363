import Synchronization

/// Leaves a side alone for a while after it has failed several times in a row.
///
/// Closed, the side is used. After ``Options/failures`` failures in a row the breaker opens: the side is
/// not asked for ``Options/pause``. Then it is half-open: one operation tries, and its outcome closes
/// the breaker or opens it again.
final class CircuitBreaker: Sendable {
  /// Whether a side is used.
  enum State: String, Sendable {
    case closed, open
    case halfOpen = "half-open"
  }

  private struct Record {
    var failures = 0
    var opened: ContinuousClock.Instant?
    var isTrying = false
    var reason: StateError?
  }

  private let failures: Int
  private let pause: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let record = Mutex(Record())

  init(
    failures: Int, pause: Duration,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.failures = max(1, failures)
    self.pause = pause
    self.now = now
  }

  /// Whether the side is used now.
  var state: State {
    record.withLock { record in
      guard let opened = record.opened else { return .closed }
      return now() - opened < pause ? .open : .halfOpen
    }
  }

  /// Asks to use the side.
  ///
  /// - Throws: The last failure, while the side is left alone.
  func enter() throws(StateError) {
    try record.withLock { record throws(StateError) in
      guard let opened = record.opened, let reason = record.reason else { return }
      if now() - opened >= pause, !record.isTrying {
        record.isTrying = true
        return
      }
      var error = reason
      error.message =
        "left alone for a while after \(failures) failures in a row, the last being: "
        + reason.message
      throw error
    }
  }

  /// Notes that the side has answered.
  func succeed() { record.withLock { $0 = Record() } }

  /// Notes that the side has failed.
  func fail(_ error: StateError) {
    record.withLock { record in
      record.failures += 1
      record.reason = error
      record.isTrying = false
      if record.failures >= failures { record.opened = now() }
    }
  }
}
