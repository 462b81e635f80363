import Git

extension MigrationBackend {
  /// What LevelDB, with the journal, has for a contract in phase 2, where git cannot be read.
  ///
  /// It answers for what both sides are known to have had alike, as far as git cannot have moved on since:
  /// else a record that git has lost would rise again, and what another program did to LevelDB would
  /// count.
  ///
  /// - Throws: Git's error, where LevelDB cannot prove an answer.
  func fallback(
    _ key: ContractKey, after error: StateError, _ state: MigrationState, _ entries: [JournalEntry]
  ) throws(StateError) -> Contract? {
    let isAtTip = isAtTip(state)
    guard state.unsynced[key] == nil, !entries.conflicts.contains(key) else { throw error }
    // A commit whose file does not parse has lost none that both had; that LevelDB has none proves
    // nothing then.
    guard isAtTip || isOnlyBroken(error, since: state.projected) else { throw error }
    let held: HeldRecord
    if let pending = entries.pending(key, .source) {
      held = pending
    } else {
      do throws(StateError) {
        held = try readSource(state).records[key] ?? .absent
      } catch let second {
        throw error.alsoFailed(second)
      }
      guard let agreed = try folder.agreed(state), held.digest == agreed[key] else {
        throw error.besidesForeignChange(key.description)
      }
    }
    switch held {
    case .record(let contract):
      tellFallback(error)
      return contract
    case .unreadable: throw error
    case .absent:
      guard isAtTip else { throw error }
      tellFallback(error)
      return nil
    }
  }

  /// What LevelDB, with the journal, has for a query in phase 2, where git cannot be read.
  ///
  /// - Throws: Git's error, unless all of LevelDB is known to be as git's tip is.
  func fallback(
    _ query: ContractQuery, after error: StateError, _ state: MigrationState,
    _ entries: [JournalEntry]
  ) throws(StateError) -> [Contract] {
    guard query.infrastructure == nil, isAtTip(state), state.unsynced.isEmpty,
      entries.conflicts.isEmpty
    else { throw error }
    var held: [ContractKey: HeldRecord]
    do throws(StateError) {
      held = try readSource(state).records
    } catch let second {
      throw error.alsoFailed(second)
    }
    let pending = entries.keys.filter { entries.pending($0, .source) != nil }
    guard let agreed = try folder.agreed(state), agreed.match(held, except: pending) else {
      throw error.besidesForeignChange("a contract")
    }
    for key in pending { held[key] = entries.pending(key, .source) }
    let found = try Self.contracts(held, query, state)
    tellFallback(error)
    return found
  }

  private func tellFallback(_ error: StateError) {
    options.notice("git could not be read, and LevelDB answered instead: \(error.message)")
  }

  /// Whether git's branch is where LevelDB was taken to.
  private func isAtTip(_ state: MigrationState) -> Bool {
    do throws(StateError) {
      return try gitBackend.tip() == state.projected
    } catch {
      return false
    }
  }

  /// Whether all that git's branch did to a file since a commit is that it does not parse any more.
  private func isOnlyBroken(_ error: StateError, since projected: String?) -> Bool {
    guard error.line != nil, let file = error.file else { return false }
    do {
      return try gitBackend.isOnlyBroken(file, since: projected)
    } catch {
      return false
    }
  }
}

extension GitBackend {
  /// Whether a file, in every commit since an earlier one, is as it was there or does not parse.
  func isOnlyBroken(_ path: String, since base: String?) throws(StateError) -> Bool {
    guard let base = base.flatMap(ObjectID.init(hex:)) else { return false }
    return try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try Self.isOnlyBroken(path, since: base, reader)
      }
    }
  }

  private static func isOnlyBroken(
    _ path: String, since base: ObjectID, _ reader: borrowing GitReader
  ) throws -> Bool {
    let name = String(path.split(separator: "/").last ?? "")
    guard let tip = try reader.branch().tip, try reader.repository.isAncestor(base, of: tip) else {
      return false
    }
    var commits: [ObjectID] = []
    try reader.repository.walk(from: [tip], hiding: [base]) { commit in
      commits.append(commit.id)
      return commits.count < 1000
    }
    let known = try reader.load(base).folder[name]?.blob
    return try commits.count < 1000
      && commits.allSatisfy { commit in
        let folder = try reader.load(commit).folder
        return folder[name]?.blob == known || folder.broken.contains { $0.name.text == name }
      }
  }
}

extension StateError {
  /// Whether the side could not tell, so that the other one may be asked.
  var isReadFailure: Bool { isOfSide || code == .serializationFailed }

  /// The error with what the other side said.
  func alsoFailed(_ other: StateError) -> StateError {
    var error = self
    error.message += "; and LevelDB could not be read instead: " + other.message
    return error
  }

  /// The error, where LevelDB is not as both sides had it.
  func besidesForeignChange(_ what: String) -> StateError {
    var error = self
    error.message +=
      "; and LevelDB cannot answer instead, since \(what.escapingUnprintable) is not known to be there as git had "
      + "it: another program has written to it"
    return error
  }
}
