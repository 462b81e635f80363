import LosslessJSON

/// Something in a record that is not as it should be, though the record is kept.
public struct Oddity: Hashable, Sendable, CustomStringConvertible {
  /// How much it matters.
  public enum Severity: Hashable, Sendable {
    /// The value cannot be what it is meant to be.
    case error
    /// The value is missing, which some records of old tools are.
    case warning
  }

  /// The record concerned.
  public let key: ContractKey
  /// The record's field.
  public let field: String
  /// What is wrong with it, the value included.
  public let problem: String
  /// How much it matters.
  public let severity: Severity

  /// One line for people.
  public var description: String {
    "\(key.description.escapingUnprintable): \(field) \(problem)"
  }
}

extension Contract {
  /// Refuses what no deployment can be, naming field and value.
  ///
  /// Every backend calls this for a `put`. A hash may be missing or empty; imports and merges do
  /// not validate at all, since losing a record is worse than keeping an odd one.
  ///
  /// - Throws: `VALIDATION_FAILED`.
  public func validate() throws(StateError) {
    if let oddity = oddities.first(where: { $0.severity == .error }) {
      throw refusal(oddity.field, oddity.problem)
    }
  }

  /// What is odd about the record: all that a put refuses, empty hashes, a missing time.
  public var oddities: [Oddity] {
    var found: [Oddity] = []
    func note(_ field: String, _ problem: String?, _ severity: Oddity.Severity = .error) {
      guard let problem else { return }
      found.append(Oddity(key: key, field: field, problem: problem, severity: severity))
    }
    note(Field.contractName, Self.problem(ofName: name))
    if let chain = record[Field.chainID], chain.string != nil {
      note(Field.chainID, "is \(Self.shown(chain)) and not a number", .warning)
    }
    if let network = record[Field.networkName] {
      note(
        Field.networkName,
        network.string.map(Self.problem(ofNetworkName:))
          ?? "is \(Self.shown(network)) and must be a text")
    }
    note(
      Field.address,
      record[Field.address].map { Self.problem(ofHex: $0, digits: 40, what: "an address") }
        ?? "is missing")
    if let proxy = record[Field.proxyAddress], !proxy.isAbsence {
      note(Field.proxyAddress, Self.problem(ofHex: proxy, digits: 40, what: "an address"))
    }
    for field in [Field.implementationHash, Field.factoryByteCodeHash] {
      guard let hash = record[field], !hash.isAbsence else { continue }
      note(field, Self.problem(ofHex: hash, digits: 64, what: "a hash"))
    }
    if record[Field.factoryByteCodeHash]?.isAbsence ?? true {
      note(Field.factoryByteCodeHash, "is empty", .warning)
    }
    switch record[Field.timestamp] {
    case nil: note(Field.timestamp, "is missing", .warning)
    case .number(let number)?:
      guard let time = number.int64, Self.timestamps.contains(time) else {
        note(
          Field.timestamp,
          "is \(number.text), which is no whole number of milliseconds from the year 1 to 2^53-1")
        break
      }
    case let other?: note(Field.timestamp, "is \(Self.shown(other)) and must be a number")
    }
    if let args = record[Field.deploymentArgs], args.array == nil {
      note(Field.deploymentArgs, "is \(Self.shown(args)) and must be an array")
    }
    return found
  }

  /// The milliseconds since 1970 from the year 1 to the last whole number that JavaScript is sure of.
  static let timestamps: ClosedRange<Int64> = -62_135_596_800_000...9_007_199_254_740_991

  /// What is wrong with a contract's name, or nil.
  static func problem(ofName name: String) -> String? {
    if name.isEmpty { return "is empty" }
    if name.hasUnprintable {
      return "\(name.quoted) has control characters"
    }
    if name.hasWhitespaceAtAnEnd { return "\(name.quoted) begins or ends with white space" }
    if name.utf8.count > 1000 { return "\(name.quoted) is longer than 1000 bytes" }
    return nil
  }

  /// What is wrong with a network's name, or nil; the name of a file is made of it.
  static func problem(ofNetworkName name: String) -> String? {
    if name.utf8.first == UInt8(ascii: ".") { return "\(name.quoted) begins with a dot" }
    if name.utf8.contains(UInt8(ascii: "/")) || name.utf8.contains(UInt8(ascii: "\\")) {
      return "\(name.quoted) has a slash"
    }
    if name.hasUnprintable {
      return "\(name.quoted) has control characters"
    }
    if name.hasWhitespaceAtAnEnd { return "\(name.quoted) begins or ends with white space" }
    return nil
  }

  private static func problem(ofHex value: JSONValue, digits: Int, what: String) -> String? {
    guard let text = value.string else {
      return "is \(shown(value)) and must be \(what): 0x and \(digits) hex digits"
    }
    guard text.utf8.count == digits + 2, text.hasPrefix("0x"),
      text.utf8.dropFirst(2).allSatisfy(\.isHexDigit)
    else {
      return "\(text.quoted) is not \(what): 0x and \(digits) hex digits"
    }
    return nil
  }

  /// A value of a wrong type: its kind and what it is.
  private static func shown(_ value: JSONValue) -> String {
    value.isNull ? value.kind : "\(value.kind), \((value.string ?? value.text()).quoted),"
  }

  private func refusal(_ field: String, _ problem: String) -> StateError {
    StateError(
      .validationFailed,
      "\(key.description.escapingUnprintable) was not written: its \(field) \(problem)", key: key)
  }
}

extension String {
  fileprivate var hasWhitespaceAtAnEnd: Bool {
    [unicodeScalars.first, unicodeScalars.last].contains { end in
      guard let end else { return false }
      return end.isASCII
        ? end == " " || (9...13).contains(end.value) : end.properties.isWhitespace
    }
  }
}

extension UInt8 {
  /// Whether it is a digit of a hexadecimal number in ASCII.
  var isHexDigit: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

extension JSONValue {
  /// The value as it stands in messages: its JSON, cut where it is long.
  var shown: String {
    let text = text(.compact)
    return (text.count > 120 ? text.prefix(117) + "..." : text).escapingUnprintable
  }

  /// Whether the value stands for "there is none": `null` and `""` do, in old files and records.
  var isAbsence: Bool {
    switch self {
    case .null: true
    case .string(let text): text.isEmpty
    default: false
    }
  }
}
