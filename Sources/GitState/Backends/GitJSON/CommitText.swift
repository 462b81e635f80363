import LosslessJSON

/// What a commit of ours says: a subject for people, the changes, trailers for machines.
struct CommitText: Sendable {
  var kind: Operation.Kind
  var changes: ChangeSet
  var reason: String?
  /// The subject, where it is not made of the changes.
  var subject: String?
  var trailers: [(key: String, value: String)] = []

  /// How many contracts a message names, in its body and in its trailers.
  private static let limit = 50

  /// The whole message.
  var message: String {
    var text = title
    if let reason = reason.map(Self.cleaned), !reason.isEmpty { text += "\n\n" + reason }
    if let details { text += "\n\n" + details }
    text += "\n\n"
    for line in trailerLines { text += line + "\n" }
    return text
  }

  /// The message's first line.
  var firstLine: String {
    let title = title
    return title.hasOnlyBytes(in: 0x20..<0xFF) ? title : String(title.prefix { $0 != "\n" })
  }

  private var title: String { subject ?? prefix + changes.summary }

  private var prefix: String {
    switch kind {
    case .importing: "Import: "
    case .adopt: "Adopt edits by hand: "
    case .migrate: "Migration: "
    default: ""
    }
  }

  private var details: String? {
    switch changes.changes.count {
    case 0: return nil
    case 1:
      let fields = changes.changes[0].fields
      guard let width = fields.map({ Self.label($0.path).width }).max() else { return nil }
      var text = ""
      for field in fields {
        if !text.isEmpty { text += "\n" }
        Self.append(field, labelWidth: width, to: &text)
      }
      return text
    default:
      let shown = changes.changes.prefix(Self.limit).map { change in
        "\(change.kind.rawValue.padded(to: 10))  "
          + "\(change.network.escapingUnprintable)/\(change.shownName)"
      }
      let rest = changes.changes.count - shown.count
      return (shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: "\n")
    }
  }

  private static func append(_ field: FieldChange, labelWidth: Int, to text: inout String) {
    text += label(field.path).escapingUnprintable.padded(to: labelWidth + 2)
    if let old = field.old {
      text += shown(old)
      text += " -> "
      text += field.new.map(shown) ?? "none"
    } else if let new = field.new {
      text += shown(new)
    }
  }

  /// The words that files have for a record's fields.
  private static func label(_ field: String) -> String {
    switch field {
    case Contract.Field.address: "implementation"
    case Contract.Field.proxyAddress: "proxy"
    default: field
    }
  }

  private static func shown(_ value: JSONValue) -> String {
    if value.string?.isEmpty == true { return "\"\"" }
    let text = (value.string ?? value.text(.compact)).escapingUnprintable
    // Characters are counted only where there are bytes enough.
    return text.utf8.count > 200 && text.count > 200 ? text.prefix(197) + "..." : text
  }

  private var trailerLines: [String] {
    let keys = changes.changes.map { Self.encoded($0.key.description) }
    let contracts =
      keys.count > Self.limit
      ? ["GitState-Contracts: \(keys.count)"] : keys.map { "GitState-Contract: \($0)" }
    return ["GitState-Operation: \(kind.rawValue)"] + contracts
      + trailers.map { "\($0.key): \(Self.encoded($0.value))" }
  }

  /// A key as a trailer has it: control characters and `%` percent-encoded.
  static func encoded(_ text: String) -> String {
    if text.hasOnlyBytes(in: 0x26..<0x7F) { return text }
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      if scalar.isUnprintable || scalar == "%" {
        for byte in String(scalar).utf8 {
          let digits = String(byte, radix: 16, uppercase: true)
          result += Array("%\(digits.count == 1 ? "0" : "")\(digits)".utf8)
        }
      } else {
        result += Array(String(scalar).utf8)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A trailer's text back from ``encoded(_:)``.
  static func decoded(_ text: String) -> String {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        result.append(value)
        rest.removeFirst(2)
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A reason without what git would strip or a terminal act on; lines stay lines.
  private static func cleaned(_ reason: String) -> String {
    let lines = reason.split(omittingEmptySubsequences: false) { $0.isNewline }
      .map { String($0).escapingUnprintable }
    let text = lines.joined(separator: "\n")
    let kept = text.drop { $0.isWhitespace }
    return String(kept.reversed().drop { $0.isWhitespace }.reversed())
  }
}

extension ChangeSet {
  /// One line for people: `bscmainnet: upgrade LookCoin`, `add 15 contracts on 5 networks`.
  public var summary: String {
    guard let first = changes.first else {
      guard let file = files.first else { return "change files, but no contract" }
      let members = file.fields.map(\.path.escapingUnprintable).joined(separator: ", ")
      return files.count == 1
        ? "\(file.network.escapingUnprintable): modify \(members) of the file"
        : "modify members of \(files.count) files, but no contract"
    }
    let networks = Set(changes.map(\.key.chainID)).count
    let network = first.network.escapingUnprintable
    if changes.count == 1 { return "\(network): \(first.kind.verb) \(first.shownName)" }
    let counts = ContractChange.Kind.allCases.compactMap { kind in
      let count = changes.count { $0.kind == kind }
      return count == 0 ? nil : "\(kind.verb) \(count)"
    }
    let text = counts.joined(separator: ", ") + " contracts"
    return networks == 1 ? "\(network): \(text)" : "\(text) on \(networks) networks"
  }
}

extension ContractChange.Kind {
  /// The word in a commit's subject.
  fileprivate var verb: String {
    switch self {
    case .added: "add"
    case .removed: "remove"
    case .redeployed: "redeploy"
    case .upgraded: "upgrade"
    case .renamed: "rename"
    case .modified: "modify"
    }
  }
}

extension ContractChange {
  /// The name as people may see it; after a rename, what it was before as well.
  fileprivate var shownName: String {
    let name = key.name.escapingUnprintable
    guard kind == .renamed,
      let old = fields.first(where: { $0.path == Contract.Field.contractName })?.old?.string
    else { return name }
    return "\(old.escapingUnprintable) to \(name)"
  }
}

extension String {
  /// The text with spaces behind it, up to a width in characters.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - self.width))
  }
}
