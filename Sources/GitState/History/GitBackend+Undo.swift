import Git

/// Contracts that an operation is limited to.
public enum ContractSelector: Hashable, Sendable {
  /// One contract.
  case contract(ContractKey)
  /// All contracts of a chain.
  case chain(ChainID)

  /// Whether a contract is meant.
  func contains(_ key: ContractKey) -> Bool {
    switch self {
    case .contract(let wanted): wanted == key
    case .chain(let chainID): chainID == key.chainID
    }
  }
}

extension GitBackend {
  /// Takes back what commits changed, as one new commit; what later commits did to other contracts
  /// and fields stays.
  ///
  /// - Parameters:
  ///   - revisions: The commits, in the order in which they are taken back; `A..B` stands for those
  ///     that lead to B and not to A and changed the state, newest first.
  ///   - mainline: For merges: the parent, from 1, that the merge is compared with.
  ///   - resolution: Which side is right where later commits changed the same: `ours` is what is
  ///     there now, `theirs` what was there before the commit.
  ///   - reason: Why.
  ///   - isDryRun: Whether nothing is written.
  /// - Returns: The changes, empty where nothing of the commits is left to take back.
  /// - Throws: `MERGE_CONFLICT` with all ``StateError/conflicts`` where later commits changed the
  ///   same fields; then nothing was written.
  public func revert(
    _ revisions: [String], mainline: Int? = nil,
    resolving resolution: MergeResolution = MergeResolution(), reason: String? = nil,
    isDryRun: Bool = false
  ) throws(StateError) -> WriteResult {
    let revisions = try read { reader throws(StateError) in try reader.expanded(revisions) }
    for revision in revisions { try refuseCommitOfCode(revision) }
    let operation = PlannedOperation(.revert, reason: reason) {
      context, folder throws(StateError) in
      var outcome = PlannedOperation.Outcome()
      var conflicts: [MergeConflict] = []
      var undone: [ChangeSet] = []
      let now = folder
      var renames: [ContractKey: ContractKey] = [:]
      var subjects: [String] = []
      var seen: Set<ObjectID> = []
      for revision in revisions {
        let commit = try context.commit(revision)
        guard seen.insert(commit.id).inserted else { continue }
        let parent = try Self.parent(
          of: commit, mainline: mainline, isOneOfSeveral: revisions.count > 1)
        let (after, before) = (try context.folder(commit.id), try context.folder(parent))
        folder = try folder.merging(
          from: after, to: before, resolution: resolution, conflicts: &conflicts)
        var notes: [String] = []
        undone.append(ChangeSet(from: nil, before, to: nil, after, notes: &notes))
        if !resolution.contracts.isEmpty {
          renames.merge(after.renames(to: now)) { first, _ in first }
        }
        subjects.append(commit.subject)
        outcome.trailers.append(("GitState-Reverts", commit.id.hex))
      }
      try resolution.refuseUnmet(by: undone, renames: renames, "the commits to revert")
      try Self.refuse(conflicts, "the revert conflicts with later changes of")
      outcome.subject =
        subjects.count == 1
        ? "Revert \"\(subjects[0].escapingUnprintable)\"" : "Revert \(subjects.count) commits"
      return outcome
    }
    return try (isDryRun ? preview([operation]) : write([operation]))[0].get()
  }

  /// The state that a commit's change is the difference to.
  ///
  /// Among several commits those that are no merges have but one parent to take back to.
  private static func parent(of commit: Commit, mainline: Int?, isOneOfSeveral: Bool)
    throws(StateError) -> ObjectID?
  {
    let parents = commit.parents
    guard parents.count > 1 else {
      guard mainline == nil || isOneOfSeveral else {
        throw StateError(
          .invalidArgument,
          "nothing was written: \(commit.id.short) is no merge; --mainline is for merges")
      }
      return parents.first
    }
    guard let mainline else {
      throw StateError(
        .invalidArgument,
        "nothing was written: \(commit.id.short) is a merge; say with --mainline 1 (or 2) which of "
          + "its parents' states the change is to be taken back to, 1 being the branch that was "
          + "merged into")
    }
    guard (1...parents.count).contains(mainline) else {
      throw StateError(
        .invalidArgument,
        "nothing was written: \(commit.id.short) has \(parents.count) parents, so --mainline is a "
          + "number from 1 to \(parents.count)")
    }
    return parents[mainline - 1]
  }

