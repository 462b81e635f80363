import Git

extension GitReader {
  /// What a commit did, compared with each of its parents.
  func changes(of commit: Commit) throws -> CommitChanges {
    var found = CommitChanges()
    guard try !repository.isCut(commit) else {
      found.isCut = true
      return found
    }
    let after = try load(commit.id).folder
    let ids: [ObjectID?] = commit.parents.isEmpty ? [nil] : commit.parents
    var parents: [MergeParent] = []
    for (index, id) in ids.enumerated() {
      let before = try load(id).folder
      var notes: [String] = []
      let changes = ChangeSet(
        from: id?.hex, before, to: commit.id.hex, after, notes: &notes)
      if index == 0 { found.notes = notes }
      parents.append(MergeParent(id: id?.hex ?? "", folder: before, changes: changes))
    }
    found.all = parents[0].changes
    found.own = CommitChanges.own(parents)
    guard parents.count > 1 else { return found }
    found.dropped = try dropped(by: parents, commit.parents)
    return found
  }

  /// What a merge leaves out that one of these parents has.
  func dropped(by parents: [MergeParent], _ ids: [ObjectID]) throws -> [DroppedChange] {
    var known: [[Int]: [DeploymentFolder]] = [:]
    return try CommitChanges.dropped(parents) { one, other in
      let pair = [one, other].sorted()
      if let bases = known[pair] { return bases }
      let bases = try repository.mergeBases(ids[one], ids[other]).map { try load($0).folder }
      known[pair] = bases
      return bases
    }
  }

  /// What a shallow clone's reader should know: where the history that is here ends.
  ///
  /// - Parameter missing: What is not told for that reason.
  /// - Returns: A sentence; nil where the clone is not shallow, or the branch does not lead to the cut.
  /// - Throws: Where the history cannot be read.
  func cutNote(_ missing: String) throws -> String? {
    guard repository.isShallow, let tip = try branch().tip else { return nil }
    return try repository.cutNote(from: tip, missing)
  }
}

extension Repository {
  /// Whether a shallow clone lacks the parents of a commit.
  func isCut(_ commit: Commit) throws -> Bool {
    guard isShallow, !commit.parents.isEmpty else { return false }
    return try boundary().contains(commit.id)
  }

  /// Where the history of a shallow clone ends, as a sentence.
  ///
  /// - Parameters:
  ///   - tip: Where the history begins.
  ///   - missing: What is not told for that reason.
  /// - Returns: Nil where the history does not lead to a cut.
  /// - Throws: Where it cannot be read.
  func cutNote(from tip: ObjectID, _ missing: String) throws -> String? {
    let boundary = try boundary()
    guard !boundary.isEmpty else { return nil }
    var cuts: [Commit] = []
    try walk(from: [tip]) { commit in
      if boundary.contains(commit.id) { cuts.append(commit) }
      return true
    }
    guard let first = cuts.first else { return nil }
    let rest = cuts.count > 1 ? " and \(cuts.count - 1) more" : ""
    let date = DeploymentDate.iso8601(milliseconds: first.author.time * 1000).prefix(10)
    return "this is a shallow clone, whose history ends at \(first.id.short) (\(date))\(rest): "
      + "\(missing); get the rest with: git fetch --unshallow"
  }
}
