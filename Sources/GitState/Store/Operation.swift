/// What a caller asks of a backend as one: all of it happens, or nothing.
///
/// In git each operation that changes anything is one commit.
public struct Operation: Sendable {
  /// What kind of operation a commit records, in its trailer `GitState-Operation`.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// The word in the trailer.
    public let rawValue: String
    /// Makes a kind from its word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// One contract recorded.
    public static let put = Kind(rawValue: "put")
    /// One contract removed.
    public static let delete = Kind(rawValue: "delete")
    /// Several changes as one.
    public static let transaction = Kind(rawValue: "transaction")
    /// Records taken from another store.
    public static let importing = Kind(rawValue: "import")
    /// The inverse of earlier commits.
    public static let revert = Kind(rawValue: "revert")
    /// One contract as it once was.
    public static let restore = Kind(rawValue: "restore")
    /// The state as it once was.
    public static let rollback = Kind(rawValue: "rollback")
    /// Two lines of history joined.
    public static let merge = Kind(rawValue: "merge")
    /// Edits made by hand, taken over.
    public static let adopt = Kind(rawValue: "adopt")
    /// A step of a migration.
    public static let migrate = Kind(rawValue: "migrate")

    /// All that this library knows.
    static let all: [Kind] = [
      .put, .delete, .transaction, .importing, .revert, .restore, .rollback, .merge, .adopt,
      .migrate,
    ]
  }

  /// The kind of operation.
  public var kind: Kind
  /// The changes, in order.
  public var mutations: [Mutation]
  /// Why, in the caller's words: the first paragraph of the commit's body.
  public var reason: String?
  /// Trailers of the caller's own.
  public var trailers: [(key: String, value: String)]
  /// The author's date in seconds since 1970, where it is not now.
  public var authorTime: Int64?

  /// Makes an operation.
  ///
  /// - Parameters:
  ///   - kind: The kind of operation.
  ///   - mutations: The changes, in order.
  ///   - reason: Why, in the caller's words.
  ///   - trailers: Trailers of the caller's own.
  ///   - authorTime: The author's date in seconds since 1970, where it is not now.
  public init(
    _ kind: Kind, _ mutations: [Mutation], reason: String? = nil,
    trailers: [(key: String, value: String)] = [], authorTime: Int64? = nil
  ) {
    self.kind = kind
    self.mutations = mutations
    self.reason = reason
    self.trailers = trailers
    self.authorTime = authorTime
  }
}

/// The answer to an operation that was done.
///
/// From now on it is durable.
public struct WriteResult: Sendable {
  /// What changed.
  ///
  /// Its `to` is the new commit, or nil where nothing changed or the backend has no
  /// commits.
  public var changes: ChangeSet
  /// The commit's first line; nil where there is no commit.
  public var subject: String?
  /// What became of each mutation, in order.
  public var outcomes: [MutationOutcome]
  /// What the caller should know: a file left alone, a hash removed.
  public var warnings: [String]

  /// Makes an answer.
  public init(changes: ChangeSet, outcomes: [MutationOutcome] = [], warnings: [String] = []) {
    self.changes = changes
    self.outcomes = outcomes
    self.warnings = warnings
  }
}
