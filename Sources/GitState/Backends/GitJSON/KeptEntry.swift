import Git
import Glibc

/// What the index keeps of a file that is written, as the user has staged something of it.
struct KeptEntry {
  /// What the index gets; nil where it stays as it is.
  var entry: (id: ObjectID, mode: FileMode)?
  /// What is to be said of it.
  var sentence: String?
}

extension GitWriter {
  /// What the index keeps of a file; nil where it just follows the commit.
  ///
  /// What is staged stays staged, with the write's change in it where that goes. What the commit takes over
  /// (edits by hand that were staged), or what an index that lost a race has, is nobody's.
  ///
  /// - Parameters:
  ///   - name: A file that the write changes.
  ///   - former: What the index had of it before.
  ///   - batch: The write.
  /// - Returns: What it keeps, and what is to be said of that.
  /// - Throws: What keeps the history, or what is staged, from being read.
  func keptEntry(of name: String, _ former: IndexEntry?, _ batch: GitWriteBatch) throws
    -> KeptEntry?
  {
    let path = batch.folder.pathOf(name)
    let shown = path.escapingUnprintable
    let base = batch.tipFolder[name]
    switch former {
    case .conflicted:
      return KeptEntry(
        sentence:
          "git's index has a conflict in \(shown) (as git stash pop leaves one), which was left as "
          + "it is; when you end it, keep what was written: git diff HEAD -- \(shown)")
    case nil:
      guard base != nil, batch.folder[name] != nil else { return nil }
      return KeptEntry(
        sentence:
          "git's index lacks \(shown), as git rm --cached leaves it, so that your next git commit "
          + "would remove it; if that is not meant: git reset -q -- \(shown)")
    case .staged(let entry):
      guard let base, !entry.intentToAdd else { return nil }
      if entry.id == base.blob {
        guard entry.mode != base.mode, let blob = batch.folder[name]?.blob else { return nil }
        return KeptEntry(entry: (blob, entry.mode))
      }
      let isBrought = batch.keptStaged.contains(FileName(name))
      if !isBrought {
        // It was staged by hand and is committed by this write, or an earlier version.
        if entry.id == batch.working?.seenBlob(name), batch.followed.contains(FileName(name)) {
          return nil
        }
        if let tip = batch.tip,
          try repository.lastCommit(with: entry.id, at: path, from: [tip]) != nil
        {
          return nil
        }
      }
      if let merged = try merged(name, staged: entry.id, batch) {
        return KeptEntry(entry: (merged, entry.mode))
      }
      if isBrought { return nil }
      return KeptEntry(
        sentence:
          "what is staged of \(shown) does not go with the write and stays staged, so that your "
          + "next git commit would take the write back; to have the branch's version: "
          + "git reset -q -- \(shown)")
    }
  }

  /// What is staged of a file with the write's change in it; nil where the two do not go together.
  private func merged(_ name: String, staged: ObjectID, _ batch: GitWriteBatch) throws -> ObjectID?
  {
    guard let old = batch.tipFolder[name]?.deployment, let new = batch.folder[name]?.deployment,
      case .deployment(let staged) = DeploymentFile.parse(
        name: name, bytes: try repository.blob(staged))
    else { return nil }
    var conflicts: [MergeConflict] = []
    let merged = try DeploymentFile.merging(
      base: old, ours: staged, theirs: new, conflicts: &conflicts)
    return conflicts.isEmpty ? try repository.writeBlob(merged.bytes) : nil
  }

  /// Refuses to go on where a git program has moved HEAD meanwhile, or is about to: the index and the working
  /// files are another branch's by then.
  ///
  /// - Throws: ``GitError`` with a code that is worth another try.
  func refuseMovedHead(_ batch: GitWriteBatch, _ index: PendingIndex? = nil) throws {
    guard batch.working != nil else { return }
    try refuseIndexOfMovingHead(index)
    let lock = location.gitDirectory + "/HEAD.lock"
    if try FileSystem.status(of: lock) != nil {
      throw GitError(
        .locked, "\(lock) exists: a git program is about to move HEAD", category: .reference,
        context: lock)
    }
    // libgit2 would look the branch up, too.
    if try FileSystem.read(location.gitDirectory + "/HEAD") == Array("ref: \(batch.branch)\n".utf8)
    {
      return
    }
    guard try repository.head().isOn(batch.branch) else {
      throw GitError(
        .modified, "HEAD has moved meanwhile", category: .reference, context: batch.branch)
    }
  }

  /// Refuses to go on where another program has just written the index and may be about to move the branch: git
  /// reset, which git stash runs too, moves it to where it was before, whatever was committed since.
  private func refuseIndexOfMovingHead(_ index: PendingIndex?) throws {
    guard let old = index?.replaced, UInt64(old.st_ino) != lastIndex else { return }
    let age = SystemClock.milliseconds / 1000 - Int64(old.st_ctim.tv_sec)
    if age < 5 { try refuseMovingHead() }
  }

  /// Refuses to take over edits while a git program that moves HEAD may have put the files in place: git switch
  /// does so before it moves HEAD, and until then they look like edits by hand.
  ///
  /// - Throws: ``GitError`` with a code that is worth another try.
  func refuseFilesOfMovingHead(_ batch: GitWriteBatch) throws {
    try refuseMovedHead(batch)
    try refuseMovingHead()
  }

  private func refuseMovingHead() throws {
    guard let program = RunningProgram.movingHead(in: location) else { return }
    throw GitError(
      .locked, "\(program.shown) is at work in the working tree", category: .reference)
  }
}
