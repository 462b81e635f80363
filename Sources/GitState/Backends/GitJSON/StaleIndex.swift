import Git

/// Files of the state of which git's index has an earlier version than the branch, while the working tree
/// has the branch's: the user's next plain `git commit` would take back what was recorded since.
///
/// `git commit`, `merge` and `pull` read the index before they take its lock. A write of ours that falls
/// in between makes them fail at the branch, but the index that they had read is put in place of ours
/// first.
struct StaleIndex {
  /// One such file.
  struct File {
    /// Its path from the repository's root.
    let path: String
    /// What the branch has; nil where it has no such file.
    let current: (id: ObjectID, mode: FileMode)?
    /// What the index has; nil where it has no such file.
    let indexed: ObjectID?
    /// The last commit that has what the index has; nil where the index has no such file.
    let version: Commit?

    /// Whether it can only be stale, while that the index lacks a file may be meant (`git rm --cached`).
    var isProven: Bool { indexed != nil }

    /// What is wrong, as a sentence without an end.
    var problem: String {
      let path = path.escapingUnprintable
      guard let version else {
        return "git's index lacks \(path), so that your next git commit would remove it"
      }
      let id = version.id.short
      return current == nil
        ? "git's index has \(path) as it was in commit \(id), so that your next git commit would "
          + "bring back what was removed since"
        : "git's index has \(path) as it was in commit \(id), so that your next git commit would "
          + "take back what was recorded since"
    }

    /// How it came about and what to do.
    var sentence: String {
      "\(problem) (a git commit, merge or pull that ran beside a write leaves that behind); bring it in "
        + "step with: git reset -q -- \(path.escapingUnprintable)"
    }
  }

  /// How many commits are looked through for an earlier version.
  private static let reach = 2000

  /// Finds them.
  ///
  /// - Parameters:
  ///   - entries: What the index has in the folder, by path.
  ///   - folder: What the branch has.
  ///   - tip: The branch's tip.
  ///   - root: The working tree's root.
  ///   - repository: The repository.
  /// - Returns: The files, by path.
  /// - Throws: Where the history or a working file cannot be read.
  static func files(
    in entries: [String: IndexEntry], _ folder: DeploymentFolder, tip: ObjectID?, root: String,
    _ repository: borrowing Repository
  ) throws -> [File] {
    guard let tip else { return [] }
    var found: [File] = []
    for (path, current) in differing(entries, folder) {
      var indexed: ObjectID?
      if let entry = entries[path] {
        guard case .staged(let entry) = entry, !entry.skipWorktree, !entry.intentToAdd else {
          continue
        }
        indexed = entry.id
      }
      guard try blob(at: "\(root)/\(path)") == current?.id else { continue }
      var version: Commit?
      if let indexed {
        version = try repository.lastCommit(
          with: indexed, at: path, from: [tip], reach: reach)
        if version == nil { continue }
      }
      found.append(File(path: path, current: current, indexed: indexed, version: version))
    }
    return found
  }

  /// The state's files that the branch and the index have differently, by path: hardly ever any.
  private static func differing(_ entries: [String: IndexEntry], _ folder: DeploymentFolder) -> [(
    path: String, current: (id: ObjectID, mode: FileMode)?
  )] {
    var found: [(path: String, current: (id: ObjectID, mode: FileMode)?)] = []
    var known = 0
    for (name, item) in folder.items {
      guard let blob = item.blob else { continue }
      let path = folder.pathOf(name.text)
      let entry = entries[path]
      if entry != nil { known += 1 }
      if case .staged(let entry)? = entry, entry.id == blob { continue }
      found.append((path, (blob, item.mode)))
    }
    if known < entries.count {
      for path in entries.keys where path.hasSuffix(".json") {
        let name = FileSystem.split(path).name
        if folder[name] == nil, !name.hasPrefix(".") { found.append((path, nil)) }
      }
    }
    return found.sorted { $0.path.precedes($1.path) }
  }

  /// The working file's blob; nil where there is no file.
  private static func blob(at path: String) throws -> ObjectID? {
    guard try FileSystem.kind(of: path) == .file else { return nil }
    return try FileSystem.read(path).map { try ObjectID.blob($0) }
  }
}

extension GitBackend {
  /// What git's index would take back with the user's next commit, what a merge under way would lose, and
  /// what a commit took back already.
  ///
  /// - Returns: A sentence for each file, with the way back.
  /// - Throws: `BACKEND_UNAVAILABLE` where the index or the history cannot be read.
  func lostRaces() throws(StateError) -> [String] {
    let files = try staleFiles().map(\.sentence)
    let location = location
    return try read { reader throws(StateError) in
      guard location.workingDirectory != nil else { return files }
      let snapshot = try reader.snapshot(at: nil)
      return try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        let takenBack = try TakenBack.sentences(
          try InStepNotes(location), snapshot.folder, tip: snapshot.commit, reader.repository)
        guard try reader.isCheckedOut() else { return files + takenBack }
        return files + (try reader.unfinishedMerge()?.sentences ?? []) + takenBack
      }
    }
  }

  /// Looks at what the user's next `git commit` would have.
  ///
  /// - Parameter index: The index file; nil is the working tree's. git's hooks get it in
  ///   `GIT_INDEX_FILE`.
  /// - Returns: As errors, files that it would take back to an earlier version though nobody edited them,
  ///   records that a merge would lose, and staged files that cannot be read.
  /// - Throws: `BACKEND_UNAVAILABLE` where the index or the history cannot be read.
  public func verifyStaged(_ index: String? = nil) throws(StateError) -> VerificationReport {
    var report = VerificationReport(lastValidated: SystemClock.milliseconds)
    report.errors = try staleFiles(index).map(\.sentence)
    let location = location
    let (errors, count) = try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "what is staged could not be read") {
        guard location.workingDirectory != nil else { return ([String](), 0) }
        let (staged, hasConflict) = try reader.stagedFolder(index)
        let broken = staged.broken.map { "as it is staged, \($0.error.message)" }
        let lost =
          try reader.isCheckedOut() && !hasConflict
          ? reader.unfinishedMerge(to: staged, in: .index)?.sentences ?? [] : []
        return (broken + lost, staged.deployments.reduce(0) { $0 + $1.contractNames.count })
      }
    }
    report.errors += errors
    report.contractCount = count
    return report
  }

  private func staleFiles(_ index: String? = nil) throws(StateError) -> [StaleIndex.File] {
    let location = location
    return try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "git's index could not be read") {
        guard let root = location.workingDirectory, try reader.isCheckedOut() else { return [] }
        let snapshot = try reader.snapshot(at: nil)
        return try StaleIndex.files(
          in: try reader.repository.indexEntries(in: location.folder, of: index), snapshot.folder,
          tip: snapshot.commit, root: root, reader.repository)
      }
    }
  }
}

extension GitReader {
  /// Whether HEAD is on the branch that has the state.
  fileprivate func isCheckedOut() throws -> Bool {
    guard case .branch(let head, _) = try repository.head() else { return false }
    return head == (try branch().name)
  }
}
