/// A commit as it was read: a plain value that outlives the repository.
public struct Commit: Hashable, Sendable {
  /// The commit's name.
  public let id: ObjectID
  /// The tree that it records.
  public let tree: ObjectID
  /// The commits that it follows, the branch's own first.
  public let parents: [ObjectID]
  /// Who made the change, and when.
  public let author: Signature
  /// Who made the commit, and when.
  public let committer: Signature
  /// The whole message; bytes that are not UTF-8 are replaced.
  public let message: String

  /// A commit of these parts.
  public init(
    id: ObjectID, tree: ObjectID, parents: [ObjectID], author: Signature, committer: Signature,
    message: String
  ) {
    self.id = id
    self.tree = tree
    self.parents = parents
    self.author = author
    self.committer = committer
    self.message = message
  }

  /// The first paragraph of the message in one line.
  public var subject: String { CommitMessage(message).subject }

  /// What follows the first paragraph, trailers included, without empty lines at its ends.
  public var body: String { CommitMessage(message).body }

  /// The `key: value` lines that end the message, as git finds them, in their order.
  public var trailers: [(key: String, value: String)] { CommitMessage(message).trailers }
}
