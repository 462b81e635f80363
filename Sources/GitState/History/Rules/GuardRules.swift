import Git
public import LosslessJSON

/// What a team has forbidden, as `deployments/.gitstate.json` has it under `rules`.
///
/// They hold for every write, and `verify --history` looks whether they held.
public struct GuardRules: Hashable, Sendable {
  /// Where a rule holds.
  public enum Scope: Hashable, Sendable {
    /// On no chain.
    case nowhere
    /// On every chain.
    case everywhere
    /// On the chains of these IDs and networks.
    case chains(Set<String>)

    /// Whether it holds for a change.
    func covers(_ change: ContractChange) -> Bool {
      switch self {
      case .nowhere: false
      case .everywhere: true
      case .chains(let names):
        names.contains(change.key.chainID.description) || names.contains(change.network)
      }
    }
  }

  /// Where no contract's live address may change.
  public var noRedeployment = Scope.nowhere
  /// Where no contract may go.
  public var noRemoval = Scope.nowhere
  /// Where every write needs a reason.
  public var requireReason = Scope.nowhere
  /// Whether every commit needs a signature.
  public var requireSignatures = false
  /// The authors' addresses, `*@example.org` being all of a domain; nil allows everybody.
  public var allowedAuthors: [String]?
  /// Whether values that look like keys, mnemonics or tokens are refused.
  public var noSecrets = true
  /// The contracts whose values are not looked at for secrets.
  public var allowedSecrets: Set<String> = []

  /// The rules that hold where a team has set none: secrets are refused.
  public init() {}

  /// Reads the rules of a settings file.
  ///
  /// - Parameters:
  ///   - settings: The settings file's root; nil where there is none.
  ///   - path: The file's path, for errors.
  /// - Throws: `BACKEND_UNAVAILABLE` for a rule that is unknown or not understood: it would not hold,
  ///   and nobody would know.
  public init(_ settings: JSONObject?, path: String) throws(StateError) {
    self.init()
    guard let member = settings?["rules"] else { return }
    func fault(_ problem: String) -> StateError {
      StateError(.backendUnavailable, "\(path): \(problem); mend it and commit it", file: path)
    }
    guard let rules = member.object else { throw fault("its rules are no object") }
    func scope(_ name: String, _ value: JSONValue) throws(StateError) -> Scope {
      if let isOn = value.bool { return isOn ? .everywhere : .nowhere }
      let names = value.array?.map { $0.string ?? $0.number?.text }
      guard let names, names.allSatisfy({ $0 != nil }) else {
        throw fault("the rule \(name) must be true, false, or a list of chains")
      }
      return .chains(Set(names.compactMap(\.self)))
    }
    func texts(_ name: String, _ value: JSONValue) throws(StateError) -> [String] {
      guard let texts = value.array?.map(\.string), texts.allSatisfy({ $0 != nil }) else {
        throw fault("the rule \(name) must be a list of texts")
      }
      return texts.compactMap(\.self)
    }
    func flag(_ name: String, _ value: JSONValue) throws(StateError) -> Bool {
      guard let isOn = value.bool else { throw fault("the rule \(name) must be true or false") }
      return isOn
    }
    for (name, value) in rules {
      switch name {
      case "noRedeployment": noRedeployment = try scope(name, value)
      case "noRemoval": noRemoval = try scope(name, value)
      case "requireReason": requireReason = try scope(name, value)
      case "requireSignatures": requireSignatures = try flag(name, value)
      case "allowedAuthors": allowedAuthors = try texts(name, value)
      case "noSecrets": noSecrets = try flag(name, value)
      case "allowedSecrets": allowedSecrets = Set(try texts(name, value))
      default:
        throw fault("there is no rule \(name.quoted) (this gitstate may be too old for it)")
      }
    }
  }

  /// The rules at a commit; those that hold without settings before the first.
  init(_ repository: borrowing Repository, _ location: StateLocation, at commit: ObjectID?) throws {
    guard let commit else {
      self.init()
      return
    }
    try self.init(
      FolderSettings.document(
        repository, tree: try repository.commit(commit).tree, folder: location.folder),
      path: "\(location.folder)/\(FolderSettings.name)")
  }

  /// What a commit breaks, in sentences without an end.
  ///
  /// - Parameters:
  ///   - changes: What it changes.
  ///   - kind: What kind of operation it is; nil for others' commits.
  ///   - hasReason: Whether a reason is given.
  ///   - author: The author's address.
  /// - Returns: A sentence for each rule and contract.
  func broken(
    by changes: ChangeSet, _ kind: Operation.Kind?, hasReason: Bool, author: String?
  ) -> [String] {
    var broken: [String] = []
    for change in changes.changes {
      let key = change.key.description.escapingUnprintable
      if change.kind == .redeployed, noRedeployment.covers(change) {
        broken.append("\(key) is redeployed, which the rule noRedeployment forbids")
      }
      if change.kind == .removed, noRemoval.covers(change) {
        broken.append("\(key) is removed, which the rule noRemoval forbids")
      }
      // What is taken back was in the history before, and stays there.
      let undoes: [Operation.Kind] = [.revert, .restore, .rollback, .merge]
      if noSecrets, !allowedSecrets.contains(change.key.description),
        kind.map({ !undoes.contains($0) }) ?? true
      {
        broken += SecretScan.findings(in: change).map { finding in
          "\(finding.path.escapingUnprintable) of \(key) looks like \(finding.what), which must not be "
            + "kept in git (if it is none, add \"\(key)\" to the rule allowedSecrets)"
        }
      }
    }
    if let change = changes.changes.first(where: { requireReason.covers($0) }), !hasReason,
      kind != .adopt
    {
      let network = change.network.escapingUnprintable
      broken.append("no reason is given (-m), which the rule requireReason asks for on \(network)")
    }
    if let author, let allowedAuthors, !allowedAuthors.contains(where: { Self.allows($0, author) })
    {
      broken.append("\(author.quoted) is none of the authors that the rule allowedAuthors has")
    }
    return broken
  }

  private static func allows(_ pattern: String, _ author: String) -> Bool {
    let (pattern, author) = (pattern.lowercased(), author.lowercased())
    return pattern.hasPrefix("*@")
      ? author.hasSuffix(pattern.dropFirst()) : pattern.isIdentical(to: author)
  }

  /// Refuses a write that breaks a rule.
  func refuse(_ broken: [String], _ folder: String) throws(StateError) {
    guard let first = broken.first else { return }
    let rest = broken.count > 1 ? " (and \(broken.count - 1) more)" : ""
    throw StateError(
      .ruleBroken,
      "nothing was written: \(first)\(rest); rules are in \(folder)/\(FolderSettings.name), and to "
        + "change one is a commit of its own")
  }
}

extension StateError.Code {
  /// A rule of the team's forbids what was to be written.
  public static let ruleBroken = StateError.Code(rawValue: "RULE_BROKEN")
}
