import Git

/// Commits by others that put a file back to what it had before the last write of ours, without a word
/// of it: what a stale index makes of a plain `git commit`.
struct TakenBack {
  /// Finds the last such commit of each file.
  ///
  /// - Parameters:
  ///   - notes: What was in step last.
  ///   - folder: What the branch has.
  ///   - paths: The files to look at; nil is all that are noted.
  ///   - tip: The branch's tip.
  ///   - repository: The repository.
  /// - Returns: A sentence for each.
  /// - Throws: Where the history cannot be read.
  static func sentences(
    _ notes: InStepNotes, _ folder: DeploymentFolder, paths: Set<FileName>? = nil, tip: ObjectID?,
    _ repository: borrowing Repository
  ) throws -> [String] {
    guard let tip, !repository.isShallow else { return [] }
    var sentences: [String] = []
    let noted =
      paths.map { paths in paths.map(\.text).compactMap { path in notes[path].map { (path, $0) } } }
      ?? notes.files
    for (path, noted) in noted {
      guard let note = try recorded(noted, path, repository), note.commit != tip else { continue }
      let (parent, name) = FileSystem.split(path)
      guard parent == folder.path || folder.path.isEmpty, folder[name]?.blob != note.blob,
        // A note may be of a branch that is gone.
        try repository.contains(note.commit), try repository.isAncestor(note.commit, of: tip),
        let (commit, earlier) = try commit(
          path, to: folder[name]?.blob, since: note.commit, tip: tip, repository),
        try earlier != nil || !isRenamed(name, note.blob, folder, repository)
      else { continue }
      let what =
        earlier.map { "put \(path.escapingUnprintable) back to what it was in \($0.id.short)" }
        ?? "removed \(path.escapingUnprintable)"
      sentences.append(
        "commit \(commit.id.short) (\(commit.author.name.escapingUnprintable): "
          + "\(commit.subject.quoted)) \(what), which takes back what gitstate had recorded; unless that "
          + "was meant, bring it back with: gitstate revert \(commit.id.short)")
    }
    return sentences
  }

  /// The last commit of ours that wrote a file, with what it wrote; nil where that is not known.
  private static func recorded(
    _ note: InStepNotes.Note, _ path: String, _ repository: borrowing Repository
  ) throws -> InStepNotes.Note? {
    guard note.isLeftBehind else { return note }
    // It may be of a branch that is gone.
    guard let commit = note.recorded, try repository.contains(commit),
      let entry = try repository.entry(at: path, in: repository.commit(commit).tree)
    else { return nil }
    return InStepNotes.Note(commit: commit, blob: entry.id)
  }

  /// The last commit that put a file back, and the earlier commit whose version it has, nil being none.
  private static func commit(
    _ path: String, to blob: ObjectID?, since noted: ObjectID, tip: ObjectID,
    _ repository: borrowing Repository
  ) throws -> (commit: Commit, earlier: Commit?)? {
    var (culprit, count): (Commit?, Int) = (nil, 0)
    try repository.walk(from: [tip], hiding: [noted], order: .topological) { commit in
      count += 1
      // A merge chose among versions; what it dropped is told by verify --history.
      guard commit.parents.count == 1 else { return count < reach }
      let before = try repository.commit(commit.parents[0]).tree
      if try repository.entry(at: path, in: commit.tree)?.id == blob,
        try repository.entry(at: path, in: before)?.id != blob
      {
        culprit = commit
      }
      return culprit == nil && count < reach
    }
    guard let culprit, !isMeant(culprit) else { return nil }
    guard let blob else { return (culprit, nil) }
    return try repository.lastCommit(with: blob, at: path, from: culprit.parents, reach: reach)
      .map { (culprit, $0) }
  }

  /// Whether another file has the chain of one that is gone.
  private static func isRenamed(
    _ name: String, _ blob: ObjectID, _ folder: DeploymentFolder, _ repository: borrowing Repository
  ) throws -> Bool {
    guard
      case .deployment(let old) = DeploymentFile.parse(
        name: name, bytes: try repository.blob(blob))
    else { return true }
    return folder.deployments.contains { $0.chainID == old.chainID }
  }

  /// Whether a commit says that it takes something back, or is ours.
  private static func isMeant(_ commit: Commit) -> Bool {
    commit.subject.hasPrefix("Revert") || commit.body.contains("This reverts commit")
      || commit.trailers.contains { $0.key == "GitState-Operation" }
  }

  private static let reach = 1000
}
