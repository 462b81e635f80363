import Git

extension GitReader {
  /// What commits that came in did against the team's rules, in sentences.
  ///
  /// - Parameters:
  ///   - tip: The last of the commits.
  ///   - known: Commits that are here already; they and what they lead to are not looked at.
  /// - Returns: A sentence for each rule and contract.
  /// - Throws: Where a commit cannot be read.
  mutating func brokenRules(from tip: ObjectID, hiding known: [ObjectID]) throws -> [String] {
    var commits: [Commit] = []
    try repository.walk(from: [tip], hiding: known, order: .topological) { commit in
      commits.append(commit)
      return true
    }
    var removals = Removals()
    var broken: [String] = []
    for commit in commits.reversed() {
      let changes = try changes(of: commit)
      defer { removals.note(changes.own, in: commit) }
      guard let first = commit.parents.first, !changes.isCut else { continue }
      let rules = try GuardRules(repository, location, at: first, try load(first).folder)
      guard rules.areSet else { continue }
      let claims = try claims(of: commit, changes)
      broken += try brokenRules([rules], commit, changes, claims, removals)
        .map { "in \(commit.id.short) by \(commit.author.name.escapingUnprintable), \($0)" }
    }
    return broken
  }
}
