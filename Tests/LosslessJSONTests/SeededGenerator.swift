import LosslessJSON

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: Int) {
    state = UInt64(truncatingIfNeeded: seed)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func chance(_ oneIn: Int) -> Bool {
    Int.random(in: 0..<oneIn, using: &self) == 0
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }
}

/// Makes values, and texts of them in layouts that no one writer has.
struct DocumentGenerator {
  var random: SeededGenerator

  init(seed: Int) {
    random = SeededGenerator(seed: seed)
  }

  static let keys = [
    "a", "b", "c", "LookCoin", "proxy", "implementation", "timestamp", "\u{e9}", "e\u{301}", "",
    "key \"quoted\"", "tab\t", "\u{1F600}", "z", "~", "contracts",
  ]

  mutating func value(depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(random.chance(2))
    case 2, 3: return .number(number())
    case 4, 5: return .string(string())
    case 6:
      return .array(
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth: depth - 1) })
    default: return .object(object(depth: depth))
    }
  }

  mutating func object(depth: Int) -> JSONObject {
    var object = JSONObject()
    for _ in 0..<Int.random(in: 0..<7, using: &random) {
      object[random.pick(Self.keys)] = value(depth: depth - 1)
    }
    return object
  }

  mutating func number() -> JSONNumber {
    let texts = [
      "0", "-0", "1.0", "1E+2", "1e400", "1753441878006", "-12.50e-3", "18446744073709551616",
    ]
    return JSONNumber(random.pick(texts)) ?? 0
  }

  mutating func string() -> String {
    random.pick([
      "", "plain", "0x7d919E3ac306BBA4e5c85E40fB665126586C992d", "\u{2028}\u{7f}", "a\nb",
    ])
      + random.pick(["", "\\", "\"", "\u{1}\u{1f}", "\u{e9}", "e\u{301}", "\u{10FFFF}", "tail"])
  }

  /// A value as text with white space wherever JSON allows it.
  mutating func wildText(_ value: JSONValue) -> String {
    switch value {
    case .array(let elements):
      var text = "[" + space()
      for (position, element) in elements.enumerated() {
        if position > 0 { text += space() + "," + space() }
        text += wildText(element)
      }
      return text + space() + "]"
    case .object(let object):
      var text = "{" + space()
      for (position, member) in object.enumerated() {
        if position > 0 { text += space() + "," + space() }
        text += wildText(.string(member.key)) + space() + ":" + space() + wildText(member.value)
      }
      return text + space() + "}"
    case .string(let string):
      return "\"" + string.unicodeScalars.map { wildText($0) }.joined() + "\""
    default:
      return value.text()
    }
  }

  private mutating func wildText(_ scalar: Unicode.Scalar) -> String {
    let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
    guard mustEscape || random.chance(8) else { return String(scalar) }
    return UTF16.encode(scalar).map { unit in
      unit.map { unit in
        let digits = String(unit, radix: 16, uppercase: random.chance(2))
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }.joined()
    } ?? ""
  }

  private mutating func space() -> String {
    random.pick(["", "", "", " ", "\n", "\n  ", "\r\n\t", "  ", "\n\n   ", "\r"])
  }

  mutating func style() -> JSONStyle {
    JSONStyle(
      indentation: random.pick([nil, "  ", "    ", "\t", "   "]),
      lineEnd: random.chance(2) ? .lf : .crlf, finalNewline: random.chance(2))
  }
}
