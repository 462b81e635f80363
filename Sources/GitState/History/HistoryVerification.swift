import Git
public import LosslessJSON

/// What a look at the commits of a history found.
public struct HistoryReport: Sendable {
  /// What is wrong, oldest commit first, each with the commit's abbreviated ID in front.
  public internal(set) var errors: [String] = []
  /// What is worth knowing, redeployments among it.
  public internal(set) var warnings: [String] = []
  /// How many commits were looked at.
  public internal(set) var commitCount = 0

  /// Whether nothing is wrong.
  public var isValid: Bool { errors.isEmpty }

  /// `{"isValid","errors":[],"warnings":[],"commitCount"}`.
  public var json: JSONObject {
    [
      "isValid": .bool(isValid),
      "errors": .array(errors.map { .string($0) }),
      "warnings": .array(warnings.map { .string($0) }),
      "commitCount": .number(JSONNumber(commitCount)),
    ]
  }
}

extension GitBackend {
  /// Looks at each commit of a history: files that cannot be read, records that were lost or
  /// deployed anew, commits that say something else than they did, broken rules, signatures.
  ///
  /// The rules are those at the end of the range.
  ///
  /// - Parameters:
  ///   - range: `A..B` for the commits that lead to B and not to A, or a revision for all that lead to
  ///     it; a missing end, and nil, is the branch's tip.
  ///   - requiresSignatures: Whether each commit must have a good signature, whatever the rules say.
  /// - Returns: What was found.
  /// - Throws: `STATE_NOT_FOUND` where the range names no commit.
  public func verifyHistory(_ range: String? = nil, requiresSignatures: Bool = false)
    throws(StateError) -> HistoryReport
  {
    let directory = location.gitDirectory
    return try read { reader throws(StateError) in
      let (start, end) = try reader.ends(of: range)
      return try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        var commits: [Commit] = []
        try reader.repository.walk(
          from: end.map { [$0] } ?? [], hiding: start.map { [$0] } ?? [], order: .topological
        ) { commit in
          commits.append(commit)
          return true
        }
        let rules = try GuardRules(reader.repository, reader.location, at: end)
        var report = HistoryReport()
        report.commitCount = commits.count
        for commit in commits.reversed() { try reader.verify(commit, rules, &report) }
        if requiresSignatures || rules.requireSignatures {
          try SignatureCheck.verify(commits.reversed(), gitDirectory: directory, &report)
        }
        if reader.repository.isShallow {
          report.warnings.append(
            "this is a shallow clone: older commits are not here (git fetch --unshallow)")
        }
        return report
      }
    }
  }
}

extension GitReader {
  /// The ends of a range of commits.
  fileprivate func ends(of range: String?) throws(StateError) -> (start: ObjectID?, end: ObjectID?)
  {
    func tip() throws(StateError) -> ObjectID? {
      try convertingGitErrors(
        .backendUnavailable, "the branch that has the state could not be read"
      ) { try branch().tip }
    }
    guard let range, !range.isEmpty else { return (nil, try tip()) }
    guard !range.contains("...") else {
      throw StateError(
        .invalidArgument, "a range has two dots: A..B is what leads to B and not to A")
    }
    guard let dots = range.firstRange(of: "..") else { return (nil, try commit(range).id) }
    let (first, last) = (String(range[..<dots.lowerBound]), String(range[dots.upperBound...]))
    return (
      first.isEmpty ? try tip() : try commit(first).id,
      last.isEmpty ? try tip() : try commit(last).id
    )
  }

