extension JSONReader {
  /// Reads a string, the reader being at its opening quote.
  mutating func string() throws(JSONFault) -> String {
    let opening = at
    at += 1
    var runStart = at
    var decoded: [UInt8] = []
    var hasEscapes = false
    while true {
      skipPlainText()
      guard at < end else { throw fault("a string has no closing quote", at: opening) }
      let byte = at.pointee
      switch byte {
      case UInt8(ascii: "\""):
        let run = UnsafeBufferPointer(start: runStart, count: at - runStart)
        at += 1
        guard hasEscapes else { return String(decoding: run, as: UTF8.self) }
        decoded.append(contentsOf: run)
        return String(decoding: decoded, as: UTF8.self)
      case UInt8(ascii: "\\"):
        decoded.append(contentsOf: UnsafeBufferPointer(start: runStart, count: at - runStart))
        hasEscapes = true
        decoded.append(contentsOf: UTF8.encode(try escape()) ?? UTF8.encodedReplacementCharacter)
        runStart = at
      case 0x80...:
        let length = UTF8Sequence.length(at: at, end: end)
        guard length > 0 else { throw fault("\(byteName(byte)) is no part of UTF-8 text", at: at) }
        at += length
      default:
        let name = JSONFault.printable(Unicode.Scalar(byte))
        throw fault("the control character '\(name)' in a string must be escaped", at: at)
      }
    }
  }

  /// Reads a key, the reader being at its opening quote.
  ///
  /// Objects of one kind have the same keys: those that are too long to be kept in the string itself share
  /// their memory.
  mutating func key() throws(JSONFault) -> String {
    let opening = at
    at += 1
    skipPlainText()
    let run = UnsafeBufferPointer(start: opening + 1, count: at - opening - 1)
    guard at < end, at.pointee == UInt8(ascii: "\""), run.count > 15 else {
      at = opening
      return try string()
    }
    at += 1
    let place = (run.count &+ Int(run[0]) &* 3 &+ Int(run[run.count - 1]) &* 7) % longKeys.count
    if longKeys[place].hasUTF8(run) { return longKeys[place] }
    let key = String(decoding: run, as: UTF8.self)
    longKeys[place] = key
    return key
  }

  /// Moves to the next byte that is a quote, a backslash, a control character or not ASCII.
  @inline(__always)
  private mutating func skipPlainText() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highBits: UInt64 = 0x8080_8080_8080_8080
    while end - at >= 8 {
      // Eight bytes at once. Subtracting sets the high bit of a byte below the bound; a borrow can
      // only set those of bytes further on, so the lowest high bit found is right.
      let bytes = UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
      let quotes = (bytes ^ (ones &* 0x22)) &- ones
      let backslashes = (bytes ^ (ones &* 0x5C)) &- ones
      let controls = bytes &- (ones &* 0x20)
      let special = (quotes | backslashes | controls | bytes) & highBits
      if special == 0 {
        at += 8
      } else {
        at += special.trailingZeroBitCount / 8
        return
      }
    }
    while at < end, at.pointee >= 0x20, at.pointee < 0x80, at.pointee != 0x22, at.pointee != 0x5C {
      at += 1
    }
  }

  /// Reads an escape, the reader being at its backslash.
  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    let backslash = at
    at += 1
    guard at < end else { throw fault("a string has no closing quote", at: backslash) }
    let letter = at.pointee
    at += 1
    switch letter {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape(from: backslash)
    default:
      at = backslash + 1
      throw expected("one of \" \\ / b f n r t u after '\\'")
    }
  }

  /// Reads the digits of a `\u` escape, and the second half of a surrogate pair.
  private mutating func unicodeEscape(
    from backslash: UnsafePointer<UInt8>
  ) throws(JSONFault) -> Unicode.Scalar {
    let unit = try fourHexDigits()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    if unit < 0xDC00, end - at >= 2, at[0] == UInt8(ascii: "\\"), at[1] == UInt8(ascii: "u") {
      let second = at
      at += 2
      let low = try fourHexDigits()
      if 0xDC00...0xDFFF ~= low {
        let value = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
        if let scalar = Unicode.Scalar(value) { return scalar }
      }
      at = second
    }
    throw fault(
      "the escape \\u\(String(unit, radix: 16)) is one half of a surrogate pair without the other, "
        + "which is no Unicode text", at: backslash)
  }

  private mutating func fourHexDigits() throws(JSONFault) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard at < end, let digit = hexDigit(at.pointee) else {
        throw expected("four hexadecimal digits after '\\u'")
      }
      value = value << 4 | digit
      at += 1
    }
    return value
  }

  private func hexDigit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
