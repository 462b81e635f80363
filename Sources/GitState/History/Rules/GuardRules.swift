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

    /// What it is called in a message: `off`, `on`, `on 56 and bscmainnet`.
    var text: String {
      switch self {
      case .nowhere: "off"
      case .everywhere: "on"
      case .chains(let names):
        "on \(names.sorted().map(\.escapingUnprintable).joined(separator: " and "))"
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
  /// The contracts whose values are not looked at for secrets; a chain's ID alone is its file, an
  /// abbreviated commit that commit's message.
  public var allowedSecrets: Set<String> = []
  /// The names that chains have in rules: the settings' own, and those of the networks' files.
  var chainNames: [String: ChainID] = [:]
  /// The chains of which records bear a name that a rule has and no file.
  var recordNames: [String: Set<ChainID>] = [:]

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
    func fault(_ problem: String) -> StateError {
      StateError(.backendUnavailable, "\(path): \(problem); mend it and commit it", file: path)
    }
    if let member = settings?["chains"] {
      let problem = "its chains must be an object of names, each with a chain ID"
      guard let chains = member.object else { throw fault(problem) }
      for (name, value) in chains {
        guard ChainID(name) == nil, let chainID = ChainID(value) else { throw fault(problem) }
        chainNames[name] = chainID
      }
    }
    guard let member = settings?["rules"] else { return }
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

  /// The rules at a commit, names of networks being those that its files have.
  init(
    _ repository: borrowing Repository, _ location: StateLocation, at commit: ObjectID?,
    _ folder: DeploymentFolder
  ) throws {
    try self.init(repository, location, at: commit)
    name(chainsOf: folder)
  }

  /// Takes the names of networks from their files; the settings' own go before.
  ///
  /// A name that a rule has and no file is looked for in the records: it then means each chain of which a
  /// record bears it, since a rule that holds for one chain too many does less harm.
  mutating func name(chainsOf folder: DeploymentFolder) {
    for file in folder.deployments where chainNames[file.network] == nil {
      chainNames[file.network] = file.chainID
    }
    for scope in [noRedeployment, noRemoval, requireReason] {
      guard case .chains(let names) = scope else { continue }
      for name in names
      where ChainID(name) == nil && chainNames[name] == nil && recordNames[name] == nil {
        let chains = folder.files(withRecordsOf: name).map(\.chainID)
        if !chains.isEmpty { recordNames[name] = Set(chains) }
      }
    }
  }

  /// Whether a rule names the chains for which it holds.
  var nameChains: Bool {
    [noRedeployment, noRemoval, requireReason].contains {
      if case .chains = $0 { true } else { false }
    }
  }

  /// Whether a team has set any rule.
  var areSet: Bool {
    var rules = self
    rules.chainNames = [:]
    rules.recordNames = [:]
    return rules != GuardRules()
  }

  /// The chains that a rule names and nothing else does: there it holds nowhere.
  var unknownChains: [String] { unknownChains(besides: []) }

  /// The same, where a write makes some networks known.
  func unknownChains(besides networks: Set<String>) -> [String] {
    [
      ("noRedeployment", noRedeployment), ("noRemoval", noRemoval),
      ("requireReason", requireReason),
    ].flatMap { rule, scope -> [String] in
      guard case .chains(let names) = scope else { return [] }
      return names.filter {
        ChainID($0) == nil && chainNames[$0] == nil && recordNames[$0] == nil
          && !networks.contains($0)
      }.sorted().map { name in
        "the rule \(rule) names \(name.quoted), which is no chain ID and the network of no file and of "
          + "no record, so that it holds for no chain there; mend it, or name the chain under \"chains\""
      }
    }
  }

  /// Whether a rule holds for a chain, under whatever name.
  private func covers(_ scope: Scope, _ chainID: ChainID, _ network: String) -> Bool {
    switch scope {
    case .nowhere: false
    case .everywhere: true
    case .chains(let names):
      names.contains { name in
        name == chainID.description || name.isIdentical(to: network)
          || chainNames[name] == chainID || recordNames[name]?.contains(chainID) == true
      }
    }
  }

  private func covers(_ scope: Scope, _ change: ContractChange) -> Bool {
    if covers(scope, change.key.chainID, change.network) { return true }
    // The first record that bears a name.
    return change.fields.contains { field in
      field.path == Contract.Field.networkName
        && [field.old, field.new].contains { name in
          name?.string.map { covers(scope, change.key.chainID, $0) } ?? false
        }
    }
  }

  /// What a commit breaks, in sentences without an end.
  ///
  /// - Parameter act: What it does.
  /// - Returns: A sentence for each rule and contract.
  /// - Throws: Where an earlier record is asked for and cannot be read.
  func broken(by act: RuledChange) throws -> [String] {
    var broken: [String] = []
    for change in act.changes.changes + act.dropped {
      var key: String { change.key.description.escapingUnprintable }
      switch change.kind {
      case .redeployed where covers(noRedeployment, change):
        broken.append("\(key) is redeployed, which the rule noRedeployment forbids")
      case .added where covers(noRedeployment, change):
        // Absent for a while, and then at another address: to callers that is the same.
        guard let former = try act.former(change.key), let live = change.liveAddress,
          former.liveAddress.asciiLowercased != live.asciiLowercased
        else { break }
        broken.append(
          "\(key) is deployed anew, which the rule noRedeployment forbids: until "
            + "\(former.removal.map { "commit \($0)" } ?? "just now") it was at "
            + former.liveAddress.escapingUnprintable)
      case .removed where covers(noRemoval, change):
        broken.append("\(key) is removed, which the rule noRemoval forbids")
      case .renamed where covers(noRemoval, change):
        let old = ContractKey(change.key.chainID, change.oldName ?? "")
        broken.append(
          "\(old.description.escapingUnprintable) is renamed to \(key), so that it is absent under its "
            + "name, which the rule noRemoval forbids")
      default: break
      }
    }
    if noSecrets {
      broken += secrets(in: act.news)
      if let what = act.words.flatMap({ SecretText.meaning(of: $0) }),
        !allowedSecrets.contains(act.commit ?? "")
      {
        let advice = act.commit.map { " (if it is none, add \"\($0)\" to the rule allowedSecrets)" }
        broken.append(
          "\(act.commit == nil ? "the reason" : "its message") looks like \(what), which must not be kept "
            + "in git\(advice ?? "; say it in other words")")
      }
    }
    if let change = act.changes.changes.first(where: { covers(requireReason, $0) }), !act.hasReason
    {
      let network = change.network.escapingUnprintable
      broken.append("no reason is given (-m), which the rule requireReason asks for on \(network)")
    }
    if let author = act.author, let allowedAuthors,
      !allowedAuthors.contains(where: { Self.allows($0, author) })
    {
      broken.append("\(author.quoted) is none of the authors that the rule allowedAuthors has")
    }
    return broken
  }

  private func secrets(in news: ChangeSet) -> [String] {
    var broken: [String] = []
    func report(_ finding: SecretScan.Finding, _ owner: String, _ allowance: String) {
      broken.append(
        "\(finding.path.escapingUnprintable) of \(owner) looks like \(finding.what), which must not be "
          + "kept in git (if it is none, add \"\(allowance)\" to the rule allowedSecrets)")
    }
    func isAllowed(_ owner: some CustomStringConvertible) -> Bool {
      !allowedSecrets.isEmpty && allowedSecrets.contains(owner.description)
    }
    for change in news.changes where !isAllowed(change.key) {
      // A merge leaves nothing of what one of its parents had already.
      if [.added, .renamed].contains(change.kind), !change.fields.isEmpty,
        let what = SecretText.meaning(of: change.key.name)
      {
        broken.append(
          "the name of a contract on chain \(change.key.chainID) looks like \(what), which must not be "
            + "kept in git (if it is none, add the contract's key to the rule allowedSecrets)")
        continue
      }
      for finding in SecretScan.findings(in: change) {
        let key = change.key.description.escapingUnprintable
        report(finding, key, key)
      }
    }
    for file in news.files where !isAllowed(file.chainID) {
      for finding in SecretScan.findings(in: file) {
        report(finding, file.file.escapingUnprintable, file.chainID.description)
      }
    }
    return broken
  }

  /// How these rules differ from others, rule by rule.
  func differences(from old: GuardRules) -> [String] {
    func shown(_ texts: some Collection<String>) -> String {
      texts.isEmpty
        ? "nobody" : texts.sorted().map(\.escapingUnprintable).joined(separator: ", ")
    }
    func shown(_ isOn: Bool) -> String { isOn ? "on" : "off" }
    return [
      ("noRedeployment", old.noRedeployment.text, noRedeployment.text),
      ("noRemoval", old.noRemoval.text, noRemoval.text),
      ("requireReason", old.requireReason.text, requireReason.text),
      ("requireSignatures", shown(old.requireSignatures), shown(requireSignatures)),
      (
        "allowedAuthors", old.allowedAuthors.map { shown($0) } ?? "off",
        allowedAuthors.map { shown($0) } ?? "off"
      ),
      ("noSecrets", shown(old.noSecrets), shown(noSecrets)),
      (
        "allowedSecrets", shown(old.allowedSecrets), shown(allowedSecrets)
      ),
    ].filter { $0.1 != $0.2 }.map { "\($0.0) was \($0.1) and is \($0.2)" }
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