  /// Looks at what one commit did.
  fileprivate mutating func verify(
    _ commit: Commit, _ rules: GuardRules, _ report: inout HistoryReport
  ) throws {
    let parents = try commit.parents.filter { try repository.contains($0) }
    // Beyond the cut of a shallow clone nothing can be compared.
    guard parents.count == commit.parents.count else { return }
    let after = try load(commit.id).folder
    let before = try load(parents.first).folder
    guard !before.names(thatDifferIn: after).isEmpty || !commit.isOfOthers else { return }
    let subject = "commit \(commit.id.short) (\(commit.author.name.escapingUnprintable))"
    func wrong(_ problem: String) { report.errors.append("\(subject): \(problem)") }
    for name in before.names(thatDifferIn: after) {
      if let fault = after[name]?.fault { wrong(fault.inFile(after.pathOf(name)).message) }
    }
    var notes: [String] = []
    let changes = ChangeSet(from: nil, before, to: nil, after, notes: &notes)
    var own = changes
    for parent in parents.dropFirst() {
      let others = ChangeSet(
        from: nil, try load(parent).folder, to: nil, after, notes: &notes)
      let keys = Set(others.changes.map(\.key))
      own.changes.removeAll { !keys.contains($0.key) }
    }
    let entry = LogEntry(commit, changes.changes.map(\.key))
    for change in own.changes { verify(change, entry, after, subject, &report) }
    if let problem = entry.contradiction(commit.trailers) { wrong(problem) }
    let hasReason = entry.operation == nil ? !entry.body.isEmpty : entry.reason != nil
    for broken in rules.broken(
      by: own, entry.operation, hasReason: hasReason, author: commit.author.email)
    {
      wrong(broken)
    }
  }

  private func verify(
    _ change: ContractChange, _ entry: LogEntry, _ folder: DeploymentFolder, _ subject: String,
    _ report: inout HistoryReport
  ) {
    let key = change.key.description.escapingUnprintable
    let removes: [Operation.Kind] = [
      .delete, .transaction, .revert, .restore, .rollback, .merge, .migrate,
    ]
    switch change.kind {
    case .removed:
      if entry.operation == .adopt {
        report.warnings.append("\(subject): \(key) was removed by hand")
      } else if entry.operation.map({ !removes.contains($0) }) ?? true {
        report.errors.append("\(subject): \(key) is lost: it was removed without a delete")
      }
      return
    case .redeployed:
      let field = change.fields.first {
        [Contract.Field.proxyAddress, Contract.Field.address].contains($0.path)
      }
      let old = field?.old?.string?.escapingUnprintable ?? "none"
      let live = change.liveAddress?.escapingUnprintable ?? "none"
      report.warnings.append("\(subject): \(key) was redeployed, \(old) -> \(live)")
    default: break
    }
    do throws(StateError) {
      guard let contract = try folder.contract(change.key) else { return }
      var found = VerificationReport()
      found.add(contract)
      report.errors += found.errors.map { "\(subject): \($0)" }
    } catch {
      report.errors.append("\(subject): \(error.message)")
    }
  }
}

extension Commit {
  /// Whether the commit does not say that gitstate made it.
  fileprivate var isOfOthers: Bool {
    !trailers.contains { $0.key == "GitState-Operation" }
  }
}

extension LogEntry {
  /// What the trailers say that the commit did not do, or leave out that it did.
  fileprivate func contradiction(_ trailers: [(key: String, value: String)]) -> String? {
    guard operation != nil else { return nil }
    let named = trailers.filter { $0.key == "GitState-Contract" }
    let count = trailers.last { $0.key == "GitState-Contracts" }
    if named.isEmpty, let count {
      return Int(count.value) == contracts.count
        ? nil
        : "its trailers say that it changed \(count.value.escapingUnprintable) contracts, and it changed "
          + "\(contracts.count)"
    }
    let said = Set(named.map { CommitText.decoded($0.value) }.compactMap(ContractKey.init))
    let done = Set(contracts)
    if let key = said.subtracting(done).min() {
      return "its trailers name \(key.description.escapingUnprintable), which it did not change"
    }
    if let key = done.subtracting(said).min() {
      return "it changed \(key.description.escapingUnprintable), which its trailers do not name"
    }
    return nil
  }
}
