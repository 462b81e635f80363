import LosslessJSON

/// What `sync` did.
public struct SyncReport: Sendable {
  /// A contract on which the sides still do not agree, and why it was left alone.
  public struct Conflict: Hashable, Sendable {
    /// The contract.
    public let key: ContractKey
    /// Why.
    public let reason: String
    /// The fields that differ; `old` is LevelDB's, `new` is git's.
    public let fields: [FieldChange]
  }

  /// Contracts that git got from LevelDB.
  public internal(set) var copied: [ContractKey] = []
  /// Contracts of which a write that pended was finished, or what git had anew was taken to LevelDB.
  public internal(set) var finished: [ContractKey] = []
  /// Contracts that git lost, since LevelDB has them no more.
  public internal(set) var removed: [ContractKey] = []
  /// Contracts that were settled as the caller said.
  public internal(set) var resolved: [ContractKey] = []
  /// Contracts that are not the same on both sides.
  public internal(set) var conflicts: [Conflict] = []
  /// Copied records that are odd.
  public internal(set) var odd: [ImportReport.OddRecord] = []
  /// The commits that were made.
  public internal(set) var commits: [String] = []
  /// The commit that git was at before them; nil where it had none, or none was made.
  public internal(set) var before: String?
  /// What the caller should know.
  public internal(set) var warnings: [String] = []
}

extension SyncReport {
  fileprivate mutating func add(_ result: WriteResult?) {
    guard let commit = result?.changes.to else { return }
    if commits.isEmpty { before = result?.changes.from }
    commits.append(commit)
  }
}

/// How to settle contracts on which the sides do not agree.
public struct SyncResolution: Sendable {
  /// The contract; nil is every other one.
  public var key: ContractKey?
  /// The side whose record both are to have.
  public var side: MigrationSide

  /// Makes a resolution.
  public init(_ key: ContractKey?, _ side: MigrationSide) {
    self.key = key
    self.side = side
  }
}

extension MigrationBackend {
  /// Brings git in step with LevelDB, and LevelDB with what git has anew.
  ///
  /// It may be killed at any time: the next one goes on.
  ///
  /// - Parameters:
  ///   - resolutions: How to settle contracts on which the sides do not agree.
  ///   - progress: Told how many of how many contracts are copied.
  /// - Returns: What was done, and what was left alone.
  /// - Throws: `MIGRATION_FAILED` in phase 3 or where none is under way, `LOCK_TIMEOUT` where another
  ///   program has LevelDB open.
  public func sync(
    resolving resolutions: [SyncResolution] = [],
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(StateError) -> SyncReport {
    try withSession { session throws(StateError) in
      guard session.state.phase != .complete else {
        throw StateError(
          .migrationFailed,
          "the migration is complete, so LevelDB is written no more; gitstate migrate rollback makes "
            + "it the truth again")
      }
      return try session.sync(resolutions, progress)
    }
  }
}

extension MigrationSession {
  func sync(_ resolutions: [SyncResolution], _ progress: (Int, Int) -> Void) throws(StateError)
    -> SyncReport
  {
    let source = try openSource()
    try checkBranch()
    replay(isRetryingConflicts: true)
    if let error = failed[.git] ?? failed[.source] { throw error }
    try followRewinding(source)
    try project()
    var report = SyncReport()
    report.finished = finished.sorted()
    let content = try source.content()
    var held = try tip().allHeld()
    try forgetAgreeing(content, held)
    try resolve(resolutions, content, held, &report)
    held = try tip().allHeld()
    var decisions = try decide(try source.content(), held)
    var changed: [ContractKey] = []
    // Git may change under it: by others, or by edits by hand in the files, which a write takes in first.
    for _ in 0..<3 {
      try refuseLosses(decisions.copies, held.count)
      changed = try copy(decisions.copies, progress, &report)
      guard !changed.isEmpty else { break }
      try project()
      held = try tip().allHeld()
      decisions = try decide(try source.content(), held)
    }
    report.conflicts = decisions.conflicts
    for key in changed where !report.conflicts.contains(where: { $0.key == key }) {
      report.conflicts.append(
        SyncReport.Conflict(
          key: key, reason: "it was changed in git meanwhile; sync again", fields: []))
    }
    for record in entries.flatMap(\.records)
    where isNowhere(record, held) && !report.conflicts.contains(where: { $0.key == record.key }) {
      report.conflicts.append(
        SyncReport.Conflict(
          key: record.key, reason: "the journal alone has what was last written",
          fields: FieldChange.between(record.after, held[record.key]?.contract)))
    }
    for conflict in decisions.conflicts where state.phase == .dualWrite {
      // Kept apart from changes to come: nobody may take it for a new one of LevelDB's.
      if state.unsynced[conflict.key] == nil, !entries.keys.contains(conflict.key) {
        state.unsynced[conflict.key] = (content.records[conflict.key] ?? .absent).digest
      }
    }
    try backend.folder.save(state)
    try note(agreeing: AgreedRecords(try source.content(), try tip().allHeld()))
    noteClashes()
    report.warnings = notes
    return report
  }

