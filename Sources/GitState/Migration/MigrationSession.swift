import LosslessJSON

/// Work on a migration while its lock is held: what is known of it, and the LevelDB folder once open.
final class MigrationSession {
  let backend: MigrationBackend
  var state: MigrationState
  var entries: [JournalEntry]
  /// Sides that have failed: they are not tried again in this session.
  var failed: [MigrationSide: StateError] = [:]
  /// What kept the journal from being brought up to date.
  var outdated: StateError?
  /// What callers should know, besides their own answers.
  var notes: [String] = []
  /// Contracts that were found changed on both sides: what became of them is told at the end.
  var clashes: Set<ContractKey> = []
  /// Contracts of which a write was finished, on whichever side it pended.
  var finished: Set<ContractKey> = []
  /// Whether a write to LevelDB failed in a way that leaves open whether it happened.
  var isSourceUnknown = false
  var opened: OpenSource?
  private var known: AgreedRecords??
  private var unreadableGit: StateError?
  /// Whether LevelDB is written to at all.
  var writesSource: Bool

  var git: GitBackend { backend.gitBackend }

  init(_ backend: MigrationBackend, _ state: MigrationState) throws(StateError) {
    self.backend = backend
    self.state = state
    writesSource = state.phase != .complete
    entries = try backend.folder.entries()
  }

  /// The LevelDB folder, open for writing until the session ends.
  func openSource() throws(StateError) -> OpenSource {
    if let opened { return opened }
    if let error = failed[.source] { throw error }
    do throws(StateError) {
      let source = try backend.using(.source) { () throws(StateError) in
        try MigrationFaults.perform(backend.options.faults, .openSource) { () throws(StateError) in
          try backend.source(at: state.source).open(until: backend.sourceDeadline)
        }
      }
      opened = source
      return source
    } catch {
      failed[.source] = error
      throw error
    }
  }

  /// Git's state at the tip as it is now.
  func tip() throws(StateError) -> StateSnapshot {
    // One failure is one for the circuit breaker, however often a session asks.
    if let unreadableGit { throw unreadableGit }
    do throws(StateError) {
      return try backend.using(.git) { () throws(StateError) in try git.freshSnapshot() }
    } catch {
      if error.isOfSide { unreadableGit = error }
      throw error
    }
  }

  /// What both sides had alike when they were last in step; nil where that is not known.
  var agreed: AgreedRecords? {
    if let known { return known }
    var found: AgreedRecords?
    do throws(StateError) {
      found = try backend.folder.agreed(state)
    } catch {
      note("what both sides had alike is not known: \(error.message)")
    }
    known = .some(found)
    return found
  }

  /// Notes anew what both sides have alike.
  func note(agreeing agreed: AgreedRecords) throws(StateError) {
    try backend.folder.save(agreed, &state)
    known = agreed
    try backend.folder.save(state)
  }

  /// Does what comes before everything else: finishes the journal, and takes in what git has anew.
  ///
  /// - Throws: `MIGRATION_FAILED` where the branch is another one, or does not descend from where it was.
  func prepare() throws(StateError) {
    try checkBranch()
    replay()
    try project()
  }

  /// Refuses another branch or folder than the migration's.
  func checkBranch() throws(StateError) {
    let branch: String?
    do throws(StateError) {
      branch = try git.stateBranch()
    } catch {
      // What keeps git from being read is found again where git is needed.
      return
    }
    let folder = git.location.folder
    guard branch == state.branch, folder == state.folder else {
      let name = state.branch.dropFirst("refs/heads/".count)
      throw StateError(
        .migrationFailed,
        "nothing was written: the migration on this clone is of the branch "
          + "\(String(name).escapingUnprintable) and the folder \(state.folder.escapingUnprintable); "
          + "check that branch out, or name it with --branch")
    }
  }

  // MARK: The journal

  /// The number of the next entry.
  var nextID: Int { (entries.last?.id ?? 0) + 1 }

  /// Makes a new entry durable.
  ///
  /// - Throws: `STATE_WRITE_FAILED`; nothing was written then.
  func append(_ entry: JournalEntry) throws(StateError) {
    do throws(StateError) {
      try backend.folder.write(entry, isNew: true)
    } catch {
      var failure = error
      do throws(StateError) {
        // The file may be there although it could not be made durable.
        try backend.folder.remove(entry)
        failure.message =
          "nothing was written, since the migration's journal could not be: "
          + error.message
      } catch {
        failure.message =
          "the migration's journal could not be written to, and what is in it now will be done by the "
          + "next write: \(failure.message)"
      }
      throw failure
    }
    entries.append(entry)
  }

  /// Notes what became of an entry; one that is done goes.
  ///
  /// Nothing in here fails an operation: an entry that stays as it was is looked at again.
  func settle(_ entry: JournalEntry) {
    let done = entry.records.filter(\.isDone)
    for record in done { state.unsynced[record.key] = nil }
    finished.formUnion(done.map(\.key))
    endConflicts(of: Set(done.map(\.key)), before: entry.id)
    do throws(StateError) {
      if !done.isEmpty {
        try backend.folder.append(agreeing: done.map { ($0.key, $0.afterDigest) }, &state)
        known = nil
      }
      if entry.isDone {
        // First the commit that LevelDB is in step with: an entry too many does no harm.
        try backend.folder.save(state)
        try removeDone(entry)
      } else {
        // What is done says nothing any more once other writes come after it.
        var rest = entry
        rest.records.removeAll(where: \.isDone)
        try backend.folder.write(rest, isNew: false)
        try backend.folder.save(state)
        replaceKnown(rest)
      }
    } catch {
      replaceKnown(entry)
      outdated = error
      note("the migration's journal could not be brought up to date: \(error.message)")
    }
  }