  /// Puts one contract back as it was at a commit.
  ///
  /// - Parameters:
  ///   - key: The contract.
  ///   - revision: The commit that has the wanted record.
  ///   - reason: Why.
  ///   - isDryRun: Whether nothing is written.
  /// - Returns: The changes, empty where the record is the same already.
  /// - Throws: `STATE_NOT_FOUND` where there is no such commit, or no such contract in it.
  public func restore(
    _ key: ContractKey, from revision: String, reason: String? = nil, isDryRun: Bool = false
  ) throws(StateError) -> WriteResult {
    let operation = PlannedOperation(.restore, reason: reason) {
      context, folder throws(StateError) in
      let commit = try context.commit(revision)
      let old = try context.folder(commit.id)
      guard let contract = try old.contract(key) else {
        throw StateError(
          .notFound,
          "\(key.description.escapingUnprintable) is not in commit \(commit.id.short); gitstate log "
            + "\(key.description.escapingUnprintable) shows where it is", key: key)
      }
      let plan = try MutationPlan(
        [.importRecord(contract, overwrite: true)], current: folder.contract, network: { _ in nil })
      try folder.apply(plan.results, isTaken: context.isTaken)
      let network = try folder.file(of: key.chainID)?.network ?? key.chainID.description
      return PlannedOperation.Outcome(
        outcomes: plan.outcomes,
        subject: "\(network.escapingUnprintable): restore \(key.name.escapingUnprintable) from "
          + commit.id.short,
        trailers: [("GitState-From", commit.id.hex)])
    }
    return try (isDryRun ? preview([operation]) : write([operation]))[0].get()
  }

  /// Puts the state back as it was at a commit.
  ///
  /// - Parameters:
  ///   - revision: The commit that has the wanted state.
  ///   - selectors: The contracts to put back; empty is all, every network's file being then just
  ///     what it was.
  ///   - reason: Why.
  ///   - isDryRun: Whether nothing is written.
  /// - Returns: The changes, empty where the state is the same already.
  /// - Throws: `STATE_NOT_FOUND` where there is no such commit.
  public func rollback(
    to revision: String, only selectors: [ContractSelector] = [], reason: String? = nil,
    isDryRun: Bool = false
  ) throws(StateError) -> WriteResult {
    try refuseCommitOfCode(revision, isChange: false)
    for selector in selectors { try refuseUnknown(selector, at: revision) }
    let operation = PlannedOperation(.rollback, reason: reason) {
      context, folder throws(StateError) in
      let commit = try context.commit(revision)
      let old = try context.folder(commit.id)
      if selectors.isEmpty {
        do throws(StateError) {
          folder = try folder.rolledBack(to: old)
        } catch {
          var error = error
          error.message = "nothing was written: in commit \(commit.id.short), \(error.message)"
          throw error
        }
      } else {
        try folder.rollBack(selectors, to: old, isTaken: context.isTaken)
      }
      let what = selectors.isEmpty ? "" : Self.shown(selectors) + " "
      return PlannedOperation.Outcome(
        subject: "Roll back \(what)to \(commit.id.short): \(commit.subject.escapingUnprintable)",
        trailers: [("GitState-From", commit.id.hex)])
    }
    return try (isDryRun ? preview([operation]) : write([operation]))[0].get()
  }

  /// Refuses a contract or chain that is neither there now nor at a revision, and never was.
  private func refuseUnknown(_ selector: ContractSelector, at revision: String) throws(StateError) {
    for folder in [try snapshot().folder, try snapshot(at: revision).folder] {
      let isKnown =
        switch selector {
        case .contract(let key): folder.mayHave(key)
        case .chain(let chainID):
          !folder.broken.isEmpty || folder.deployments.contains { $0.chainID == chainID }
        }
      if isKnown { return }
    }
    do throws(StateError) {
      try refuseUnknown(selector)
    } catch {
      var error = error
      error.message = "nothing was written: \(error.message)"
      throw error
    }
  }

  /// Refuses a commit that never had any state: where the state has a branch of its own, `HEAD~1` is
  /// the code's; rolling back to it would remove every contract, and reverting it does nothing.
  private func refuseCommitOfCode(_ revision: String, isChange: Bool = true) throws(StateError) {
    try read { reader throws(StateError) in
      let commit = try reader.commit(revision)
      guard try reader.isOfCode(commit, isChange: isChange) else { return }
      throw StateError.commitOfCode(revision, "nothing was written: ")
    }
  }

