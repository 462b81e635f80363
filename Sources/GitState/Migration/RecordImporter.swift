/// Takes records from another store into a backend.
///
/// Odd records are taken as they are, since losing one is worse, and reported.
public struct RecordImporter: Sendable {
  /// How an import goes about it.
  public struct Options: Sendable {
    /// Whether records of the source take the place of others that are there.
    public var overwrites = false
    /// Whether each record written is a commit of its own, dated when the contract was deployed.
    public var keepsHistory = false
    /// Whether the rest is imported where some pairs are no records.
    public var skipsInvalid = false
    /// Whether nothing is written.
    public var isDryRun = false
    /// Why, in the caller's words.
    public var reason: String?

    /// Options that add what is missing, in one commit.
    public init() {}
  }

  /// How far an import is.
  public struct Progress: Sendable {
    /// Records written or looked at so far.
    public let done: Int
    /// All records.
    public let total: Int
  }

  private let backend: any StateBackend
  private let options: Options

  /// How many commits are made in one go where each record is one.
  private static let batchSize = 200

  /// Makes an importer into a backend.
  public init(into backend: any StateBackend, options: Options = Options()) {
    self.backend = backend
    self.options = options
  }

  /// Imports what a LevelDB folder has.
  ///
  /// - Parameters:
  ///   - records: The folder's pairs.
  ///   - source: The folder, as the commit is to name it.
  ///   - progress: Told how far the import is.
  /// - Returns: What became of the records.
  /// - Throws: `SERIALIZATION_FAILED` where pairs are no records and are not to be skipped, with all
  ///   ``StateError/invalidRecords``; then nothing was written.
  public func run(
    _ records: LevelDBRecords, source: String, progress: (Progress) -> Void = { _ in }
  ) throws(StateError) -> ImportReport {
    guard records.invalid.isEmpty || options.skipsInvalid else {
      throw Self.refusal(records.invalid)
    }
    var report = ImportReport()
    report.read = records.count
    report.invalid = records.invalid
    report.warnings = records.notes
    try run(records.contracts, source: source, &report, progress)
    return report
  }

  /// Imports the records of a document.
  ///
  /// - Parameters:
  ///   - contracts: The records.
  ///   - source: The document, as the commit is to name it.
  /// - Returns: What became of the records.
  /// - Throws: What the backend's write throws; then nothing was written.
  public func run(_ contracts: [Contract], source: String) throws(StateError) -> ImportReport {
    var report = ImportReport()
    report.read = contracts.count
    try run(contracts, source: source, &report, { _ in })
    return report
  }

  private func run(
    _ contracts: [Contract], source: String, _ report: inout ImportReport,
    _ progress: (Progress) -> Void
  ) throws(StateError) {
    report.odd = contracts.compactMap { contract in
      let oddities = contract.oddities
      return oddities.isEmpty
        ? nil
        : ImportReport.OddRecord(
          key: contract.key, problems: oddities.map { "\($0.field) \($0.problem)" })
    }
    let sorted =
      options.keepsHistory
      ? contracts.sorted { ($0.timestamp, $0.key) < ($1.timestamp, $1.key) }
      : contracts.sorted { $0.key < $1.key }
    let operations = operations(sorted, source: source)
    let size = options.keepsHistory ? Self.batchSize : max(1, operations.count)
    var (position, done) = (0, 0)
    while position < operations.count {
      progress(Progress(done: done, total: contracts.count))
      let batch = Array(operations[position..<min(position + size, operations.count)])
      let results = options.isDryRun ? backend.preview(batch) : backend.apply(batch)
      for (operation, result) in zip(batch, results) {
        try report.add(try result.get(), operation)
      }
      position += batch.count
      done += batch.reduce(0) { $0 + $1.mutations.count }
    }
    progress(Progress(done: done, total: contracts.count))
  }

  private func operations(_ contracts: [Contract], source: String) -> [Operation] {
    let trailers = [(key: "GitState-Source", value: source)]
    guard options.keepsHistory else {
      return [
        Operation(
          .importing,
          contracts.map { .importRecord($0, overwrite: options.overwrites) },
          reason: options.reason, trailers: trailers)
      ]
    }
    return contracts.map { contract in
      Operation(
        .importing, [.importRecord(contract, overwrite: options.overwrites)],
        reason: options.reason, trailers: trailers,
        authorTime: contract.timestamp / 1000)
    }
  }

  private static func refusal(_ invalid: [InvalidRecord]) -> StateError {
    let count = invalid.count == 1 ? "a pair is" : "\(invalid.count) pairs are"
    var error = StateError(
      .serializationFailed,
      "nothing was imported, since \(count) no record; mend the source, or leave out what is listed "
        + "here with --skip-invalid")
    error.invalidRecords = invalid
    return error
  }
}

extension ImportReport {
  fileprivate mutating func add(_ result: WriteResult, _ operation: Operation) throws(StateError) {
    add(
      result.outcomes,
      of: operation.mutations.compactMap { mutation in
        if case .importRecord(let contract, _) = mutation { contract } else { nil }
      })
    if changes.to == nil { changes.from = result.changes.from }
    if let commit = result.changes.to {
      changes.to = commit
      commits += 1
    }
    changes.changes += result.changes.changes
    warnings += result.warnings.filter { !warnings.contains($0) }
  }
}
