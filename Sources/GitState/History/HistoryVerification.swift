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
  /// Each commit is held to the rules that its first parent has, as the write was: a rule neither
  /// condemns what came before it, nor is it gone for the commit that takes it away.
  ///
  /// - Parameters:
  ///   - range: `A..B` for the commits that lead to B and not to A, or a revision for all that lead to
  ///     it; a missing end, and nil, is the branch's tip.
  ///   - requiresSignatures: Whether each commit must have a good signature, whatever the rules say.
  ///   - rules: A revision whose rules hold for each commit as well; a range that lifts a rule and
  ///     sets it again does not come past these.
  /// - Returns: What was found.
  /// - Throws: `STATE_NOT_FOUND` where the range names no commit, `BACKEND_UNAVAILABLE` where the rules
  ///   that were asked for cannot be read.
  public func verifyHistory(
    _ range: String? = nil, requiresSignatures: Bool = false, rules: String? = nil
  ) throws(StateError) -> HistoryReport {
    let directory = location.gitDirectory
    return try read { reader throws(StateError) in
      let (start, end) = try reader.ends(of: range)
      let named = try rules.map { revision throws(StateError) in try reader.commit(revision).id }
      return try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        var commits: [Commit] = []
        try reader.repository.walk(
          from: end.map { [$0] } ?? [], hiding: start.map { [$0] } ?? [], order: .topological
        ) { commit in
          commits.append(commit)
          return true
        }
        var verification = HistoryVerification()
        verification.requiresSignatures = requiresSignatures
        if let named {
          verification.report.warnings += try reader.unknownChains(at: named)
          verification.rules = try GuardRules(
            reader.repository, reader.location, at: named, try reader.load(named).folder)
        }
        verification.allowedSecrets = try reader.allowedSecrets(at: end)
        verification.report.commitCount = commits.count
        for commit in commits.reversed() { try reader.verify(commit, &verification) }
        var report = verification.report
        try SignatureCheck.verify(verification.unsigned, gitDirectory: directory, &report)
        do {
          if let end { report.warnings += try reader.unknownChains(at: end) }
        } catch let error as StateError {
          report.warnings.append(error.message)
        }
        if let end,
          let note = try reader.repository.cutNote(
            from: end, "that commit and older ones were not looked at")
        {
          report.warnings.append(note)
        }
        return report
      }
    }
  }
}

/// A look at the commits of a history, on its way.
private struct HistoryVerification {
  var report = HistoryReport()
  /// The rules that hold for each commit beside its parent's.
  var rules: GuardRules?
  var requiresSignatures = false
  /// What the range's end allows: only afterwards can be told that what was found is no secret.
  var allowedSecrets: Set<String> = []
  /// The commits whose signatures are to be checked.
  var unsigned: [Commit] = []
  /// What was removed so far.
  var removals = Removals()
}

