/// The order in which a walk gives commits.
public enum WalkOrder: Hashable, Sendable {
  /// The newest committer time first, as `git log` does.
  case time
  /// A commit before all its parents, and lines of history not mixed, as `git log --topo-order`.
  case topological
}
