import LosslessJSON

/// Looks for values that must not be kept in git: private keys, mnemonics, passwords, tokens.
///
/// A private key and a transaction's hash look alike, so that digits alone are never enough: a value is
/// found by a name (its field's, or one beside it in a text), or by a form that nothing else has.
enum SecretScan {
  /// A value that looks like a secret.
  struct Finding: Equatable {
    /// Where it is: `deploymentArgs[2].privateKey`.
    var path: String
    /// What it looks like.
    var what: String
  }

  /// What a change brings that was not there before; the values themselves are never told.
  static func findings(in change: ContractChange) -> [Finding] { findings(in: change.fields) }

  /// The same for the members of a file besides its contracts.
  static func findings(in file: FileMembersChange) -> [Finding] { findings(in: file.fields) }

  private static func findings(in fields: [FieldChange]) -> [Finding] {
    var found: [Finding] = []
    for field in fields {
      guard let value = field.new else { continue }
      look(at: value, field.path, name: known.contains(field.path) ? nil : field.path, &found)
    }
    if found.isEmpty { lookForWords(in: fields, &found) }
    return found
  }

  /// A mnemonic in pieces: a word or a few in each of several members, elements or fields in a row.
  private static func lookForWords(in fields: [FieldChange], _ found: inout [Finding]) {
    var run: (path: String, count: Int)?
    func look(at value: JSONValue, _ path: String) {
      switch value {
      case .string(let text):
        guard let count = MnemonicWords.count(in: text) else {
          run = nil
          return
        }
        run = (run?.path ?? path, (run?.count ?? 0) + count)
        if let (path, count) = run, count >= MnemonicWords.count, found.isEmpty {
          found.append(Finding(path: path, what: "the words of a mnemonic"))
        }
      case .array(let elements):
        for (index, element) in elements.enumerated() { look(at: element, "\(path)[\(index)]") }
      case .object(let members):
        for (member, value) in members { look(at: value, "\(path).\(member)") }
      // A number beside each word counts it.
      default: return
      }
    }
    for field in fields where !known.contains(field.path) {
      if let value = field.new { look(at: value, field.path) }
    }
  }

  /// Fields whose values are public by their nature.
  private static let known = Contract.Field.all.filter { $0 != Contract.Field.deploymentArgs }

  /// Members that only hold what the member around them is named after.
  private static let holders: Set<String> = [
    "value", "data", "raw", "hex", "plain", "text", "content", "phrase",
  ]

  private static func look(
    at value: JSONValue, _ path: String, name: String?, _ found: inout [Finding]
  ) {
    switch value {
    case .string(let text):
      let what = name.flatMap { SecretName($0).meaning(of: text) } ?? SecretText.meaning(of: text)
      if let what { found.append(Finding(path: path, what: what)) }
    case .array(let elements):
      // `["--private-key", "0x..."]` is a command's.
      var option: String?
      for (index, element) in elements.enumerated() {
        look(at: element, "\(path)[\(index)]", name: option ?? name, &found)
        let text = element.string
        option = text?.hasPrefix("-") == true ? text.map { String($0.drop { $0 == "-" }) } : nil
      }
    case .object(let members):
      // `{"name": "privateKey", "value": "0x..."}` is one member in other words.
      let label = ["name", "key", "field", "label"].lazy.compactMap { members[$0]?.string }.first
      for (member, value) in members {
        if let what = SecretText.meaning(of: member) {
          found.append(Finding(path: "a member's name in \(path)", what: what))
          continue
        }
        let isHeld = holders.contains(member.lowercased())
        look(
          at: value, "\(path).\(member)", name: isHeld ? label ?? name ?? member : member, &found)
      }
    default: return
    }
  }
}
