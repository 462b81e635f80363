import Git
import LosslessJSON

/// The rules as one write meets them.
struct RuleCheck {
  private let rules: GuardRules
  private let folder: String
  private let author: String?
  private let signsCommits: Bool
  /// The record that a contract had in the branch's history.
  private let former: (ContractKey) throws -> FormerRecord?

  /// Reads the rules that are committed at the tip, and what they ask of this clone.
  init(
    _ repository: borrowing Repository, _ location: StateLocation, tip: ObjectID?,
    _ state: DeploymentFolder,
    former: @escaping (ContractKey) throws -> FormerRecord?
  ) throws {
    rules = try GuardRules(repository, location, at: tip, state)
    folder = location.folder
    author = rules.allowedAuthors == nil ? nil : try repository.signature(.author).email
    signsCommits =
      rules.requireSignatures ? try repository.configurationBool("commit.gpgsign") ?? false : true
    self.former = former
  }

  /// Refuses changes that break a rule.
  ///
  /// - Parameters:
  ///   - changes: What the commit changes.
  ///   - operation: The operation that it is of.
  ///   - earlier: What commits of the same write change, which come before it.
  /// - Throws: `RULE_BROKEN`.
  func refuse(
    _ changes: ChangeSet, _ operation: PlannedOperation,
    after earlier: some BidirectionalCollection<ChangeSet>
  ) throws(StateError) {
    guard !changes.isEmpty else { return }
    let act = RuledChange(
      changes: changes, news: operation.takesFromHistory ? ChangeSet() : changes,
      hasReason: operation.reason?.contains { !$0.isWhitespace } ?? false,
      words: operation.reason, author: author
    ) { key in
      for change in earlier.reversed().lazy.flatMap(\.changes) where change.key == key {
        guard change.kind == .removed else { return nil }
        return change.liveAddress.map { FormerRecord(liveAddress: $0) }
      }
      return try former(key)
    }
    let broken = try convertingGitErrors(
      .backendUnavailable, "the history that a rule asks for could not be read"
    ) { try rules.broken(by: act) }
    try rules.refuse(broken, folder)
    guard signsCommits else {
      throw StateError(
        .ruleBroken,
        "nothing was written: the rule requireSignatures asks for signed commits, and this clone does "
          + "not sign; set it up with: git config commit.gpgsign true (and user.signingkey, gpg.format)"
      )
    }
  }

  /// Rules that hold nowhere, though they name chains: whoever writes is told, lest nobody notices.
  func warnings(about changes: ChangeSet) -> [String] {
    guard !changes.isEmpty, rules.nameChains else { return [] }
    let names = changes.changes.flatMap { change in
      change.fields.filter { $0.path == Contract.Field.networkName }.compactMap { $0.new?.string }
    }
    return rules.unknownChains(besides: Set(changes.changes.map(\.network) + names))
  }

  /// Why edits by hand stay out of the history; nil where they may go in.
  func broken(byEditing name: String, to file: DeploymentFile, in tip: DeploymentFolder) throws
    -> String?
  {
    var edited = tip
    edited[name] = DeploymentFolder.Item(
      content: .deployment(file), blob: nil, mode: tip[name]?.mode ?? .blob)
    var notes: [String] = []
    let changes = ChangeSet(from: nil, tip, to: nil, edited, notes: &notes)
    // Nobody said why.
    let act = RuledChange(
      changes: changes, news: changes, hasReason: false, author: author, former: former)
    guard let first = try rules.broken(by: act).first else { return nil }
    let path = tip.pathOf(name)
    return
      "\(path) in the working tree has edits that break a rule (\(first)); they were left out, and "
      + "the write went on from the commit: compare with git diff -- \(path), and commit them with git "
      + "if they are right"
  }
}
