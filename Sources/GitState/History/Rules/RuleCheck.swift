import Git

/// The rules as one write meets them.
struct RuleCheck: Sendable {
  private let rules: GuardRules
  private let folder: String
  private let author: String?
  private let signsCommits: Bool

  /// Reads the rules that are committed at the tip, and what they ask of this clone.
  init(_ repository: borrowing Repository, _ location: StateLocation, tip: ObjectID?) throws {
    rules = try GuardRules(repository, location, at: tip)
    folder = location.folder
    author = rules.allowedAuthors == nil ? nil : try repository.signature(.author).email
    signsCommits =
      rules.requireSignatures ? try repository.configurationBool("commit.gpgsign") ?? false : true
  }

  /// Refuses changes that break a rule.
  func refuse(_ changes: ChangeSet, _ kind: Operation.Kind, reason: String?) throws(StateError) {
    guard !changes.isEmpty else { return }
    let hasReason = reason?.contains { !$0.isWhitespace } ?? false
    try rules.refuse(
      rules.broken(by: changes, kind, hasReason: hasReason, author: author), folder)
    guard signsCommits else {
      throw StateError(
        .ruleBroken,
        "nothing was written: the rule requireSignatures asks for signed commits, and this clone does "
          + "not sign; set it up with: git config commit.gpgsign true (and user.signingkey, gpg.format)"
      )
    }
  }

  /// Why edits by hand stay out of the history; nil where they may go in.
  func broken(byEditing name: String, to file: DeploymentFile, in tip: DeploymentFolder) -> String?
  {
    var edited = tip
    edited[name] = DeploymentFolder.Item(
      content: .deployment(file), blob: nil, mode: tip[name]?.mode ?? .blob)
    var notes: [String] = []
    let changes = ChangeSet(from: nil, tip, to: nil, edited, notes: &notes)
    guard
      let first = rules.broken(by: changes, .adopt, hasReason: true, author: author).first
    else { return nil }
    let path = tip.pathOf(name)
    return
      "\(path) in the working tree has edits that break a rule (\(first)); they were left out, and "
      + "the write went on from the commit: compare with git diff -- \(path)"
  }
}