  /// Goes on from a tip that does not descend from where both sides were in step.
  ///
  /// What the branch lost is in LevelDB still: it is told apart from what either side has anew.
  private func followRewinding(_ source: OpenSource) throws(StateError) {
    let tip = try self.tip()
    guard try state.isLost(at: tip.commitID, in: git) else { return }
    let held = try tip.allHeld()
    let content = try source.content()
    // What is taken to LevelDB below moves it.
    let projected = state.projected
    let shared = try git.mergeBase(projected, tip.commitID)
    var lost = Set(held.keys).union(content.records.keys)
    if shared != nil || tip.commitID == nil {
      var problems: [String] = []
      let base = try git.snapshot(ofCommit: shared)
      let old = try git.snapshot(ofCommit: projected)
      let changes = ChangeSet(from: nil, base.folder, to: nil, old.folder, notes: &problems)
      if problems.isEmpty {
        lost = Set(changes.changes.flatMap(\.keys))
        try project(from: base, to: tip, except: lost)
      }
    }
    note(
      "git's branch does not descend from \(projected?.prefix(7) ?? "none") any more; contracts "
        + "that it lost were compared anew")
    let pending = entries.keys
    for key in lost where !pending.contains(key) {
      let record = content.records[key] ?? .absent
      guard record.digest != (held[key] ?? .absent).digest else { continue }
      if state.phase == .dualWrite {
        state.unsynced[key] = record.digest
      } else {
        try appendConflict(key, source: record, git: held[key] ?? .absent)
      }
    }
    state.projected = tip.commitID
    try backend.folder.save(state)
  }

  /// Notes that LevelDB has what git's branch lost: no write may replace it unseen.
  private func appendConflict(_ key: ContractKey, source: HeldRecord, git: HeldRecord)
    throws(StateError)
  {
    try append(
      JournalEntry(
        id: nextID, kind: .migrate, reason: "Lost by git's branch",
        time: SystemClock.milliseconds,
        records: [
          JournalEntry.Record(
            key: key, after: source.contract, before: [.git: git.digest, .source: source.digest],
            standing: [.git: .conflict, .source: .done])
        ]))
  }

  /// Stops where LevelDB has lost many contracts: another folder may have taken its place.
  private func refuseLosses(_ copies: [JournalEntry.Record], _ count: Int) throws(StateError) {
    let lost = copies.filter { $0.after == nil }.map(\.key)
    guard lost.count > 1, lost.count * 2 >= count else { return }
    let names = lost.prefix(5).map(\.description.escapingUnprintable).joined(separator: ", ")
    throw StateError(
      .migrationFailed,
      "nothing was copied: LevelDB has \(lost.count) of git's \(count) contracts no more (\(names)"
        + "\(lost.count > 5 ? ", ..." : "")); see that \(state.source.escapingUnprintable) is the right "
        + "folder, or, if they are to go from git as well, say so: gitstate migrate sync --resolve leveldb "
        + "(or KEY=leveldb)")
  }

  /// Forgets differences that are none any more.
  private func forgetAgreeing(
    _ content: MigrationSource.Content, _ held: [ContractKey: HeldRecord]
  ) throws(StateError) {
    func agrees(_ key: ContractKey) -> Bool {
      (content.records[key] ?? .absent).digest == (held[key] ?? .absent).digest
    }
    for key in state.unsynced.keys where agrees(key) { state.unsynced[key] = nil }
    for entry in entries {
      var settled = entry
      for index in settled.records.indices
      where settled.records[index].isConflict && agrees(settled.records[index].key)
        && !isNowhere(settled.records[index], held)
      {
        settled.records[index].standing = [.git: .done, .source: .done]
      }
      if settled.isDone { settle(settled) }
    }
  }

  /// Whether the journal alone has what a write had asked for.
  private func isNowhere(_ record: JournalEntry.Record, _ held: [ContractKey: HeldRecord]) -> Bool {
    record.isConflict && !record.standing.values.contains(.done)
      && (held[record.key] ?? .absent).digest != record.afterDigest
  }

  private struct Decisions {
    var copies: [JournalEntry.Record] = []
    var conflicts: [SyncReport.Conflict] = []
  }

  /// Decides about every contract on which the sides do not agree.
  private func decide(_ content: MigrationSource.Content, _ held: [ContractKey: HeldRecord])
    throws(StateError) -> Decisions
  {
    var decisions = Decisions()
    let pending = entries.keys
    for key in Set(content.records.keys).union(held.keys).sorted() {
      let (source, git) = (content.records[key] ?? .absent, held[key] ?? .absent)
      guard source.digest != git.digest else { continue }
      let reason =
        pending.contains(key)
        ? "neither side may be overwritten unseen: an entry of the journal waits for a word"
        : reasonToLeave(key, source, git)
      if let reason {
        decisions.conflicts.append(
          SyncReport.Conflict(
            key: key, reason: reason,
            fields: FieldChange.between(source.contract, git.contract)))
      } else {
        decisions.copies.append(
          JournalEntry.Record(
            key: key, after: source.contract, before: [.git: git.digest, .source: source.digest],
            standing: [.git: .pending, .source: .done]))
      }
    }
    return decisions
  }

