internal import CGit2

extension Repository {
  /// Goes through the commits that some commits lead to.
  ///
  /// A commit that cannot be read is an error, never the end; where a shallow clone was cut, history
  /// ends.
  ///
  /// - Parameters:
  ///   - starts: Where to begin.
  ///   - hidden: These commits and their ancestors are left out.
  ///   - order: What comes first.
  ///   - body: Called with each commit; false ends the walk.
  /// - Throws: What the body throws, and ``GitError`` for a commit that cannot be read.
  public func walk(
    from starts: [ObjectID], hiding hidden: [ObjectID] = [], order: WalkOrder = .time,
    _ body: (Commit) throws -> Bool
  ) throws {
    if isShallow {
      let commits = try shallowWalk(from: starts, hiding: hidden, order: order)
      for commit in commits where try !body(commit) { return }
      return
    }
    let walker = try walker(from: starts, hiding: hidden, order: order)
    while let id = try Self.next(walker) {
      guard try body(try commit(id)) else { return }
    }
  }

  /// How many commits lead to one that do not lead to others.
  ///
  /// - Parameters:
  ///   - tip: The commit, which counts.
  ///   - hidden: The others.
  /// - Returns: Their number.
  /// - Throws: ``GitError`` for a commit that cannot be read.
  public func countCommits(from tip: ObjectID, hiding hidden: [ObjectID]) throws -> Int {
    var count = 0
    try walk(from: [tip], hiding: hidden) { _ in
      count += 1
      return true
    }
    return count
  }

  /// The last commit in which a file has a content.
  ///
  /// - Parameters:
  ///   - blob: The content.
  ///   - path: The file from the repository's root.
  ///   - starts: Where to begin to look.
  ///   - reach: How many commits to look at, at most.
  /// - Returns: The commit; nil where none of these has it.
  /// - Throws: ``GitError`` for a commit that cannot be read.
  public func lastCommit(
    with blob: ObjectID, at path: String, from starts: [ObjectID], reach: Int = .max
  ) throws -> Commit? {
    // Mostly it is in no object at all, and the walk is spared.
    guard try contains(blob) else { return nil }
    var (found, count): (Commit?, Int) = (nil, 0)
    try walk(from: starts) { commit in
      count += 1
      if try entry(at: path, in: commit.tree)?.id == blob { found = commit }
      return found == nil && count < reach
    }
    return found
  }

  /// Goes from a commit to its first parent, and on to that one's.
  ///
  /// libgit2's walk along first parents is by time: commits of one second come in any order.
  ///
  /// - Parameters:
  ///   - start: Where to begin.
  ///   - body: Called with each commit; false ends the walk.
  /// - Throws: What the body throws, and ``GitError`` for a commit that cannot be read.
  public func walkFirstParents(from start: ObjectID, _ body: (Commit) throws -> Bool) throws {
    let boundary = try boundary()
    var next: ObjectID? = start
    while let id = next {
      let commit = try commit(id)
      guard try body(commit) else { return }
      next = boundary.contains(id) ? nil : commit.parents.first
    }
  }

  private func walker(
    from starts: [ObjectID], hiding hidden: [ObjectID], order: WalkOrder
  ) throws(GitError) -> Owned<RevisionWalkResource> {
    let walker = try Owned<RevisionWalkResource> { git_revwalk_new($0, handle.pointer) }
    let sorting = order == .time ? GIT_SORT_TIME : GIT_SORT_TOPOLOGICAL
    try check(git_revwalk_sorting(walker.pointer, sorting.rawValue))
    for id in starts {
      var raw = id.raw
      try check(git_revwalk_push(walker.pointer, &raw), id.hex)
    }
    for id in hidden {
      var raw = id.raw
      try check(git_revwalk_hide(walker.pointer, &raw), id.hex)
    }
    return walker
  }

  /// The next commit of a walk; nil only at its end (`GIT_ITEROVER`).
  private static func next(
    _ walker: borrowing Owned<RevisionWalkResource>
  ) throws(GitError) -> ObjectID? {
    var raw = git_oid()
    let status = git_revwalk_next(&raw, walker.pointer)
    if status == GIT_ITEROVER.rawValue {
      git_error_clear()
      return nil
    }
    try check(status)
    return ObjectID(raw)
  }
}
