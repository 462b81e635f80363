/// What HEAD names.
public enum Head: Hashable, Sendable {
  /// A branch by its full name (`refs/heads/main`), and its commit; nil where it has none yet.
  case branch(name: String, target: ObjectID?)
  /// A commit and no branch.
  case detached(ObjectID)

  /// The commit that is checked out; nil on a branch without one.
  public var target: ObjectID? {
    switch self {
    case .branch(_, let target): target
    case .detached(let id): id
    }
  }
}
