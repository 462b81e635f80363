import Git

extension GitReader {
  /// What commits that came in did against the team's rules, in sentences.
  ///
  /// Each commit is held to the rules that its first parent has: to lift a rule is a commit of its own,
  /// here as in a write.
  ///
  /// - Parameters:
  ///   - tip: The last of the commits.
  ///   - known: Commits that are here already; they and what they lead to are not looked at.
  /// - Returns: A sentence for each rule and contract.
  /// - Throws: Where a commit cannot be read.
  func brokenRules(from tip: ObjectID, hiding known: [ObjectID]) throws -> [String] {
    var commits: [Commit] = []
    try repository.walk(from: [tip], hiding: known, order: .topological) { commit in
      commits.append(commit)
      return true
    }
    var broken: [String] = []
    for commit in commits.reversed() {
      guard let first = commit.parents.first else { continue }
      let rules = try GuardRules(repository, location, at: first)
      guard rules != GuardRules() else { continue }
      let after = try load(commit.id).folder
      var notes: [String] = []
      var changes = ChangeSet(
        from: nil, try load(first).folder, to: nil, after, notes: &notes)
      // What a merge took from one side, that side's commits answer for.
      for parent in commit.parents.dropFirst() {
        let others = ChangeSet(from: nil, try load(parent).folder, to: nil, after, notes: &notes)
        let keys = Set(others.changes.map(\.key))
        changes.changes.removeAll { !keys.contains($0.key) }
      }
      guard !changes.isEmpty else { continue }
      let entry = LogEntry(commit, changes.changes.map(\.key))
      let hasReason = entry.operation == nil ? !entry.body.isEmpty : entry.reason != nil
      broken += rules.broken(
        by: changes, entry.operation, hasReason: hasReason, author: commit.author.email
      ).map { "in \(commit.id.short) by \(commit.author.name.escapingUnprintable), \($0)" }
    }
    return broken
  }
}
