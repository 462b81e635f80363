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
  ///   - firstParent: Whether to follow only the first parent of each commit.
  ///   - body: Called with each commit; false ends the walk.
  /// - Throws: What the body throws, and ``GitError`` for a commit that cannot be read.
  public func walk(
    from starts: [ObjectID], hiding hidden: [ObjectID] = [], order: WalkOrder = .time,
    firstParent: Bool = false, _ body: (Commit) throws -> Bool
  ) throws {
    if isShallow {
      let commits = try shallowWalk(
        from: starts, hiding: hidden, order: order, firstParent: firstParent)
      for commit in commits where try !body(commit) { return }
      return
    }
    let walker = try walker(from: starts, hiding: hidden, order: order, firstParent: firstParent)
    while let id = try Self.next(walker) {
      guard try body(try commit(id)) else { return }
    }
  }

  private func walker(
    from starts: [ObjectID], hiding hidden: [ObjectID], order: WalkOrder, firstParent: Bool
  ) throws(GitError) -> Owned<RevisionWalkResource> {
    let walker = try Owned<RevisionWalkResource> { git_revwalk_new($0, handle.pointer) }
    let sorting = order == .time ? GIT_SORT_TIME : GIT_SORT_TOPOLOGICAL
    try check(git_revwalk_sorting(walker.pointer, sorting.rawValue))
    if firstParent { try check(git_revwalk_simplify_first_parent(walker.pointer)) }
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
