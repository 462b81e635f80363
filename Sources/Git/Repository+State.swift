internal import CGit2
internal import Glibc

extension Repository {
  /// What is under way in this working tree, if anything (`git_repository_state`).
  public func operationInProgress() throws(GitError) -> RepositoryOperation? {
    let state = try check(git_repository_state(handle.pointer), gitDirectory)
    let kind: RepositoryOperation.Kind
    switch git_repository_state_t(rawValue: UInt32(state)) {
    case GIT_REPOSITORY_STATE_MERGE: kind = .merge
    case GIT_REPOSITORY_STATE_REVERT, GIT_REPOSITORY_STATE_REVERT_SEQUENCE: kind = .revert
    case GIT_REPOSITORY_STATE_CHERRYPICK, GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE:
      kind = .cherryPick
    case GIT_REPOSITORY_STATE_BISECT: kind = .bisect
    case GIT_REPOSITORY_STATE_REBASE, GIT_REPOSITORY_STATE_REBASE_INTERACTIVE,
      GIT_REPOSITORY_STATE_REBASE_MERGE:
      kind = .rebase
    case GIT_REPOSITORY_STATE_APPLY_MAILBOX, GIT_REPOSITORY_STATE_APPLY_MAILBOX_OR_REBASE:
      kind = .applyMailbox
    default: return try waitingSequence()
    }
    return RepositoryOperation(kind: kind, branch: try Self.branchInUse(gitDirectory))
  }

  /// The commits that a merge under way joins to the branch; none where there is none.
  public func mergeHeads() throws(GitError) -> [ObjectID] {
    let content = try FileSystem.content(FileSystem.join(gitDirectory, "MERGE_HEAD")) ?? []
    return String(decoding: content, as: UTF8.self).split(separator: "\n")
      .compactMap { ObjectID(hex: String($0)) }
  }

  /// When what is under way was begun, in milliseconds since 1970; nil where that is not known.
  ///
  /// - Parameter operation: What is under way.
  /// - Returns: When the file or folder was last changed that says so.
  public func beginning(of operation: RepositoryOperation) -> Int64? {
    let marks =
      switch operation.kind {
      case .merge: ["MERGE_HEAD"]
      case .rebase, .applyMailbox: ["rebase-merge", "rebase-apply"]
      case .cherryPick: ["CHERRY_PICK_HEAD"]
      case .revert: ["REVERT_HEAD"]
      case .bisect: ["BISECT_LOG"]
      }
    for mark in marks {
      // It has ended, or cannot be looked at, which says nothing of its age.
      guard let status = try? FileSystem.status(FileSystem.join(gitDirectory, mark)) else {
        continue
      }
      return Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
    }
    return nil
  }

  /// A cherry-pick or revert of several commits that waits between two of them, which libgit2
  /// does not see.
  private func waitingSequence() throws(GitError) -> RepositoryOperation? {
    let todo = FileSystem.join(gitDirectory, "sequencer/todo")
    guard let line = try FileSystem.firstLine(todo) else { return nil }
    return RepositoryOperation(
      kind: line.hasPrefix("revert") ? .revert : .cherryPick, branch: nil)
  }

  /// The branch that a rebase or bisection has taken from HEAD for the time being.
  private static func branchInUse(_ gitDirectory: String) throws(GitError) -> String? {
    for file in ["rebase-merge/head-name", "rebase-apply/head-name"] {
      let name = try FileSystem.firstLine(FileSystem.join(gitDirectory, file))
      if let name, name.hasPrefix("refs/") { return name }
    }
    // Not the full name, or the ID of a commit where HEAD was detached.
    let start = try FileSystem.firstLine(FileSystem.join(gitDirectory, "BISECT_START"))
    guard let start, !start.isEmpty, ObjectID(hex: start) == nil else { return nil }
    return start.hasPrefix("refs/") ? start : "refs/heads/\(start)"
  }

  /// The branches that the repository's other working trees have checked out or are rebasing.
  ///
  /// - Returns: Each working tree's folder, with the full name of its branch.
  public func linkedWorktreeHeads() throws(GitError) -> [(path: String, branch: String)] {
    var heads: [(path: String, branch: String)] = []
    if gitDirectory != commonDirectory, try configurationBool("core.bare") != true {
      let isDotGit = commonDirectory.hasSuffix("/.git")
      let path = isDotGit ? FileSystem.parent(commonDirectory) : commonDirectory
      heads += try Self.branches(of: commonDirectory).map { (path, $0) }
    }
    let folder = FileSystem.join(commonDirectory, "worktrees")
    for name in try FileSystem.names(in: folder)?.sorted() ?? [] {
      let directory = FileSystem.join(folder, name)
      if directory == gitDirectory { continue }
      let link = try FileSystem.firstLine(FileSystem.join(directory, "gitdir"))
      let path = link.map(FileSystem.parent) ?? directory
      heads += try Self.branches(of: directory).map { (path, $0) }
    }
    return heads
  }

  private static func branches(of gitDirectory: String) throws(GitError) -> [String] {
    var branches: [String] = []
    let head = try FileSystem.firstLine(FileSystem.join(gitDirectory, "HEAD"))
    if let head, head.hasPrefix("ref:") {
      branches.append(String(head.dropFirst(4).drop { $0 == " " }))
    }
    if let branch = try branchInUse(gitDirectory), !branches.contains(branch) {
      branches.append(branch)
    }
    return branches
  }
}
