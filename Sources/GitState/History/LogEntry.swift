import Git
import LosslessJSON

/// A commit that changed the state.
public struct LogEntry: Sendable {
  /// The commit, as 40 hex digits.
  public let commit: String
  /// Its parents.
  public let parents: [String]
  /// Who made the change.
  public let author: Author
  /// The message's first line.
  public let subject: String
  /// The message's other lines, the trailers included.
  public let body: String
  /// What kind of operation a commit of ours says it is; nil for the commits of others.
  public let operation: Operation.Kind?
  /// The contracts that it changed, compared with the first parent, and those that it dropped.
  public let contracts: [ContractKey]
  /// Of these, the contracts of which a merge left out what a parent had, though no side took it back.
  public let dropped: [ContractKey]
  /// Whether a shallow clone lacks the commit's parents, so that what it changed is not known.
  public let isCut: Bool

  /// A person and a time.
  public struct Author: Hashable, Sendable {
    /// The person's name.
    public let name: String
    /// The person's address.
    public let email: String
    /// Seconds since 1970.
    public let time: Int64
  }

  init(
    _ commit: Commit, _ contracts: [ContractKey], dropped: [ContractKey] = [], isCut: Bool = false
  ) {
    self.commit = commit.id.hex
    parents = commit.parents.map(\.hex)
    author = Author(
      name: commit.author.name, email: commit.author.email, time: commit.author.time)
    subject = commit.subject
    body = commit.body
    operation = commit.trailers.last { $0.key == "GitState-Operation" }
      .map { Operation.Kind(rawValue: $0.value) }
    self.contracts = contracts
    self.dropped = dropped
    self.isCut = isCut
  }

  init(_ commit: Commit, _ changes: CommitChanges) {
    self.init(
      commit, changes.contracts, dropped: changes.dropped.map(\.change.key), isCut: changes.isCut)
  }
}

/// Commits that changed the state, as far as they can be told.
public struct Log: Sendable {
  /// The commits, newest first.
  public var entries: [LogEntry] = []
  /// A sentence for each commit that has a file which cannot be read, and for the end of a shallow
  /// clone's history.
  public var notes: [String] = []
  /// Whether older commits are missing, since the clone is shallow.
  public var isCut = false
}

/// A commit with what it changed.
public struct CommitReport: Sendable {
  /// The commit.
  public let entry: LogEntry
  /// What it changed, compared with its first parent.
  public let changes: ChangeSet
  /// What a merge left out that a parent had, though no side took it back.
  public let dropped: [DroppedChange]
  /// A sentence for each file of it that cannot be read.
  public let notes: [String]
}

extension LogEntry {
  /// The reason that was given for a commit of ours: the first paragraph of its body, where that is
  /// neither the list of changes nor the trailers.
  public var reason: String? {
    guard operation != nil else { return nil }
    let paragraphs = body.split(separator: "\n\n", omittingEmptySubsequences: true)
    guard let first = paragraphs.first, !first.hasPrefix("GitState-") else { return nil }
    // Ours have the reason, the changes and the trailers; without a reason, the changes come first.
    return paragraphs.count > 2 ? String(first) : nil
  }

  /// The reason on one line, or else the subject.
  public var why: String {
    reason.map { $0.split(separator: "\n").joined(separator: " ") } ?? subject
  }
}

/// Which commits to list.
public struct LogQuery: Sendable {
  /// Only commits that changed this; nil is any contract.
  public var selector: ContractSelector?
  /// At most this many.
  public var limit: Int?
  /// Only commits whose author date is not earlier, in seconds since 1970.
  public var since: Int64?
  /// Only commits whose author date is not later, in seconds since 1970.
  public var until: Int64?

  /// Makes a query; without arguments it lists every commit that changed the state.
  ///
  /// - Parameters:
  ///   - selector: Only commits that changed this.
  ///   - limit: At most this many.
  ///   - since: Only commits whose author date is not earlier.
  ///   - until: Only commits whose author date is not later.
  public init(
    selector: ContractSelector? = nil, limit: Int? = nil, since: Int64? = nil, until: Int64? = nil
  ) {
    self.selector = selector
    self.limit = limit
    self.since = since
    self.until = until
  }
}
