extension MigrationSession {
  /// Takes what git has anew by no dual write (a revert, a pull, an edit by hand) to LevelDB, through
  /// the journal.
  ///
  /// - Throws: `MIGRATION_FAILED` where the tip does not descend from the last commit that LevelDB is in
  ///   step with.
  func project() throws(StateError) {
    let tip: StateSnapshot
    do throws(StateError) {
      tip = try self.tip()
      guard tip.commitID != state.projected else { return }
      if try state.isLost(at: tip.commitID, in: git) { throw Self.rewound(tip.commitID, state) }
    } catch  where error.isOfSide {
      note("what git has anew could not be told: \(error.message)")
      return
    }
    try project(from: try git.snapshot(ofCommit: state.projected), to: tip)
  }

  /// Git's branch has lost the commit that LevelDB is in step with: nothing is written on top of that.
  static func rewound(_ tip: String?, _ state: MigrationState) -> StateError {
    StateError(
      .migrationFailed,
      "nothing was written: git's branch is at \(tip?.prefix(7) ?? "no commit"), which does "
        + "not descend from \(state.projected?.prefix(7) ?? "none"), the last commit that LevelDB is in "
        + "step with; look at what was undone, then run: gitstate migrate sync")
  }

  /// Takes the changes between two commits to LevelDB.
  ///
  /// - Parameters:
  ///   - base: The commit that both lines share.
  ///   - tip: Where git is.
  ///   - excluded: Contracts that are not to be taken.
  /// - Throws: Where the journal or the state cannot be written.
  func project(
    from base: StateSnapshot, to tip: StateSnapshot, except excluded: Set<ContractKey> = []
  ) throws(StateError) {
    var problems: [String] = []
    let changes = ChangeSet(from: nil, base.folder, to: nil, tip.folder, notes: &problems)
    guard problems.isEmpty else {
      // The next operation tries again: the commit in step stays as it is.
      note("what git has anew could not be told: \(problems.joined(separator: "; "))")
      return
    }
    let changed = Set(changes.changes.flatMap(\.keys)).subtracting(excluded)
    var records: [JournalEntry.Record] = []
    for key in changed.sorted() {
      // What is still to be written to git meets what came instead: a conflict that replay finds.
      guard entries.pending(key, .git) == nil else { continue }
      // What never agreed is for sync to look at.
      guard state.phase != .dualWrite || state.unsynced[key] == nil else { continue }
      let held = try tip.held(key)
      if case .unreadable(let problem, _) = held {
        note("\(key.description.escapingUnprintable) was not taken to LevelDB: \(problem)")
        continue
      }
      let before = expectedInSource(key, at: base)
      records.append(
        JournalEntry.Record(
          key: key, after: held.contract, before: [.git: held.digest, .source: before],
          standing: [.git: .done, .source: .pending]))
    }
    guard !records.isEmpty else {
      state.projected = tip.commitID
      try backend.folder.save(state)
      return
    }
    var entry = JournalEntry(
      id: nextID, kind: .migrate, reason: "Changes in git up to \(tip.commitID ?? "none")",
      time: SystemClock.milliseconds, records: records)
    try append(entry)
    state.projected = tip.commitID
    try backend.folder.save(state)
    if failed[.source] == nil {
      let blocked = Set(
        entries.dropLast().flatMap { $0.records.filter { $0.isPending(.source) }.map(\.key) })
      do throws(StateError) {
        _ = try write(&entry, .source, except: blocked)
      } catch {
        failed[.source] = error
      }
    }
    clashes.formUnion(entry.records.filter(\.isConflict).map(\.key))
    settle(entry)
  }
}
