extension MigrationBackend {
  /// Does operations one after the other, each as a dual write.
  public func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    do throws(StateError) {
      guard try folder.state() != nil else { return gitBackend.apply(operations) }
      return try withSession { session throws(StateError) in
        guard session.state.phase != .complete else {
          // Under the lock all the same: a rollback must not miss what is being written.
          try session.checkBranch()
          return gitBackend.apply(operations)
        }
        return operations.map { operation in
          Result { () throws(StateError) in try session.write(operation) }
        }
      }
    } catch {
      return operations.map { _ in .failure(error) }
    }
  }
}

extension MigrationSession {
  /// Does an operation on both sides.
  ///
  /// - Throws: Where neither side has it; nothing was written then.
  func write(_ operation: Operation) throws(StateError) -> WriteResult {
    for _ in 0..<10 {
      do throws(StateError) {
        return try attempt(operation)
      } catch  where error.code == .moved {
        continue
      }
    }
    throw StateError(
      .lockTimeout,
      "nothing was written: another program keeps changing the same contracts in git; try again")
  }

  private func attempt(_ operation: Operation) throws(StateError) -> WriteResult {
    notes = []
    isSourceUnknown = false
    // LevelDB is right in phase 1: without it nothing can be asked of anybody.
    if state.phase == .dualWrite {
      try requireSource()
      try backend.refuseForeignFolder(state) { key throws(StateError) in
        try openSource().held(key) != .absent
      }
    }
    try prepare()
    let plan = try MutationPlan(
      operation.mutations,
      current: { key throws(StateError) in try truth(key) },
      network: { chainID throws(StateError) in try network(of: chainID) })
    var old: [ContractKey: Contract] = [:]
    for (key, _) in plan.results {
      do throws(StateError) {
        old[key] = try truth(key)
      } catch  where error.code == .serializationFailed {
        // What cannot be read is replaced; there is nothing to compare with then.
        if state.phase == .dualWrite, case .unreadable(_, let bytes) = try openSource().held(key) {
          let text = String(String(decoding: bytes, as: UTF8.self).prefix(2000))
          note(
            "LevelDB's pair \(key.description.escapingUnprintable) was no record, and is gone; it was: "
              + text.escapingUnprintable)
        }
      }
    }
    var result = WriteResult(plan) { old[$0] }
    guard !plan.results.isEmpty else {
      noteClashes()
      result.changes.from = state.projected
      result.warnings += notes
      return result
    }
    let answer = try writeBoth(operation, plan)
    clashes.subtract(plan.results.map(\.key))
    noteClashes()
    result.changes.from = answer?.changes.from
    result.changes.to = answer?.changes.to
    result.subject = answer?.subject
    result.warnings += (answer?.warnings ?? []) + notes
    return result
  }

  private func requireSource() throws(StateError) {
    do throws(StateError) {
      _ = try openSource()
    } catch {
      var failure = error
      failure.message = "nothing was written, since LevelDB has to be first: \(error.message)"
      throw failure
    }
  }

  /// Writes a plan's records to both sides, by way of the journal.
  ///
  /// - Returns: Git's answer; nil where git did not take part.
  private func writeBoth(_ operation: Operation, _ plan: MutationPlan) throws(StateError)
    -> WriteResult?
  {
    var entry = JournalEntry(
      id: nextID, kind: operation.kind, reason: operation.reason, trailers: operation.trailers,
      authorTime: operation.authorTime, time: SystemClock.milliseconds, records: [])
    let snapshot = readableState()
    for (key, contract) in plan.results {
      var before: [MigrationSide: String] = [
        .git: gitBefore(key, snapshot), .source: try sourceBefore(key, snapshot),
      ]
      // The side that is right gets every write; what the other has is not overwritten unseen.
      let other = state.phase.truth.other
      let isConflict = try isLeftAlone(key, snapshot)
      if isConflict { before[other] = HeldRecord.unknownDigest }
      entry.records.append(
        JournalEntry.Record(
          key: key, after: contract, before: before,
          standing: [state.phase.truth: .pending, other: isConflict ? .conflict : .pending]))
    }
    try append(entry)
    var answer: WriteResult?
    if failed[.git] == nil {
      do throws(StateError) {
        answer = try write(&entry, .git, refusesConflicts: true)
      } catch {
        // Refused, or overtaken: the other side must not have it, either.
        guard error.isOfSide else {
          try drop(entry)
          throw error
        }
        failed[.git] = error
      }
    }
    if failed[.source] == nil {
      do throws(StateError) {
        _ = try write(&entry, .source)
      } catch {
        failed[.source] = error
      }
    }
    try finish(entry)
    return answer
  }

