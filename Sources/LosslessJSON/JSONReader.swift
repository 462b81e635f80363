/// Reads one JSON text, from the first byte to the last.
///
/// The memory between `start` and `end` belongs to the caller and stays for the reader's life.
struct JSONReader {
  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  var at: UnsafePointer<UInt8>
  private let maximumDepth: Int
  private let duplicateKeys: JSONParser.DuplicateKeys
  /// Long keys that were read, each in the place of those that look alike.
  var longKeys = [String](repeating: "", count: 32)

  init(start: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>, options: JSONParser.Options) {
    self.start = start
    self.end = end
    at = start
    maximumDepth = options.effectiveDepth
    duplicateKeys = options.duplicateKeys
  }

  /// Reads the whole text, which is one value with white space around it.
  mutating func document() throws(JSONFault) -> JSONValue {
    try refuseOtherEncodings()
    skipWhiteSpace()
    let value = try value(depth: 0)
    skipWhiteSpace()
    guard at == end else { throw expected("the end of the text") }
    return value
  }

  private func refuseOtherEncodings() throws(JSONFault) {
    let count = end - start
    if count >= 3, start[0] == 0xEF, start[1] == 0xBB, start[2] == 0xBF {
      throw fault("the text begins with a byte order mark, which JSON does not allow", at: start)
    }
    guard count >= 2 else { return }
    let isMarked = start[0] == 0xFE && start[1] == 0xFF || start[0] == 0xFF && start[1] == 0xFE
    if isMarked || start[0] == 0 || start[1] == 0 {
      throw fault("the text is not UTF-8, it looks like UTF-16 or UTF-32", at: start)
    }
  }

  mutating func value(depth: Int) throws(JSONFault) -> JSONValue {
    guard at < end else { throw expected("a value") }
    switch at.pointee {
    case UInt8(ascii: "\""):
      return .string(try string())
    case UInt8(ascii: "{"):
      return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["):
      return .array(try array(depth: depth + 1))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return .number(try number())
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
      return try word()
    default:
      throw expected("a value")
    }
  }

  private mutating func object(depth: Int) throws(JSONFault) -> JSONObject {
    guard depth <= maximumDepth else { throw tooDeep() }
    at += 1
    var object = JSONObject()
    skipWhiteSpace()
    if take(UInt8(ascii: "}")) { return object }
    guard at < end, at.pointee == UInt8(ascii: "\"") else {
      throw expected("a key in double quotes or '}'")
    }
    while true {
      let keyStart = at
      let key = try key()
      skipWhiteSpace()
      guard take(UInt8(ascii: ":")) else { throw expected("':' after a key") }
      skipWhiteSpace()
      let value = try value(depth: depth)
      if !object.append(key, value, replaces: duplicateKeys == .keepLast) {
        throw try duplicateKey(at: keyStart)
      }
      skipWhiteSpace()
      if take(UInt8(ascii: ",")) {
        skipWhiteSpace()
        guard at < end, at.pointee == UInt8(ascii: "\"") else {
          throw expected("a key in double quotes after ','")
        }
      } else if take(UInt8(ascii: "}")) {
        return object
      } else {
        throw expected("',' or '}' after an object's member")
      }
    }
  }

  private mutating func duplicateKey(at place: UnsafePointer<UInt8>) throws(JSONFault) -> JSONFault
  {
    at = place
    return fault("duplicate key \"\(JSONFault.printable(try key()))\"", at: place)
  }

  private mutating func array(depth: Int) throws(JSONFault) -> [JSONValue] {
    guard depth <= maximumDepth else { throw tooDeep() }
    at += 1
    var elements: [JSONValue] = []
    skipWhiteSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value(depth: depth))
      skipWhiteSpace()
      if take(UInt8(ascii: ",")) {
        skipWhiteSpace()
      } else if take(UInt8(ascii: "]")) {
        return elements
      } else {
        throw expected("',' or ']' after an array's element")
      }
    }
  }

  private mutating func number() throws(JSONFault) -> JSONNumber {
    let first = at
    if let missing = JSONNumber.scan(&at, end: end) { throw expected(missing) }
    let bytes = UnsafeBufferPointer(start: first, count: at - first)
    return JSONNumber(unchecked: String(decoding: bytes, as: UTF8.self))
  }

  private mutating func word() throws(JSONFault) -> JSONValue {
    let first = at
    while at < end, at.pointee | 0x20 >= UInt8(ascii: "a"), at.pointee | 0x20 <= UInt8(ascii: "z") {
      at += 1
    }
    let bytes = UnsafeBufferPointer(start: first, count: at - first)
    switch String(decoding: bytes, as: UTF8.self) {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case let word:
      throw fault("expected a value, found the word '\(JSONFault.printable(word))'", at: first)
    }
  }
}

extension JSONReader {
  @inline(__always)
  private mutating func skipWhiteSpace() {
    while at < end {
      switch at.pointee {
      case 0x20, 0x0A, 0x0D, 0x09: at += 1
      default: return
      }
    }
  }

  @inline(__always)
  private mutating func take(_ byte: UInt8) -> Bool {
    guard at < end, at.pointee == byte else { return false }
    at += 1
    return true
  }

  private func tooDeep() -> JSONFault {
    fault("more than \(maximumDepth) arrays and objects inside one another", at: at)
  }

  func fault(_ message: String, at place: UnsafePointer<UInt8>) -> JSONFault {
    JSONFault(message: message, offset: place - start)
  }

  /// The fault that something else is at the reader's place.
  func expected(_ what: String) -> JSONFault {
    fault("expected \(what), found \(found)", at: at)
  }

  private var found: String {
    guard at < end else { return "the end of the text" }
    let length = UTF8Sequence.length(at: at, end: end)
    guard length > 0 else { return byteName(at.pointee) }
    let text = String(decoding: UnsafeBufferPointer(start: at, count: length), as: UTF8.self)
    return "'\(JSONFault.printable(text))'"
  }

  func byteName(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "the byte 0x\(byte < 16 ? "0" : "")\(digits)"
  }
}
