import LosslessJSON

/// Looks for values that must not be kept in git: private keys, mnemonics, tokens.
///
/// A private key and a transaction's hash look alike, so that digits alone are never enough: a value is
/// found by the name of its field, or by a form that nothing else has.
enum SecretScan {
  /// A value that looks like a secret.
  struct Finding: Equatable {
    /// Where it is: `deploymentArgs[2].privateKey`.
    var path: String
    /// What it looks like.
    var what: String
  }

  /// What a change brings that was not there before; the values themselves are never told.
  static func findings(in change: ContractChange) -> [Finding] {
    findings(in: change.fields.filter { !known.contains($0.path) })
  }

  /// The same for the members of a file besides its contracts.
  static func findings(in file: FileMembersChange) -> [Finding] { findings(in: file.fields) }

  private static func findings(in fields: [FieldChange]) -> [Finding] {
    var found: [Finding] = []
    for field in fields {
      if let value = field.new { look(at: value, field.path, name: field.path, &found) }
    }
    return found
  }

  /// Fields whose values are public by their nature.
  private static let known = Contract.Field.all.filter { $0 != Contract.Field.deploymentArgs }

  private static func look(
    at value: JSONValue, _ path: String, name: String, _ found: inout [Finding]
  ) {
    switch value {
    case .string(let text):
      if let what = form(of: text) ?? meaning(of: name, text) {
        found.append(Finding(path: path, what: what))
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        look(at: element, "\(path)[\(index)]", name: name, &found)
      }
    case .object(let members):
      for (member, value) in members { look(at: value, "\(path).\(member)", name: member, &found) }
    default: return
    }
  }

  /// What the text's own form says.
  private static func form(of text: String) -> String? {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----") { return "a private key" }
    if isMnemonic(text) { return "a mnemonic" }
    let prefixes = [
      "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk_live_", "AKIA", "npm_",
    ]
    if let prefix = prefixes.first(where: text.hasPrefix),
      text.utf8.count >= prefix.utf8.count + 16,
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    {
      return "an access token"
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    if parts.count == 3, parts[0].hasPrefix("eyJ"), parts[1].hasPrefix("eyJ") {
      return "an access token"
    }
    return nil
  }

  /// Twelve to twenty-four plain words, as BIP 39 has them.
  private static func isMnemonic(_ text: String) -> Bool {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard [12, 15, 18, 21, 24].contains(words.count) else { return false }
    return words.allSatisfy { word in
      (3...8).contains(word.utf8.count)
        && word.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    } && Set(words).count > 8 || Set(words).count <= 2 && words.last == "about"
  }

  /// What the field's name says.
  private static func meaning(of name: String, _ text: String) -> String? {
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    let isAddress = text.utf8.count == 42 && text.hasPrefix("0x")
    guard text.utf8.count >= 8, !isAddress else { return nil }
    let words = [
      ("privatekey", "a private key"), ("secretkey", "a private key"), ("mnemonic", "a mnemonic"),
      ("seedphrase", "a mnemonic"), ("passphrase", "a pass phrase"), ("password", "a password"),
      ("apikey", "an access token"), ("apisecret", "an access token"),
      ("accesstoken", "an access token"), ("authtoken", "an access token"),
      ("clientsecret", "an access token"),
    ]
    return words.first { plain.contains($0.0) }?.1
  }
}
