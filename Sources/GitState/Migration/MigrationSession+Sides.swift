import Synchronization

extension MigrationSession {
  /// Writes an entry's pending records to a side, as far as it has what is expected.
  ///
  /// What equals *before* is written, what equals *after* is done, anything else is a conflict.
  ///
  /// - Parameters:
  ///   - entry: The entry, whose standings are brought up to date.
  ///   - side: The side.
  ///   - blocked: Contracts that an earlier entry has pending.
  ///   - refusesConflicts: Whether to throw `StateError.Code.moved` instead of noting a conflict.
  /// - Returns: The answer of git, where it was written.
  /// - Throws: Where the side fails; then its records stay pending.
  func write(
    _ entry: inout JournalEntry, _ side: MigrationSide, except blocked: Set<ContractKey> = [],
    refusesConflicts: Bool = false
  ) throws(StateError) -> WriteResult? {
    switch side {
    case .git: try writeGit(&entry, except: blocked, refusesConflicts)
    case .source: try writeSource(&entry, except: blocked, refusesConflicts)
    }
  }

  // The positions of an entry's records that a side still has to take; `writesAgain` says whether what
  // is there already is written all the same.
  private func due(
    _ entry: inout JournalEntry, _ side: MigrationSide, except blocked: Set<ContractKey>,
    _ refusesConflicts: Bool, writesAgain: Bool,
    held: (ContractKey) throws(StateError) -> HeldRecord
  ) throws(StateError) -> [Int] {
    var due: [Int] = []
    for index in entry.records.indices {
      let record = entry.records[index]
      guard record.isPending(side), !blocked.contains(record.key) else { continue }
      let digest = try held(record.key).digest
      if digest == record.afterDigest {
        if writesAgain { due.append(index) } else { entry.records[index].standing[side] = .done }
      } else if digest == record.before[side] {
        due.append(index)
      } else if refusesConflicts {
        throw StateError(
          .moved, "\(record.key.description.escapingUnprintable) was changed meanwhile",
          key: record.key)
      } else {
        entry.records[index].standing[side] = .conflict
      }
    }
    return due
  }

  private func writeGit(
    _ entry: inout JournalEntry, except blocked: Set<ContractKey>, _ refusesConflicts: Bool
  ) throws(StateError) -> WriteResult? {
    for _ in 0..<10 {
      let snapshot = try tip()
      let due = try due(
        &entry, .git, except: blocked, refusesConflicts, writesAgain: false,
        held: { key throws(StateError) in try snapshot.held(key) })
      guard !due.isEmpty else { return nil }
      do throws(StateError) {
        let operation = planned(entry, due.map { entry.records[$0] })
        let result = try backend.using(.git) { () throws(StateError) in
          try MigrationFaults.perform(backend.options.faults, .git) { () throws(StateError) in
            try git.write([operation])[0].get()
          }
        }
        for index in due { entry.records[index].standing[.git] = .done }
        // Only what nothing else came before is all that has changed.
        if let commit = result.changes.to, result.changes.from == state.projected {
          state.projected = commit
        }
        return result
      } catch  where error.code == .moved && !refusesConflicts {
        continue
      }
    }
    throw StateError(
      .lockTimeout, "another program keeps changing the same contracts in git; try again")
  }

  /// A commit of some records that is made only if git has, at that moment, what is expected.
  private func planned(_ entry: JournalEntry, _ records: [JournalEntry.Record]) -> PlannedOperation
  {
    var operation = PlannedOperation(entry.kind, reason: entry.reason) {
      context, folder throws(StateError) in
      for record in records {
        let before = folder
        let held = try HeldRecord { () throws(StateError) in try before.contract(record.key) }
        guard held.digest == record.before[.git] else {
          throw StateError(
            .moved, "\(record.key.description.escapingUnprintable) was changed meanwhile",
            key: record.key)
        }
      }
      try folder.apply(records.map { ($0.key, $0.after) }, isTaken: context.isTaken)
      return PlannedOperation.Outcome()
    }
    operation.trailers = entry.trailers
    operation.authorTime = entry.authorTime
    return operation
  }

  private func writeSource(
    _ entry: inout JournalEntry, except blocked: Set<ContractKey>, _ refusesConflicts: Bool
  ) throws(StateError) -> WriteResult? {
    // What is there already may have been written by a call that could not make it durable.
    let due = try due(
      &entry, .source, except: blocked, refusesConflicts, writesAgain: true,
      held: { key throws(StateError) in try openSource().held(key) })
    guard !due.isEmpty else { return nil }
    let records = due.map { entry.records[$0] }
    do throws(StateError) {
      try backend.using(.source) { () throws(StateError) in
        try MigrationFaults.perform(backend.options.faults, .source) { () throws(StateError) in
          try openSource().write(
            records.map { ($0.key, $0.after) }, isDurable: backend.folder.isDurable)
        }
      }
    } catch {
      // After a failure LevelDB takes no writes until it is opened again. (No name may hold it here.)
      opened = nil
      failed[.source] = error
      isSourceUnknown = !hasBefore(records)
      throw error
    }
    for index in due { entry.records[index].standing[.source] = .done }
    return nil
  }

  /// Whether LevelDB is proven to have what it had before.
  private func hasBefore(_ records: [JournalEntry.Record]) -> Bool {
    do throws(StateError) {
      let content = try backend.source(at: state.source).content(until: .now)
      return records.allSatisfy { record in
        (content.records[record.key] ?? .absent).digest == record.before[.source]
      }
    } catch {
      return false
    }
  }
}

extension StateError.Code {
  /// A side changed between a look at it and its write; never leaves the library.
  static let moved = StateError.Code(rawValue: "MIGRATION_MOVED")
}
