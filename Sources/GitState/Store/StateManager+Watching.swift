import Logging

extension StateManager {
  /// Counts, tells and logs an operation that is answered.
  func finish(
    _ operation: StateOperation, _ sort: OperationRecorder.Sort,
    since start: ContinuousClock.Instant, changes: ChangeSet? = nil, error: StateError? = nil
  ) {
    let outcome = StateOutcome(
      duration: ContinuousClock.now - start, error: error, changes: changes)
    recorder.record(operation, sort, outcome, cache: backend.cacheStatistics)
    hub.send(.ended(operation, outcome))
    log(operation.name, operation.keys, outcome.duration, error)
    calls.leave()
  }

  private static func shown(_ keys: [ContractKey]) -> String {
    let shown = keys.prefix(10).map(\.description.escapingUnprintable).joined(separator: " ")
    return keys.count > 10 ? "\(shown) and \(keys.count - 10) more" : shown
  }

  /// What was done since the manager was made: counts, times, errors, the cache.
  public func metrics() -> StateMetrics { recorder.metrics(of: backend) }

  /// Looks whether the state can be read as a whole.
  ///
  /// It never fails: what keeps it from looking is a problem in the report.
  public func health() async -> HealthReport {
    let start = ContinuousClock.now
    var problems: [String]
    do throws(StateError) {
      let backend = backend
      try enter()
      defer { calls.leave() }
      problems = try await onReads(until: deadline(nil)) { backend.health().problems }
    } catch {
      problems = [error.message]
    }
    let time = ContinuousClock.now - start
    return HealthReport(
      backendType: backend.type, problems: problems, latency: Double(time.microseconds) / 1000)
  }

  /// Whether the state can be read as a whole.
  public func isHealthy() async -> Bool { await health().isHealthy }

  /// Does something that git alone can: look at history, undo, push.
  ///
  /// Middleware, events and metrics do not see it.
  ///
  /// - Parameters:
  ///   - name: What the log calls it; nil is not logged.
  ///   - keys: The contracts concerned.
  ///   - changesState: Whether contracts may be other ones afterwards: a migration that is under way does
  ///     what pends first, and takes to LevelDB at once what was changed.
  ///   - body: Gets the backend; it may block.
  /// - Returns: What the body returns.
  /// - Throws: `INVALID_ARGUMENT` where another backend keeps the state.
  public func withGit<Result: Sendable>(
    named name: String? = nil, keys: [ContractKey] = [], changesState: Bool = false,
    _ body: @escaping @Sendable (GitBackend) throws(StateError) -> Result
  ) async throws(StateError) -> Result {
    try await withBackend(named: name, keys: keys) { backend throws(StateError) in
      guard let git = backend.git else {
        throw StateError(
          .invalidArgument, "the \(backend.type) backend has no history; the git backend has")
      }
      if changesState, let migration = backend as? MigrationBackend {
        return try migration.following(body)
      }
      return try body(git)
    }
  }

  /// Does something with the backend itself, as an import does.
  ///
  /// Middleware, events and metrics do not see it.
  ///
  /// - Parameters:
  ///   - name: What the log calls it; nil is not logged.
  ///   - keys: The contracts concerned.
  ///   - body: Gets the backend; it may block.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws; `BACKEND_UNAVAILABLE` where the manager is closed.
  public func withBackend<Result: Sendable>(
    named name: String? = nil, keys: [ContractKey] = [],
    _ body: @escaping @Sendable (any StateBackend) throws(StateError) -> Result
  ) async throws(StateError) -> Result {
    let (backend, start) = (backend, ContinuousClock.now)
    try enter()
    defer { calls.leave() }
    do throws(StateError) {
      let result = try await onReads(until: nil) { () throws(StateError) in try body(backend) }
      if let name { log(name, keys, ContinuousClock.now - start, nil) }
      return result
    } catch {
      if let name { log(name, keys, ContinuousClock.now - start, error) }
      throw error
    }
  }

  /// Logs an operation with what may be told of it: no value of a record, and no text of an error, which
  /// may quote one.
  private func log(
    _ name: String, _ keys: [ContractKey], _ duration: Duration, _ error: StateError?
  ) {
    options.logger.debug(
      "\(name)",
      metadata: [
        "key": "\(Self.shown(keys))", "backend": "\(backend.type)",
        "ms": "\(Double(duration.microseconds) / 1000)",
        "outcome": "\(error?.code.rawValue ?? "ok")",
      ])
  }
}
