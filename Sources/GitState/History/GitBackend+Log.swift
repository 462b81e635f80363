import Git

extension GitBackend {
  /// The commits that changed the state, newest first.
  ///
  /// - Returns: The commits, with notes on what cannot be told.
  /// - Complexity: Linear in the commits where no contract is asked for. Where one is, an index in the
  ///   git directory answers; to make it takes a walk through the whole history, once.
  public func log(_ query: LogQuery = LogQuery()) throws(StateError) -> Log {
    try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try reader.log(query)
      }
    }
  }

  /// A commit with what it changed, compared with its first parent.
  ///
  /// - Parameter revision: What `git rev-parse` takes, or a date; nil is the branch's tip.
  /// - Returns: The commit, its changes, and for a merge what it left out of any of its parents.
  /// - Throws: `STATE_NOT_FOUND` where there is no such commit, `BACKEND_UNAVAILABLE` where a shallow
  ///   clone lacks its parent.
  public func show(_ revision: String? = nil) throws(StateError) -> CommitReport {
    try read { reader throws(StateError) in
      let wanted = revision == nil ? try reader.snapshot(at: nil).commitID : revision
      guard let revision = wanted else {
        throw StateError(.notFound, "there is no commit yet on the branch that has the state")
      }
      let commit = try reader.commit(revision)
      return try convertingGitErrors(
        .backendUnavailable, "commit \(commit.id.short) could not be read"
      ) {
        let changes = try reader.changes(of: commit)
        guard !changes.isCut else {
          throw StateError(
            .backendUnavailable,
            "what commit \(commit.id.short) changed cannot be told: this is a shallow clone, which "
              + "lacks its parent \(commit.parents[0].short); get the rest of its history with: "
              + "git fetch --unshallow")
        }
        return CommitReport(
          entry: LogEntry(commit, changes), changes: changes.all, dropped: changes.dropped,
          notes: changes.notes)
      }
    }
  }

  /// What one line of history did since it parted from another: the difference from their common
  /// ancestor to its end, as `git diff A...B` has it.
  ///
  /// - Parameters:
  ///   - other: The line that is compared with; nil is the branch's tip.
  ///   - line: The line; nil is the branch's tip.
  /// - Returns: The difference, and a sentence for each file that could not be compared.
  /// - Throws: `INVALID_ARGUMENT` where they have no commit in common, `BACKEND_UNAVAILABLE` where a
  ///   shallow clone lacks it.
  public func changes(since other: String?, on line: String?) throws(StateError) -> (
    changes: ChangeSet, notes: [String]
  ) {
    let (base, end) = try read { reader throws(StateError) in
      let (start, end) = try reader.ends(of: "\(other ?? "")..\(line ?? "")")
      guard let start, let end else {
        throw StateError(.notFound, "there is no commit yet on the branch that has the state")
      }
      let base = try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try reader.repository.mergeBase(start, end)
      }
      if let base { return (base.hex, end.hex) }
      throw reader.repository.isShallow
        ? StateError(
          .backendUnavailable,
          "this is a shallow clone, which lacks the commits in which \(start.short) and \(end.short) "
            + "parted; get them with: git fetch --unshallow")
        : StateError(
          .invalidArgument, "\(start.short) and \(end.short) have no commit in common")
    }
    return try changes(from: base, to: end)
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
  fileprivate mutating func log(_ query: LogQuery) throws -> Log {
    guard query.limit != 0 else { return Log() }
    var log: Log
    if let selector = query.selector {
      log = try indexed(query, selector)
    } else {
      log = try walk(query)
      guard log.entries.count < query.limit ?? .max else { return log }
    }
    if let note = try cutNote("what that commit and older ones changed is not here") {
      log.notes.append(note)
      log.isCut = true
    }
    return log
  }

  /// The commits that the index has for a contract or chain.
  private mutating func indexed(_ query: LogQuery, _ selector: ContractSelector) throws -> Log {
    let found = try withIndex { index in
      try (index.commits(touching: selector), index.notes(), index)
    }
    guard let (commits, notes, index) = found else { return Log() }
    var log = Log()
    for (id, _) in commits {
      let commit = try repository.commit(id)
      guard query.covers(commit) else { continue }
      let (contracts, dropped) = try index.contracts(of: id)
      log.entries.append(LogEntry(commit, contracts, dropped: dropped))
      if log.entries.count == query.limit { break }
    }
    log.notes = notes.flatMap { commit, notes in notes.map { "in commit \(commit.short), \($0)" } }
    return log
  }

  /// The commits that a walk finds.
  private mutating func walk(_ query: LogQuery) throws -> Log {
    var log = Log()
    guard let tip = try branch().tip else { return log }
    try repository.walk(from: [tip], order: .topological) { commit in
      guard query.covers(commit), try mayChange(commit) else { return true }
      let changes = try changes(of: commit)
      // A merge that has the folder of one parent changed something only if it dropped something.
      if commit.parents.count > 1, changes.dropped.isEmpty, try !isChanging(commit) { return true }
      log.notes += changes.notes.map { "in commit \(commit.id.short), \($0)" }
      log.entries.append(LogEntry(commit, changes))
      return log.entries.count < query.limit ?? .max
    }
    return log
  }

  /// Whether a commit has another deployments folder than each of its parents.
  func isChanging(_ commit: Commit) throws -> Bool {
    let (own, before) = try folders(of: commit)
    return before.isEmpty ? own != nil : !before.contains(own)
  }

  /// Whether a commit has another deployments folder than any of its parents.
  private func mayChange(_ commit: Commit) throws -> Bool {
    let (own, before) = try folders(of: commit)
    return before.isEmpty ? own != nil : before.contains { $0 != own }
  }

  /// The tree of a commit's deployments folder, and those of its parents that are here.
  private func folders(of commit: Commit) throws -> (own: ObjectID?, before: [ObjectID?]) {
    let own = try repository.entry(at: location.folder, in: commit.tree)?.id
    guard try !repository.isCut(commit) else { return (own, []) }
    return (
      own,
      try commit.parents.map { parent in
        try repository.entry(at: location.folder, in: try repository.commit(parent).tree)?.id
      }
    )
  }

  /// The folder as the working tree has it, without files that are absent there; nil where it has
  /// another branch.
  mutating func workingFolder() throws(StateError) -> DeploymentFolder? {
    try convertingGitErrors(.backendUnavailable, "the working files could not be read") {
      guard let root = location.workingDirectory,
        case .branch(let head, _) = try repository.head(), head == (try branch().name)
      else { return nil }
      var notes: [String] = []
      var folder = try workingSnapshot(&notes)?.folder ?? snapshot(at: nil).folder
      for file in folder.deployments
      where try FileSystem.kind(of: "\(root)/\(folder.pathOf(file.name))") == .absent {
        folder[file.name] = nil
      }
      return folder
    }
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
