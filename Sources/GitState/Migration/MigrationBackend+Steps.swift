extension MigrationBackend {
  /// Begins a migration: from now on writes go to both sides, and reads come from LevelDB.
  ///
  /// Where the same migration is under way already, nothing happens.
  ///
  /// - Parameter path: The LevelDB folder.
  /// - Returns: Both sides compared.
  /// - Throws: `MIGRATION_FAILED` where another migration is under way or HEAD is detached,
  ///   `LOCK_TIMEOUT` where another program has the folder open, `BACKEND_UNAVAILABLE` where a side
  ///   cannot be read.
  public func start(from path: String) throws(StateError) -> ParityReport {
    guard let resolved = FileSystem.resolved(path) else {
      throw StateError(
        .backendUnavailable, "there is no LevelDB folder \(path.quoted)", file: path)
    }
    return try withLock { () throws(StateError) in
      if let state = try folder.state() {
        guard state.source == resolved, state.phase == .dualWrite else {
          throw StateError(
            .migrationFailed,
            "a migration from \(state.source.escapingUnprintable) is under way on this clone, in phase "
              + "\(state.phase.number) (\(state.phase.rawValue)); see gitstate migrate status")
        }
      }
      guard let branch = try gitBackend.stateBranch() else {
        throw StateError(
          .migrationFailed,
          "HEAD is detached, so there is no branch to migrate to; check one out, or name it with "
            + "--branch")
      }
      let content = try source(at: resolved).content(until: sourceDeadline)
      let tip = try gitBackend.freshSnapshot()
      if let state = try folder.state() {
        return ParityReport(
          state, source: content, git: try tip.allHeld(), entries: try folder.entries())
      }
      var state = MigrationState(
        phase: .dualWrite, time: SystemClock.milliseconds, source: resolved, branch: branch,
        folder: gitBackend.location.folder, projected: tip.commitID)
      let report = ParityReport(state, source: content, git: try tip.allHeld(), entries: [])
      for key in report.keys {
        state.unsynced[key] = (content.records[key] ?? .absent).digest
      }
      try folder.create()
      // The state comes first: without it the rest would pass for damage.
      try folder.save(state)
      try folder.save(AgreedRecords(content, try tip.allHeld()), &state)
      try folder.save(state)
      return report
    }
  }

  /// Compares every contract of both sides, and notes the outcome for ``status()``.
  ///
  /// Nothing else is written: what the journal has stays there.
  ///
  /// - Returns: What agrees and what does not.
  /// - Throws: `MIGRATION_FAILED` where no migration is under way; `LOCK_TIMEOUT` and
  ///   `BACKEND_UNAVAILABLE` where a side cannot be read.
  public func compare() throws(StateError) -> ParityReport {
    try withSession { session throws(StateError) in
      try session.checkBranch()
      let content = try source(at: session.state.source).content(until: sourceDeadline)
      let report = ParityReport(
        session.state, source: content, git: try gitBackend.freshSnapshot().allHeld(),
        entries: session.entries)
      try session.note(report)
      return report
    }
  }

  /// Switches reads to git, with LevelDB behind it where git fails: phase 2.
  ///
  /// - Parameters:
  ///   - acceptsDifferences: Whether to switch although the sides differ; the commit says in what.
  ///   - reason: Why, for the commit.
  /// - Returns: The commit, and both sides compared.
  /// - Throws: `MIGRATION_FAILED` where they differ, something pends, or this is not phase 1.
  public func cutOver(acceptsDifferences: Bool = false, reason: String? = nil) throws(StateError)
    -> MigrationStep
  {
    try withSession { session throws(StateError) in
      try session.require(.dualWrite, for: "cutover")
      return try session.change(
        to: .cutover, "reads come from git", acceptsDifferences, reason)
    }
  }

  /// Ends the writes to LevelDB: phase 3.
  ///
  /// - Parameters:
  ///   - acceptsDifferences: Whether to end them although the sides differ; the commit says in what.
  ///   - reason: Why, for the commit.
  /// - Returns: The commit, and both sides compared.
  /// - Throws: `MIGRATION_FAILED` where they differ, something pends, or this is not phase 2.
  public func complete(acceptsDifferences: Bool = false, reason: String? = nil) throws(StateError)
    -> MigrationStep
  {
    try withSession { session throws(StateError) in
      try session.require(.cutover, for: "complete")
      return try session.change(
        to: .complete, "LevelDB is written no more", acceptsDifferences, reason)
    }
  }

  /// Makes LevelDB the truth again, with what was written meanwhile copied back: phase 1.
  ///
  /// - Parameters:
  ///   - acceptsDifferences: Whether to switch although LevelDB has something else than git; its
  ///     records count from then on.
  ///   - reason: Why, for the commit.
  /// - Returns: The commit, and both sides compared.
  /// - Throws: `MIGRATION_FAILED` where they differ or something pends; `LOCK_TIMEOUT` where another
  ///   program has LevelDB open.
  public func rollBack(acceptsDifferences: Bool = false, reason: String? = nil) throws(StateError)
    -> MigrationStep
  {
    try withSession { session throws(StateError) in
      try session.change(
        to: .dualWrite, "LevelDB is the truth again", acceptsDifferences, reason)
    }
  }
}

