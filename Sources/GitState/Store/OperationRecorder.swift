import CoreMetrics
import Histogram
import Synchronization

/// Counts and times operations, for ``StateManager/metrics()`` and for swift-metrics.
final class OperationRecorder: Sendable {
  /// What an operation counts as.
  enum Sort { case read, write, query }

  private struct Tally {
    /// Microseconds, up to an hour; what takes longer counts as an hour.
    var times = Histogram<UInt64>(
      highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    var errors = 0

    static let longest: UInt64 = 3_600_000_000

    mutating func add(_ time: UInt64, isError: Bool) {
      times.record(min(max(1, time), Self.longest))
      if isError { errors += 1 }
    }

    var operations: StateMetrics.Operations {
      guard times.totalCount > 0 else { return StateMetrics.Operations() }
      return StateMetrics.Operations(
        count: Int(times.totalCount), errors: errors, mean: times.mean / 1000,
        p50: Double(times.valueAtPercentile(50)) / 1000,
        p99: Double(times.valueAtPercentile(99)) / 1000)
    }
  }

  private struct State {
    // Made when first needed: a histogram takes some memory, and most programs only read.
    var tallies: [Sort: Tally] = [:]
  }

  private let factory: (any MetricsFactory)?
  private let state = Mutex(State())

  init(factory: (any MetricsFactory)?) { self.factory = factory }

  /// Counts an operation that was answered.
  ///
  /// Labels of swift-metrics: the counter `gitstate.operations` and the timer `gitstate.duration`, both
  /// with the dimensions `backend`, `operation` and `outcome` (`ok` or an error's code); and, with the
  /// dimension `backend`, the gauge `gitstate.cache.hitRate`, once the cache was asked for anything.
  func record(
    _ operation: StateOperation, _ sort: Sort, _ outcome: StateOutcome, cache: CacheStatistics?
  ) {
    let time = outcome.duration.microseconds
    state.withLock { state in
      state.tallies[sort, default: Tally()].add(time, isError: outcome.error != nil)
    }
    let dimensions = [
      ("backend", operation.backendType), ("operation", operation.name),
      ("outcome", outcome.error?.code.rawValue ?? "ok"),
    ]
    let factory = factory ?? MetricsSystem.factory
    Counter(label: "gitstate.operations", dimensions: dimensions, factory: factory).increment()
    Timer(label: "gitstate.duration", dimensions: dimensions, factory: factory)
      .recordNanoseconds(Int64(clamping: time) * 1000)
    if let hitRate = cache?.hitRate {
      Gauge(
        label: "gitstate.cache.hitRate", dimensions: [("backend", operation.backendType)],
        factory: factory
      ).record(hitRate)
    }
  }

  /// What was counted so far.
  func metrics(of backend: any StateBackend) -> StateMetrics {
    var metrics = StateMetrics(backendType: backend.type, cache: backend.cacheStatistics)
    state.withLock { state in
      metrics.reads = state.tallies[.read]?.operations ?? metrics.reads
      metrics.writes = state.tallies[.write]?.operations ?? metrics.writes
      metrics.queries = state.tallies[.query]?.operations ?? metrics.queries
    }
    return metrics
  }
}

extension Duration {
  /// Whole microseconds; a negative duration is none, and one of more than 290,000 years is that.
  var microseconds: UInt64 {
    let (seconds, attoseconds) = components
    let (whole, isOver) = UInt64(max(0, seconds)).multipliedReportingOverflow(by: 1_000_000)
    let (sum, isOverAll) = whole.addingReportingOverflow(
      UInt64(max(0, attoseconds)) / 1_000_000_000_000)
    return isOver || isOverAll || sum > UInt64(Int64.max) ? UInt64(Int64.max) : sum
  }
}
