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
  /// The contracts that it changed, compared with the first parent.
  public let contracts: [ContractKey]

  /// A person and a time.
  public struct Author: Hashable, Sendable {
    /// The person's name.
    public let name: String
    /// The person's address.
    public let email: String
    /// Seconds since 1970.
    public let time: Int64
  }

  init(_ commit: Commit, _ contracts: [ContractKey]) {
    self.commit = commit.id.hex
    parents = commit.parents.map(\.hex)
    author = Author(
      name: commit.author.name, email: commit.author.email, time: commit.author.time)
    subject = commit.subject
    body = commit.body
    operation = commit.trailers.last { $0.key == "GitState-Operation" }
      .map { Operation.Kind(rawValue: $0.value) }
    self.contracts = contracts
  }
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

extension GitBackend {
  /// The commits that changed the state, newest first.
  ///
  /// - Returns: The commits, and a sentence for each that has a file which cannot be read.
  /// - Complexity: Linear in the commits where no contract is asked for. Where one is, an index in the
  ///   git directory answers; to make it takes a walk through the whole history, once.
  public func log(_ query: LogQuery = LogQuery()) throws(StateError) -> (
    entries: [LogEntry], notes: [String]
  ) {
    try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try reader.log(query)
      }
    }
  }

  /// A commit with what it changed, compared with its first parent.
  ///
  /// - Parameter revision: What `git rev-parse` takes, or a date; nil is the branch's tip.
  /// - Returns: The commit, and a sentence for each file of it that cannot be read.
  /// - Throws: `STATE_NOT_FOUND` where there is no such commit.
  public func show(_ revision: String? = nil) throws(StateError) -> (
    entry: LogEntry, changes: ChangeSet, notes: [String]
  ) {
    try read { reader throws(StateError) in
      let wanted = revision == nil ? try reader.snapshot(at: nil).commitID : revision
      guard let revision = wanted else {
        throw StateError(.notFound, "there is no commit yet on the branch that has the state")
      }
      let commit = try reader.commit(revision)
      var notes: [String] = []
      let changes = try convertingGitErrors(
        .backendUnavailable, "commit \(commit.id.short) could not be read"
      ) { try reader.changes(of: commit, &notes) }
      return (LogEntry(commit, changes.changes.map(\.key)), changes, notes)
    }
  }

  /// The difference of two revisions.
  ///
  /// - Parameters:
  ///   - old: The first revision; nil is the branch's tip.
  ///   - new: The second revision; nil is the working files where they differ from the tip, or else
  ///     the tip.
  /// - Returns: The difference, and a sentence for each file that could not be compared.
  /// - Throws: `STATE_NOT_FOUND` where there is no such commit.
  public func changes(from old: String?, to new: String?) throws(StateError) -> (
    changes: ChangeSet, notes: [String]
  ) {
    try read { reader throws(StateError) in
      var notes: [String] = []
      let before = try reader.snapshot(at: old)
      let after: StateSnapshot
      if new == nil, let edited = try reader.workingSnapshot(&notes) {
        after = edited
      } else {
        after = try reader.snapshot(at: new)
      }
      let changes = ChangeSet(
        from: before.commitID, before.folder, to: after.commitID, after.folder, notes: &notes)
      return (changes, notes)
    }
  }
}

extension GitReader {
  fileprivate mutating func log(_ query: LogQuery) throws -> (entries: [LogEntry], notes: [String])
  {
    guard query.limit != 0 else { return ([], []) }
    guard let selector = query.selector else { return try walk(query) }
    return try indexed(query, selector) ?? ([], [])
  }

  /// The commits that the index has for a contract or chain.
  private mutating func indexed(_ query: LogQuery, _ selector: ContractSelector) throws -> (
    entries: [LogEntry], notes: [String]
  )? {
    let found = try withIndex { index in
      try (index.commits(touching: selector), index.notes(), index)
    }
    guard let (commits, notes, index) = found else { return nil }
    var entries: [LogEntry] = []
    for (id, _) in commits {
      let commit = try repository.commit(id)
      guard query.covers(commit) else { continue }
      entries.append(LogEntry(commit, try index.contracts(of: id)))
      if entries.count == query.limit { break }
    }
    return (
      entries, notes.flatMap { commit, notes in notes.map { "in commit \(commit.short), \($0)" } }
    )
  }

  /// The commits that a walk finds.
  private mutating func walk(_ query: LogQuery) throws -> (entries: [LogEntry], notes: [String]) {
    var entries: [LogEntry] = []
    var notes: [String] = []
    guard let tip = try branch().tip else { return ([], []) }
    var commits: [Commit] = []
    try repository.walk(from: [tip], order: .topological) { commit in
      if query.covers(commit), try isChanging(commit) { commits.append(commit) }
      return commits.count < query.limit ?? .max
    }
    for commit in commits {
      var found: [String] = []
      let changes = try changes(of: commit, &found)
      notes += found.map { "in commit \(commit.id.short), \($0)" }
      entries.append(LogEntry(commit, changes.changes.map(\.key)))
    }
    return (entries, notes)
  }

  /// What a commit changed, compared with its first parent.
  fileprivate mutating func changes(of commit: Commit, _ notes: inout [String]) throws -> ChangeSet
  {
    let parent = try commit.parents.first.flatMap { try repository.contains($0) ? $0 : nil }
    return try changes(of: commit, from: parent, &notes)
  }

  /// Whether a commit has another deployments folder than each of its parents.
  private func isChanging(_ commit: Commit) throws -> Bool {
    let folder = try repository.entry(at: location.folder, in: commit.tree)?.id
    var parents: [ObjectID?] = []
    for parent in commit.parents where try repository.contains(parent) {
      parents.append(
        try repository.entry(at: location.folder, in: try repository.commit(parent).tree)?.id)
    }
    return parents.isEmpty ? folder != nil : !parents.contains(folder)
  }

  /// The working files as they are, where they differ from the tip; nil where they do not, or where
  /// there are none of this branch.
  fileprivate mutating func workingSnapshot(_ notes: inout [String]) throws(StateError)
    -> StateSnapshot?
  {
    try convertingGitErrors(.backendUnavailable, "the working files could not be read") {
      guard let root = location.workingDirectory,
        case .branch(let head, _) = try repository.head(), head == (try branch().name)
      else { return nil }
      let tip = try snapshot(at: nil)
      let files = try WorkingFiles(root: root, location: location)
      let folder = try files.folder(like: tip.folder, &notes)
      return tip.folder.names(thatDifferIn: folder).isEmpty
        ? nil : StateSnapshot(commit: nil, folder: folder)
    }
  }
}

extension LogQuery {
  /// Whether a commit is of the time asked for.
  fileprivate func covers(_ commit: Commit) -> Bool {
    commit.author.time >= since ?? .min && commit.author.time <= until ?? .max
  }
}
