internal import CGit2

extension Repository {
  /// Whether a commit is another one or leads to it.
  ///
  /// In a shallow repository the answer is that of the history that is there, as in git.
  public func isAncestor(_ ancestor: ObjectID, of commit: ObjectID) throws(GitError) -> Bool {
    if ancestor == commit {
      _ = try header(of: commit)
      return true
    }
    if isShallow { return try reachable(from: [commit]).keys.contains(ancestor) }
    var raw = commit.raw
    var rawAncestor = ancestor.raw
    do throws(GitError) {
      return try check(
        git_graph_descendant_of(handle.pointer, &raw, &rawAncestor), commit.hex) == 1
    } catch {
      throw try explainedHistory(error, [ancestor, commit])
    }
  }

  /// The best common ancestors of two commits (`git_merge_bases`): several where lines crossed.
  ///
  /// - Returns: None where they have none.
  public func mergeBases(_ one: ObjectID, _ other: ObjectID) throws(GitError) -> [ObjectID] {
    if isShallow { return try shallowMergeBases(one, other) }
    var raw = git_oidarray()
    defer { git_oidarray_dispose(&raw) }
    var rawOne = one.raw
    var rawOther = other.raw
    let failure: GitError
    do throws(GitError) {
      try check(
        git_merge_bases(&raw, handle.pointer, &rawOne, &rawOther), "\(one.hex) \(other.hex)")
      return UnsafeBufferPointer(start: raw.ids, count: raw.count).map { ObjectID($0) }
    } catch {
      failure = error
    }
    guard failure.code == .notFound else { throw failure }
    // "Not found" is a missing commit as well as no common one: a walk that ends proves the latter.
    let common = try reachable(from: [one]).keys
    let others = try reachable(from: [other])
    guard !common.contains(where: { others[$0] != nil }) else { throw failure }
    return []
  }

  /// The first of the best common ancestors of two commits.
  ///
  /// - Returns: Nil where they have none.
  public func mergeBase(_ one: ObjectID, _ other: ObjectID) throws(GitError) -> ObjectID? {
    try mergeBases(one, other).first
  }

  /// "Not found" of a history walk, made to name the commit that is not there.
  private func explainedHistory(
    _ error: GitError, _ commits: [ObjectID]
  ) throws(GitError) -> GitError {
    guard error.code == .notFound else { return error }
    for commit in commits { _ = try self.commit(commit) }
    _ = try reachable(from: commits)
    return error
  }
}
