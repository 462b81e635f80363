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
  /// What changed, compared with the first parent.
  public let changes: ChangeSet

  /// A person and a time.
  public struct Author: Hashable, Sendable {
    /// The person's name.
    public let name: String
    /// The person's address.
    public let email: String
    /// Seconds since 1970.
    public let time: Int64
  }

  init(_ commit: Commit, _ changes: ChangeSet) {
    self.commit = commit.id.hex
    parents = commit.parents.map(\.hex)
    author = Author(
      name: commit.author.name, email: commit.author.email, time: commit.author.time)
    subject = commit.subject
    body = commit.body
    operation = commit.trailers.last { $0.key == "GitState-Operation" }
      .map { Operation.Kind(rawValue: $0.value) }
    self.changes = changes
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
  /// - Complexity: Linear in the commits; files are parsed only where their blobs differ.
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
    entry: LogEntry, notes: [String]
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
      return (LogEntry(commit, changes), notes)
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
    var entries: [LogEntry] = []
    var notes: [String] = []
    guard let tip = try branch().tip, query.limit != 0 else { return ([], []) }
    var commits: [Commit] = []
    try repository.walk(from: [tip], order: .topological) { commit in
      if try isChanging(commit) { commits.append(commit) }
      // Without a filter, what is enough is enough.
      let isFiltered = query.selector != nil || query.since != nil || query.until != nil
      return isFiltered || commits.count < query.limit ?? .max
    }
    for commit in commits {
      if let since = query.since, commit.author.time < since { continue }
      if let until = query.until, commit.author.time > until { continue }
      var found: [String] = []
      let changes = try changes(of: commit, &found)
      notes += found.map { "in commit \(commit.id.short), \($0)" }
      if let selector = query.selector, !changes.changes.contains(where: selector.isTouched) {
        continue
      }
      entries.append(LogEntry(commit, changes))
      if entries.count == query.limit { break }
    }
    return (entries, notes)
  }

  /// What a commit changed, compared with its first parent.
  fileprivate mutating func changes(of commit: Commit, _ notes: inout [String]) throws -> ChangeSet
  {
    let parent = try commit.parents.first.flatMap { try repository.contains($0) ? $0 : nil }
    let before = try load(parent)
    let after = try load(commit.id)
    return ChangeSet(
      from: parent?.hex, before.folder, to: commit.id.hex, after.folder, notes: &notes)
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

extension ContractSelector {
  /// Whether a change concerns what is selected; a rename concerns the old name as well.
  fileprivate func isTouched(_ change: ContractChange) -> Bool {
    change.keys.contains(where: contains)
  }
}
