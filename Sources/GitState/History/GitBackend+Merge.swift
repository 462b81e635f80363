import Git

extension GitBackend {
  /// Merges another line of history into the branch that has the state, contract by contract and
  /// field by field.
  ///
  /// Where the branch is an ancestor of the other line, it just moves there; else the result is one
  /// commit with both as parents. Other files than the state's are merged as whole files; those that
  /// are checked out must be as the branch has them, or nothing is merged.
  ///
  /// - Parameters:
  ///   - revision: The commit to merge.
  ///   - name: What the commit's subject calls it; nil is the revision itself.
  ///   - resolution: Which side is right where both changed the same: `ours` is the branch.
  ///   - allowsUnrelated: Whether two histories without a common commit are merged.
  ///   - reason: Why.
  ///   - isDryRun: Whether nothing is written.
  /// - Returns: The changes to the branch, empty where it has all of the other line already.
  /// - Throws: `MERGE_CONFLICT` with all ``StateError/conflicts``; then nothing was written.
  public func merge(
    _ revision: String, as name: String? = nil, resolving resolution: MergeResolution = .init(),
    allowsUnrelated: Bool = false, reason: String? = nil, isDryRun: Bool = false
  ) throws(StateError) -> WriteResult {
    let merge = StateMerge(
      revision: revision, name: name ?? revision, resolution: resolution,
      allowsUnrelated: allowsUnrelated)
    let operation = PlannedOperation(.merge, reason: reason) { context, folder throws(StateError) in
      try merge.plan(context, &folder)
    }
    return try (isDryRun ? preview([operation]) : write([operation]))[0].get()
  }
}

/// A merge, as the writer plans it.
struct StateMerge: Sendable {
  var revision: String
  var name: String
  var resolution: MergeResolution
  var allowsUnrelated: Bool

  func plan(_ context: PlannedOperation.Context, _ folder: inout DeploymentFolder)
    throws(StateError) -> PlannedOperation.Outcome
  {
    let other = try context.commit(revision)
    guard let tip = context.tip else {
      folder = try context.folder(other.id)
      return PlannedOperation.Outcome(
        joins: PlannedOperation.Join(
          other: other, paths: try context.otherPaths(nil, other.id), isFastForward: true))
    }
    let relation = try context.relation(other.id)
    let bases: [ObjectID]
    switch relation {
    case .contained: return PlannedOperation.Outcome()
    case .ahead: bases = [tip]
    case .diverged(let common): bases = common
    case .unrelated(let isShallow):
      guard allowsUnrelated else { throw unrelated(other, isShallow: isShallow) }
      bases = []
    }
    let base = bases.first
    let (start, theirs) = (try Self.start(bases, context), try context.folder(other.id))
    let ours = try context.folder(tip)
    var conflicts: [MergeConflict] = []
    folder = try folder.merging(
      from: start, to: theirs, resolution: resolution, conflicts: &conflicts)
    var notes: [String] = []
    let changes = ChangeSet(from: nil, start, to: nil, theirs, notes: &notes)
    try resolution.refuseUnmet(by: [changes], renames: start.renames(to: ours), name.quoted)
    try GitBackend.refuse(conflicts, "the merge of \(name.quoted) conflicts with changes here of")
    let paths = try context.otherPaths(base, other.id)
    return PlannedOperation.Outcome(
      warnings: Self.warnings(
        ours: ChangeSet(from: nil, start, to: nil, ours, notes: &notes), theirs: changes),
      subject: "Merge \(name.escapingUnprintable)",
      joins: PlannedOperation.Join(
        other: other, paths: paths, isFastForward: base == tip))
  }

  /// The state that both lines come from; where they crossed, the states that they come from merged.
  ///
  /// Any one of these would do for what only one line changed since. But where the lines settled a
  /// conflict in two ways, one of them is as that state has it and would silently yield.
  private static func start(_ bases: [ObjectID], _ context: PlannedOperation.Context)
    throws(StateError) -> DeploymentFolder
  {
    guard let first = bases.first else { return try context.folder(nil) }
    var start = try context.folder(first)
    for other in bases.dropFirst() {
      let earlier = try Self.start(try context.mergeBases(first, other), context)
      var settled: [MergeConflict] = []
      start = try start.merging(
        from: earlier, to: try context.folder(other), resolution: .ancestors, conflicts: &settled)
    }
    return start
  }

  private func unrelated(_ other: Commit, isShallow: Bool) -> StateError {
    let problem = "\(name.quoted) (\(other.id.short)) and the branch that has the state"
    return StateError(
      .invalidArgument,
      isShallow
        ? "nothing was merged: this is a shallow clone, which lacks the commits in which \(problem) "
          + "parted; get them with: git fetch --unshallow"
        : "nothing was merged: \(problem) have no commit in common; to join them all the same: gitstate "
          + "merge --allow-unrelated-histories \(name.escapingUnprintable)")
  }

  /// What no field tells: a new implementation for a proxy that the other side replaced.
  private static func warnings(ours: ChangeSet, theirs: ChangeSet) -> [String] {
    func kinds(_ changes: ChangeSet) -> [ContractKey: ContractChange.Kind] {
      Dictionary(changes.changes.map { ($0.key, $0.kind) }, uniquingKeysWith: { first, _ in first })
    }
    let (mine, other) = (kinds(ours), kinds(theirs))
    let moved: Set<ContractChange.Kind> = [.redeployed, .upgraded]
    return mine.keys.sorted().compactMap { key in
      guard let left = mine[key], let right = other[key], moved.contains(left),
        moved.contains(right), left == .redeployed || right == .redeployed
      else { return nil }
      return "\(key.description.escapingUnprintable) was \(left.rawValue) on our side and "
        + "\(right.rawValue) on theirs: see that its addresses belong together"
    }
  }
}
