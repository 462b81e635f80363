import Git

/// How another commit stands to a branch's tip.
enum HistoryRelation {
  /// The branch has it already.
  case contained
  /// The branch leads to it: it can just move there.
  case ahead
  /// Both have commits that the other lacks, since this one, or these where lines crossed.
  case diverged([ObjectID])
  /// They have no commit in common, or a shallow clone lacks it.
  case unrelated(isShallow: Bool)
}

extension Repository {
  /// How another commit stands to a branch's tip.
  func relation(of other: ObjectID, to tip: ObjectID?) throws -> HistoryRelation {
    guard let tip else { return .ahead }
    if try isAncestor(other, of: tip) { return .contained }
    if try isAncestor(tip, of: other) { return .ahead }
    let bases = try mergeBases(tip, other)
    return bases.isEmpty ? .unrelated(isShallow: isShallow) : .diverged(bases)
  }

  /// Refuses a commit that a shallow clone does not have.
  func refuseCut(_ commit: ObjectID?) throws {
    guard let commit, isShallow, try !contains(commit) else { return }
    throw StateError(
      .backendUnavailable,
      "commit \(commit.short) is not here: this is a shallow clone; get the rest of its history with: "
        + "git fetch --unshallow")
  }
}