extension GitReader {
  /// The ends of a range of commits.
  func ends(of range: String?) throws(StateError) -> (start: ObjectID?, end: ObjectID?) {
    func tip() throws(StateError) -> ObjectID? {
      try convertingGitErrors(
        .backendUnavailable, "the branch that has the state could not be read"
      ) { try branch().tip }
    }
    guard let range else { return (nil, try tip()) }
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
  fileprivate mutating func verify(_ commit: Commit, _ verification: inout HistoryVerification)
    throws
  {
    let subject = "commit \(commit.id.short) (\(commit.author.name.escapingUnprintable))"
    func wrong(_ problem: String) { verification.report.errors.append("\(subject): \(problem)") }
    let changes = try changes(of: commit)
    var rules = [try self.rules(of: commit, subject, &verification.report), verification.rules]
      .compactMap(\.self)
    for index in rules.indices {
      rules[index].allowedSecrets.formUnion(verification.allowedSecrets)
    }
    if verification.requiresSignatures || rules.contains(where: \.requireSignatures) {
      verification.unsigned.append(commit)
    }
    // Beyond the cut of a shallow clone nothing can be compared.
    guard !changes.isCut else { return }
    let after = try load(commit.id).folder
    let before = try load(commit.parents.first).folder
    for name in before.names(thatDifferIn: after) {
      if let fault = after[name]?.fault { wrong(fault.inFile(after.pathOf(name)).message) }
    }
    for change in changes.own.changes {
      // Absent for a while, and then at another address: to callers that is a redeployment, too.
      if change.kind == .added,
        let former = try verification.removals.record(
          of: change.key, before: commit, in: repository),
        let live = change.liveAddress,
        former.liveAddress.asciiLowercased != live.asciiLowercased
      {
        verification.report.warnings.append(
          "\(subject): \(change.key.description.escapingUnprintable) was redeployed after a removal"
            + "\(former.removal.map { " (commit \($0))" } ?? ""), "
            + "\(former.liveAddress.escapingUnprintable) -> \(live.escapingUnprintable)")
      }
      verify(change, commit, before, after, subject, &verification.report)
    }
    for dropped in changes.dropped { verify(dropped, subject, &verification.report) }
    let claims = try claims(of: commit, changes)
    for problem in claims.problems { wrong(problem) }
    let broken = try brokenRules(rules, commit, changes, claims, verification.removals)
    for problem in broken { wrong(problem) }
    verification.removals.note(changes.own, in: commit)
  }

  /// The rules that a commit is held to: its first parent's.
  ///
  /// What it does to the rules is reported: reviewers should not miss it.
  private func rules(of commit: Commit, _ subject: String, _ report: inout HistoryReport) throws
    -> GuardRules?
  {
    guard try !repository.isCut(commit) else { return nil }
    func settings(_ tree: ObjectID) throws -> ObjectID? {
      try repository.entry(at: "\(location.folder)/\(FolderSettings.name)", in: tree)?.id
    }
    let parent = try commit.parents.first.map { try repository.commit($0) }
    var rules: GuardRules?
    do {
      rules = try GuardRules(
        repository, location, at: parent?.id, try load(parent?.id).folder)
    } catch let error as StateError {
      // The commit that made them so has been told already, or is before the range.
      report.warnings.append("\(subject): it is held to no rules, since \(error.message)")
    }
    let before = try parent.flatMap { try settings($0.tree) }
    guard try settings(commit.tree) != before else { return rules }
    do {
      let own = try GuardRules(repository, location, at: commit.id)
      for difference in own.differences(from: rules ?? GuardRules()) {
        report.warnings.append("\(subject): it changes the rules: \(difference)")
      }
    } catch let error as StateError {
      report.errors.append("\(subject): \(error.message)")
    }
    return rules
  }

  /// What the rules at a commit allow that looks like a secret.
  fileprivate func allowedSecrets(at commit: ObjectID?) throws -> Set<String> {
    do {
      return try GuardRules(repository, location, at: commit).allowedSecrets
    } catch is StateError {
      // That they cannot be read is reported by itself.
      return []
    }
  }

  /// Sentences about chains that rules name and nothing else does.
  ///
  /// - Throws: Where the rules cannot be read.
  func unknownChains(at commit: ObjectID) throws -> [String] {
    try GuardRules(repository, location, at: commit, try load(commit).folder).unknownChains
  }

  private func verify(
    _ dropped: DroppedChange, _ subject: String, _ report: inout HistoryReport
  ) {
    let key = dropped.change.key.description.escapingUnprintable
    let parent = dropped.parent.prefix(7)
    guard dropped.change.kind != .removed else {
      report.errors.append(
        "\(subject): \(key) is lost: its parent \(parent) has it, and neither side removed it")
      return
    }
    let fields = dropped.change.fields.map { field in
      let values = ValueExcerpt.texts(of: [field.old, field.new]).map {
        $0?.escapingUnprintable ?? "none"
      }
      return "\(field.path.escapingUnprintable) \(values.joined(separator: " -> "))"
    }
    report.warnings.append(
      "\(subject): what its parent \(parent) has of \(key) was dropped: "
        + fields.joined(separator: ", "))
  }

  private func verify(
    _ change: ContractChange, _ commit: Commit, _ before: DeploymentFolder,
    _ folder: DeploymentFolder, _ subject: String, _ report: inout HistoryReport
  ) {
    let key = change.key.description.escapingUnprintable
    let removes: [Operation.Kind] = [
      .delete, .transaction, .revert, .restore, .rollback, .migrate,
    ]
    switch change.kind {
    case .removed:
      // What a merge has not got is looked at by itself.
      if commit.parents.count > 1 { return }
      let kind = LogEntry(commit, []).operation
      if kind == .adopt {
        report.warnings.append("\(subject): \(key) was removed by hand")
      } else if kind.map({ !removes.contains($0) }) ?? true {
        report.errors.append("\(subject): \(key) is lost: it was removed without a delete")
      }
      return
    case .redeployed:
      // What cannot be read there is told by itself.
      let old = (try? before.contract(change.key))??.liveAddress?.escapingUnprintable ?? "none"
      let live = (try? folder.contract(change.key))??.liveAddress?.escapingUnprintable ?? "none"
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