  /// Decides what an operation's answer is, once both sides were tried.
  private func finish(_ entry: JournalEntry) throws(StateError) {
    // A side that has something unexpected was left as it is: it does not have the operation, either.
    let isNowhere = entry.records.allSatisfy { !$0.standing.values.contains(.done) }
    if isNowhere, !isSourceUnknown,
      let error = failed[state.phase.truth] ?? failed[state.phase.truth.other]
    {
      do throws(StateError) {
        try drop(entry)
        var failure = error
        if !error.message.hasPrefix("nothing was written") {
          failure.message = "nothing was written to either side: \(error.message)"
        }
        throw failure
      } catch  where entries.contains(where: { $0.id == entry.id }) {
        note(
          "neither side could be written (\(error.message)); the operation is in the migration's "
            + "journal, and the next write does it")
        return
      }
    }
    for side in MigrationSide.allCases where entry.isPending(side) {
      note(
        "\(side.name) could not be written (\(failed[side]?.message ?? "an earlier write is pending")); "
          + "that half is pending, and the next write does it")
    }
    for side in MigrationSide.allCases {
      for record in entry.records where record.standing[side] == .conflict {
        let name = record.key.description.escapingUnprintable
        note(
          "\(side.name) has \(name) otherwise than \(side.other.name) had, and was left alone; see "
            + "gitstate migrate verify, and settle it with gitstate migrate sync --resolve "
            + "\(name)=\(side.other.rawValue) (or =\(side.rawValue))")
      }
    }
    settle(entry)
  }

  // MARK: What is there

  /// The record that an operation builds on.
  private func truth(_ key: ContractKey) throws(StateError) -> Contract? {
    if let pending = entries.pending(key, state.phase.truth) { return pending.contract }
    guard state.phase == .dualWrite else {
      do throws(StateError) {
        return try tip().contract(key)
      } catch  where error.isOfSide {
        opened = nil
        return try backend.fallback(key, after: error, state, entries)
      }
    }
    switch try openSource().held(key) {
    case .record(let contract): return contract
    case .absent: return nil
    case .unreadable(let problem, _):
      throw StateError(
        .serializationFailed,
        "\(state.source.escapingUnprintable): \(problem); mend or remove that pair", key: key,
        file: state.source)
    }
  }

  private func network(of chainID: ChainID) throws(StateError) -> String? {
    for entry in entries.reversed() {
      for case let contract? in entry.records.map(\.after) where contract.chainID == chainID {
        return contract.networkName
      }
    }
    if state.phase == .dualWrite {
      if let name = try openSource().network(of: chainID) { return name }
    }
    do throws(StateError) {
      return try tip().network(of: chainID)
    } catch  where error.isOfSide {
      return nil
    }
  }

  /// Git's state at the tip, or else as it was when both sides were last in step; nil where neither
  /// can be read.
  private func readableState() -> StateSnapshot? {
    do throws(StateError) {
      return try tip()
    } catch {
      do throws(StateError) {
        return try git.snapshot(ofCommit: state.projected)
      } catch {
        return nil
      }
    }
  }

  /// What git is to have before a write.
  private func gitBefore(_ key: ContractKey, _ snapshot: StateSnapshot?) -> String {
    if let pending = entries.pending(key, .git) { return pending.digest }
    return shared(key, at: snapshot)
  }

  /// What LevelDB is to have before a write: in phase 1 what it has, since it is right then.
  private func sourceBefore(_ key: ContractKey, _ snapshot: StateSnapshot?) throws(StateError)
    -> String
  {
    if let pending = entries.pending(key, .source) { return pending.digest }
    if state.phase == .dualWrite { return try openSource().held(key).digest }
    return expectedInSource(key, at: snapshot)
  }

  /// What LevelDB has if no other program has changed it.
  func expectedInSource(_ key: ContractKey, at snapshot: StateSnapshot?) -> String {
    if let pending = entries.pending(key, .source) { return pending.digest }
    if let last = entries.last(key) {
      if last.isConflict { return HeldRecord.unknownDigest }
      // Git still waits for it, LevelDB has it.
      if last.standing[.source] == .done, !last.isDone { return last.afterDigest }
    }
    if let digest = state.unsynced[key] { return digest }
    return shared(key, at: snapshot)
  }

  /// Whether the side that is not right has something that no write may replace unseen: the contract is
  /// in conflict, or `sync` would leave it.
  private func isLeftAlone(_ key: ContractKey, _ snapshot: StateSnapshot?) throws(StateError)
    -> Bool
  {
    if entries.conflicts.contains(key) { return true }
    guard state.phase == .dualWrite, entries.pending(key, .git) == nil, let snapshot else {
      return false
    }
    let source = try openSource().held(key)
    guard source.problem == nil else { return false }
    do throws(StateError) {
      let git = try snapshot.held(key)
      return source.digest != git.digest && reasonToLeave(key, source, git) != nil
    } catch {
      // Replay looks at it once it can be read.
      return false
    }
  }

  /// What git has, or had when both sides were last in step if that cannot be read any more.
  private func shared(_ key: ContractKey, at snapshot: StateSnapshot?) -> String {
    do throws(StateError) {
      if let snapshot { return try snapshot.held(key).digest }
    } catch {
      // Then the commit that both had still tells.
    }
    do throws(StateError) {
      return try git.snapshot(ofCommit: state.projected).held(key).digest
    } catch {
      guard state.unsynced[key] == nil, let agreed else { return HeldRecord.unknownDigest }
      return agreed[key]
    }
  }
}
