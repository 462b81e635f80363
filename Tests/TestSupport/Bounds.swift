import Foundation

/// How many times slower than usual the tests run: `GITSTATE_SLOWNESS`, which scripts/sanitize sets.
private let slowness = ProcessInfo.processInfo.environment["GITSTATE_SLOWNESS"].flatMap { Int($0) }

/// Whether a sanitizer watches the tests.
///
/// It has calls of its own, and where such a one is made to fail it ends
/// the process; what it reports scripts/sanitize looks for.
public let isSanitized = slowness != nil

/// The environment of a program whose calls are made to fail.
///
/// Where the thread sanitizer's own are met, it ends with a report of its own trouble, which must not count as
/// one of ours. Races it still tells on standard error.
public let reportingTroubleItself = ["TSAN_OPTIONS": ""]

/// A bound on how long something may take, longer where a sanitizer slows it down.
///
/// - Parameter time: The bound for an ordinary build.
/// - Returns: The bound for this run.
public func bound(_ time: Duration) -> Duration {
  time * (slowness ?? 1)
}