  /// Removes an entry that is done, or at least notes that it is: looked at again once a side has
  /// something newer, it would seem to be a conflict.
  private func removeDone(_ entry: JournalEntry) throws(StateError) {
    do throws(StateError) {
      try backend.folder.remove(entry)
      entries.removeAll { $0.id == entry.id }
    } catch {
      try backend.folder.write(entry, isNew: false)
      replaceKnown(entry)
    }
  }

  /// Ends what earlier entries have to say about contracts that a later entry settles.
  ///
  /// They go before the later one does: looked at again without it, a side that has by now what it had
  /// before them would get their records once more.
  ///
  func endConflicts(of keys: Set<ContractKey>, before id: Int) {
    for earlier in entries where earlier.id < id {
      var settled = earlier
      for index in settled.records.indices {
        let record = settled.records[index]
        guard record.isConflict, keys.contains(record.key) else { continue }
        if !record.standing.values.contains(.done) {
          note(
            "what a write had asked for of \(record.key.description.escapingUnprintable) is on neither "
              + "side: \(record.after.map { JSONValue.object($0.record).text(.compact) } ?? "removal")"
          )
        }
        settled.records[index].standing = [.git: .done, .source: .done]
      }
      if settled.standings != earlier.standings { settle(settled) }
    }
  }

  /// Tells of contracts that were found changed on both sides, and still are in conflict.
  func noteClashes() {
    for key in clashes.intersection(entries.conflicts).sorted() {
      let name = key.description.escapingUnprintable
      note(
        "\(name) was changed both in git and in LevelDB: each was left as it is; see gitstate migrate "
          + "verify, and settle it with gitstate migrate sync --resolve \(name)=git (or =leveldb)")
    }
    clashes = []
  }

  /// Takes an entry back of which nothing has happened.
  func drop(_ entry: JournalEntry) throws(StateError) {
    try backend.folder.remove(entry)
    entries.removeAll { $0.id == entry.id }
  }

  private func replaceKnown(_ entry: JournalEntry) {
    guard let index = entries.firstIndex(where: { $0.id == entry.id }) else { return }
    entries[index] = entry
  }

  /// Adds a note, once.
  func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  /// Does what is left of every entry, in order, as far as the sides can be written.
  ///
  /// - Parameter isRetryingConflicts: Whether to look again at sides that had something unexpected.
  func replay(isRetryingConflicts: Bool = false) {
    for original in entries {
      if original.isDone {
        do throws(StateError) {
          try removeDone(original)
        } catch {
          outdated = error
        }
        continue
      }
      var entry = original
      if isRetryingConflicts {
        let later = Set(entries.filter { $0.id > original.id }.flatMap { $0.records.map(\.key) })
        for index in entry.records.indices where !later.contains(entry.records[index].key) {
          for side in MigrationSide.allCases where entry.records[index].standing[side] == .conflict
          {
            entry.records[index].standing[side] = .pending
          }
        }
      }
      let earlier = entries.prefix { $0.id < original.id }
      for side in MigrationSide.allCases where entry.isPending(side) {
        guard failed[side] == nil, side == .git || writesSource else { continue }
        let blocked = Set(
          earlier.flatMap { $0.records.filter { $0.isPending(side) }.map(\.key) })
        do throws(StateError) {
          _ = try write(&entry, side, except: blocked)
        } catch {
          failed[side] = error
        }
      }
      if entry.standings != original.standings { settle(entry) }
    }
  }
}

extension JournalEntry {
  /// How every record stands, to see whether anything has changed.
  var standings: [[MigrationSide: Standing]] { records.map(\.standing) }
}

extension MigrationBackend {
  /// Works on the migration while its lock is held.
  ///
  /// - Throws: `MIGRATION_FAILED` where none is under way, `LOCK_TIMEOUT` naming the holder, or what the
  ///   body throws.
  func withSession<Value>(_ body: (MigrationSession) throws(StateError) -> Value)
    throws(StateError) -> Value
  {
    try withLock { () throws(StateError) in
      guard let state = try folder.state() else {
        throw StateError(
          .migrationFailed,
          "no migration is under way on this clone; begin one with: gitstate migrate start --from "
            + "leveldb:PATH")
      }
      return try body(try MigrationSession(self, state))
    }
  }

  /// Runs a body while the migration's lock is held.
  func withLock<Value>(_ body: () throws(StateError) -> Value) throws(StateError) -> Value {
    let lock = try folder.lock(until: deadline)
    folder.sweep()
    do throws(StateError) {
      let value = try body()
      lock.unlock()
      return value
    } catch {
      lock.unlock()
      throw error
    }
  }
}