  /// What a rollback is limited to, for the commit's subject.
  private static func shown(_ selectors: [ContractSelector]) -> String {
    guard selectors.count == 1 else { return "\(selectors.count) contracts and chains" }
    return switch selectors[0] {
    case .contract(let key): key.description.escapingUnprintable
    case .chain(let chainID): "chain \(chainID)"
    }
  }

  static func refuse(_ conflicts: [MergeConflict], _ what: String) throws(StateError) {
    guard let first = conflicts.first else { return }
    var fields: [ContractKey: [String]] = [:]
    for conflict in conflicts { fields[conflict.key, default: []].append(conflict.field) }
    let named = fields.keys.sorted().prefix(5).map { key in
      let names = (fields[key] ?? []).map(\.escapingUnprintable).joined(separator: ", ")
      // A member of the file itself belongs to no contract.
      let what = key.name.isEmpty ? "chain \(key.chainID)" : key.description.escapingUnprintable
      return "\(what) (\(names))"
    }
    let rest = fields.count > 5 ? " and \(fields.count - 5) more" : ""
    throw StateError(
      .mergeConflict,
      "nothing was written: \(what) \(named.joined(separator: ", "))"
        + "\(rest); settle them with --resolve ours, --resolve theirs or --resolve KEY=ours",
      key: first.key.name.isEmpty ? nil : first.key, conflicts: conflicts)
  }
}

extension DeploymentFolder {
  /// Puts the selected contracts back as another state has them, those it has not removed.
  fileprivate mutating func rollBack(
    _ selectors: [ContractSelector], to other: DeploymentFolder,
    isTaken: (String) throws(StateError) -> Bool
  ) throws(StateError) {
    var changes: [ContractKey: Contract?] = [:]
    for file in deployments {
      for name in file.contractNames {
        let key = ContractKey(file.chainID, name)
        if selectors.contains(where: { $0.contains(key) }) { changes[key] = .some(nil) }
      }
    }
    for file in other.deployments {
      for name in file.contractNames {
        let key = ContractKey(file.chainID, name)
        guard selectors.contains(where: { $0.contains(key) }) else { continue }
        let contract = try other.contract(key)
        if try self.contract(key) == contract {
          changes[key] = nil
        } else {
          changes[key] = .some(contract)
        }
      }
    }
    try apply(
      changes.sorted { $0.key < $1.key }.map { (key: $0.key, contract: $0.value) },
      isTaken: isTaken)
    // A chain that the other state does not have at all had no file there.
    for file in deployments
    where file.contractNames.isEmpty && selectors.contains(.chain(file.chainID)) {
      if try other.file(of: file.chainID) == nil { self[file.name] = nil }
    }
  }
}

extension GitReader {
  /// What to say of a range that has no commit where its reverse has some; else nothing.
  private func reversalHint(_ range: String, from end: ObjectID?, hiding start: ObjectID?)
    throws(StateError) -> String
  {
    guard let start, let end else { return "" }
    let isReversed = try convertingGitErrors(.backendUnavailable, "the history could not be read") {
      var isFound = false
      try repository.walk(from: [start], hiding: [end], order: .topological) { commit in
        isFound = try isChanging(commit)
        return !isFound
      }
      return isFound
    }
    guard isReversed, let dots = range.firstRange(of: "..") else { return "" }
    let (old, new) = (String(range[..<dots.lowerBound]), String(range[dots.upperBound...]))
    return "; the other way round it has: \("\(new)..\(old)".quoted)"
  }

  /// Revisions with ranges in place of which their commits stand, newest first.
  fileprivate func expanded(_ revisions: [String]) throws(StateError) -> [String] {
    var expanded: [String] = []
    for revision in revisions {
      guard revision.contains("..") else {
        expanded.append(revision)
        continue
      }
      let (start, end) = try ends(of: revision)
      let commits = try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        var commits: [String] = []
        try repository.walk(
          from: end.map { [$0] } ?? [], hiding: start.map { [$0] } ?? [], order: .topological
        ) { commit in
          if try isChanging(commit) { commits.append(commit.id.hex) }
          return true
        }
        return commits
      }
      guard !commits.isEmpty else {
        throw StateError(
          .invalidArgument,
          "nothing was written: \(revision.quoted) has no commit that changed the state"
            + (try reversalHint(revision, from: end, hiding: start)))
      }
      expanded += commits
    }
    return expanded
  }
}
