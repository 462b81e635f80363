/// Something that a user has begun in a repository and not ended, such as a merge.
public struct RepositoryOperation: Hashable, Sendable {
  /// What can be under way.
  public enum Kind: String, Hashable, Sendable {
    /// `git merge`.
    case merge
    /// `git rebase`.
    case rebase
    /// `git cherry-pick`.
    case cherryPick = "cherry-pick"
    /// `git revert`.
    case revert
    /// `git bisect`.
    case bisect
    /// `git am`.
    case applyMailbox = "am"
  }

  /// What is under way.
  public let kind: Kind
  /// The branch that it will move or return to (`refs/heads/main`), where HEAD does not name it.
  public let branch: String?

  /// An operation under way.
  public init(kind: Kind, branch: String?) {
    self.kind = kind
    self.branch = branch
  }
}