/// A change of a migration's phase.
public struct MigrationStep: Sendable {
  /// The phase from now on.
  public let phase: MigrationPhase
  /// The commit that says so; nil where git could not be written.
  public let commit: String?
  /// Both sides compared; nil where git cannot be read, and that was accepted.
  public let parity: ParityReport?
  /// What the caller should know.
  public let warnings: [String]
}

extension MigrationSession {
  /// Notes the outcome of a comparison.
  func note(_ report: ParityReport) throws(StateError) {
    state.verification = MigrationState.Verification(
      time: SystemClock.milliseconds, contracts: report.contractCount, agreeing: report.agreeing)
    try backend.folder.save(state)
  }

  /// Refuses a step in a phase that it does not belong to.
  func require(_ phase: MigrationPhase, for step: String) throws(StateError) {
    guard state.phase != phase else { return }
    throw StateError(
      .migrationFailed,
      "\(step) belongs to phase \(phase.number) (\(phase.rawValue)), and the migration is in phase "
        + "\(state.phase.number) (\(state.phase.rawValue))")
  }

  /// Replays, compares and switches, all under the lock, so that no write slips between.
  func change(
    to phase: MigrationPhase, _ meaning: String, _ acceptsDifferences: Bool, _ reason: String?
  ) throws(StateError) -> MigrationStep {
    // From phase 3 back, the journal's half for LevelDB counts again.
    let isBack = phase == .dualWrite
    let source = try openSource()
    try checkBranch()
    if state.phase == .complete, isBack, !acceptsDifferences { try refuseForeignChanges(source) }
    writesSource = true
    replay(isRetryingConflicts: true)
    var parity: ParityReport?
    do throws(StateError) {
      try project()
      parity = ParityReport(
        state, source: try source.content(), git: try tip().allHeld(), entries: entries)
    } catch {
      // Git may be the very reason to go back.
      guard isBack, error.isOfSide else { throw error }
      if !acceptsDifferences, try !isInStep(source) { throw error }
      note("git could not be compared with: \(error.message)")
    }
    let conflicts = entries.conflicts
    if let entry = entries.first(where: { entry in
      entry.records.contains { record in
        MigrationSide.allCases.contains { record.isPending($0) && !(isBack && $0 == .git) }
      }
    }) {
      let side = MigrationSide.allCases.first { entry.isPending($0) } ?? .source
      throw StateError(
        .migrationFailed,
        "the phase stays: \(entry.records.count.counted("contract")) of an earlier write pending, since "
          + "\(side.name) could not be written (\(failed[side]?.message ?? "not yet tried")); mend that "
          + "and try again")
    }
    let differing = (parity?.keys ?? []).filter { key in
      entries.pending(key, .git) == nil
    }
    guard (differing.isEmpty && conflicts.isEmpty) || acceptsDifferences else {
      throw self.differing(
        Set(differing).union(conflicts),
        advice:
          "see gitstate migrate verify; settle them with gitstate migrate sync (with --resolve KEY=git or "
          + "KEY=leveldb for those that it leaves alone), or say --accept-differences")
    }
    if let outdated { throw outdated }
    try refuseToForget()
    if let parity { try self.note(parity) }
    if parity != nil {
      try note(agreeing: AgreedRecords(try source.content(), try tip().allHeld()))
    }
    let accepted = Set(differing).union(conflicts).sorted()
    guard state.phase != phase || !accepted.isEmpty else {
      try backend.folder.save(state)
      noteClashes()
      return MigrationStep(phase: phase, commit: nil, parity: parity, warnings: notes)
    }
    for key in accepted { state.unsynced[key] = try source.held(key).digest }
    let commit = announce(phase, meaning, accepted, reason)
    if isBack {
      for key in accepted where state.unsynced[key] == HeldRecord.absent.digest {
        note(
          "\(key.description.escapingUnprintable) is in git alone, and cannot be read until you say which "
            + "is right: gitstate migrate sync --resolve \(key.description.escapingUnprintable)=git (or "
            + "=leveldb)")
      }
    }
    if state.phase != phase { state.since = SystemClock.milliseconds }
    state.phase = phase
    try backend.folder.save(state)
    for entry in entries where entry.records.contains(where: \.isConflict) {
      var settled = entry
      for index in settled.records.indices where settled.records[index].isConflict {
        settled.records[index].standing = [.git: .done, .source: .done]
      }
      let unsynced = state.unsynced
      settle(settled)
      state.unsynced = unsynced
      try backend.folder.save(state)
    }
    return MigrationStep(phase: phase, commit: commit, parity: parity, warnings: notes)
  }