  /// Why a contract is left as it is; nil where git is to have what LevelDB has.
  func reasonToLeave(_ key: ContractKey, _ source: HeldRecord, _ git: HeldRecord) -> String? {
    if let problem = source.problem { return "LevelDB has no record there: \(problem)" }
    guard state.phase == .dualWrite else {
      return state.unsynced[key] == nil
        ? "LevelDB was changed by another program" : "the difference was accepted"
    }
    switch (source.contract, git.contract) {
    case (nil, _):
      // What both had is LevelDB's to remove: it is right in this phase.
      return state.unsynced[key] == nil ? nil : "git alone has it"
    case (let source?, let git?) where source.timestamp < git.timestamp:
      return "git's record is newer (\(git.timestamp) after \(source.timestamp))"
    default: return nil
    }
  }

  /// Gives git records of LevelDB's, some hundred in a commit.
  ///
  /// - Returns: Contracts that git has otherwise by now, which were left alone.
  private func copy(
    _ records: [JournalEntry.Record], _ progress: (Int, Int) -> Void, _ report: inout SyncReport
  ) throws(StateError) -> [ContractKey] {
    var changed: [ContractKey] = []
    for start in stride(from: 0, to: records.count, by: backend.options.batchSize) {
      progress(start, records.count)
      let end = min(start + backend.options.batchSize, records.count)
      changed += try copy(Array(records[start..<end]), &report)
    }
    if !records.isEmpty { progress(records.count, records.count) }
    return changed
  }

  /// Gives git some records of LevelDB's, as one commit.
  private func copy(_ records: [JournalEntry.Record], _ report: inout SyncReport)
    throws(StateError) -> [ContractKey]
  {
    var entry = JournalEntry(
      id: nextID, kind: .migrate, reason: "Copied from LevelDB",
      time: SystemClock.milliseconds, records: records)
    try append(entry)
    let result: WriteResult?
    do throws(StateError) {
      result = try write(&entry, .git)
    } catch {
      try drop(entry)
      throw error
    }
    let changed = entry.records.filter { $0.standing[.git] != .done }
    // Both sides have a record, and neither waits for anything.
    entry.records.removeAll { $0.standing[.git] != .done }
    settle(entry)
    for record in entry.records {
      guard let copy = record.after else {
        report.removed.append(record.key)
        continue
      }
      report.copied.append(record.key)
      let oddities = copy.oddities
      // A missing hash alone is no fault: a put takes it, too.
      if oddities.contains(where: { $0.severity == .error }) {
        report.odd.append(
          ImportReport.OddRecord(
            key: record.key, problems: oddities.map { "\($0.field) \($0.problem)" }))
      }
    }
    report.add(result)
    for warning in result?.warnings ?? [] { note(warning) }
    return changed.map(\.key)
  }

  /// Gives both sides what the caller chose, where they differ.
  private func resolve(
    _ resolutions: [SyncResolution], _ content: MigrationSource.Content,
    _ held: [ContractKey: HeldRecord], _ report: inout SyncReport
  ) throws(StateError) {
    guard !resolutions.isEmpty else { return }
    var records: [JournalEntry.Record] = []
    for key in Set(content.records.keys).union(held.keys).union(entries.conflicts).sorted() {
      let (source, git) = (content.records[key] ?? .absent, held[key] ?? .absent)
      guard source.digest != git.digest || entries.conflicts.contains(key) else { continue }
      guard
        let side = resolutions.last(where: { $0.key == key })?.side
          ?? resolutions.last(where: { $0.key == nil })?.side
      else { continue }
      let chosen = side == .git ? git : source
      if let problem = chosen.problem {
        throw StateError(
          .serializationFailed,
          "\(side.name) has no record of \(key.description.escapingUnprintable) that can be taken: "
            + problem, key: key)
      }
      records.append(
        JournalEntry.Record(
          key: key, after: chosen.contract, before: [.git: git.digest, .source: source.digest],
          standing: [.git: .pending, .source: .pending]))
    }
    let keys = Set(records.map(\.key))
    if let missing = resolutions.compactMap(\.key).first(where: { !keys.contains($0) }) {
      throw StateError(
        .invalidArgument,
        "nothing was settled: both sides have the same for \(missing.description.escapingUnprintable)",
        key: missing)
    }
    guard !records.isEmpty else { return }
    // Its own entry is durable before the earlier ones lose what it settles.
    var entry = JournalEntry(
      id: nextID, kind: .migrate, reason: "Differences settled",
      time: SystemClock.milliseconds, records: records)
    try append(entry)
    endConflicts(of: keys, before: entry.id)
    let result = try write(&entry, .git)
    report.add(result)
    _ = try write(&entry, .source)
    settle(entry)
    report.resolved = records.map(\.key)
  }
}