  /// Whether LevelDB is known to have what git has, without reading more than its branch.
  private func isInStep(_ source: OpenSource) throws(StateError) -> Bool {
    guard entries.conflicts.isEmpty, state.unsynced.isEmpty, let agreed else { return false }
    do throws(StateError) {
      guard try git.tip() == state.projected else { return false }
    } catch {
      return false
    }
    return agreed.match(try source.content().records, except: [])
  }

  private func differing(_ keys: Set<ContractKey>, advice: String) -> StateError {
    let names = keys.sorted().prefix(5).map(\.description.escapingUnprintable)
      .joined(separator: ", ")
    return StateError(
      .migrationFailed,
      "the phase stays: LevelDB and git differ in \(keys.count.counted("contract")) "
        + "(\(names)\(keys.count > 5 ? ", ..." : "")); \(advice)")
  }

  /// Refuses the way back from phase 3, before LevelDB is written to, where other programs have.
  private func refuseForeignChanges(_ source: OpenSource) throws(StateError) {
    guard let agreed else { return }
    let tip = try self.tip()
    var foreign: Set<ContractKey> = []
    let records = try source.content().records
    for key in Set(records.keys).union(agreed.digests.keys) where state.unsynced[key] == nil {
      let digest = (records[key] ?? .absent).digest
      if digest != agreed[key], try digest != tip.held(key).digest { foreign.insert(key) }
    }
    guard foreign.isEmpty else {
      throw differing(
        foreign,
        advice:
          "another program has written to LevelDB since, and nothing was changed. To go back with its "
          + "records say --accept-differences; gitstate migrate sync --resolve KEY=git then gives LevelDB "
          + "git's record, where that is the right one")
    }
  }

  /// Refuses to accept a difference of which neither side has what was written.
  private func refuseToForget() throws(StateError) {
    let lost = entries.flatMap(\.records).first { record in
      record.isConflict && !record.standing.values.contains(.done)
    }
    guard let lost else { return }
    throw StateError(
      .migrationFailed,
      "nothing was changed: the journal alone has what was last written of "
        + "\(lost.key.description.escapingUnprintable), and both sides have something else; settle it "
        + "first with: gitstate migrate sync --resolve", key: lost.key)
  }

  /// Makes a commit that says which phase has begun, and what was accepted.
  ///
  /// - Returns: The commit; nil where git cannot be written, which stops no change of phase.
  private func announce(
    _ phase: MigrationPhase, _ meaning: String, _ accepted: [ContractKey], _ reason: String?
  ) -> String? {
    var lines = [reason].compactMap(\.self)
    if !accepted.isEmpty {
      let names = accepted.prefix(50).map(\.description.escapingUnprintable)
      lines.append(
        "Differences accepted in \(accepted.count.counted("contract")): \(names.joined(separator: ", "))"
          + (accepted.count > 50 ? ", ..." : ""))
    }
    let subject = "Migration: \(meaning)"
    var operation = PlannedOperation(
      .migrate, reason: lines.isEmpty ? nil : lines.joined(separator: "\n")
    ) { _, _ throws(StateError) in
      var outcome = PlannedOperation.Outcome()
      outcome.isAlwaysCommitted = true
      outcome.subject = subject
      return outcome
    }
    operation.trailers = [
      (key: "GitState-Phase", value: phase.rawValue),
      (key: "GitState-Accepted-Differences", value: "\(accepted.count)"),
    ]
    let planned = operation
    do throws(StateError) {
      let result = try backend.using(.git) { () throws(StateError) in
        try MigrationFaults.perform(backend.options.faults, .git) { () throws(StateError) in
          try git.write([planned])[0].get()
        }
      }
      if let commit = result.changes.to, result.changes.from == state.projected {
        state.projected = commit
      }
      return result.changes.to
    } catch {
      note("no commit says so, since git could not be written: \(error.message)")
      return nil
    }
  }
}
