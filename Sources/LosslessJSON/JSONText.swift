internal import Glibc

/// Finds the parts of a JSON text by their places.
///
/// The text has been parsed before, so that nothing is checked again here; yet no function reads
/// past the end, whatever the bytes.
struct JSONText {
  let bytes: UnsafeBufferPointer<UInt8>

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  static func isLineBreak(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  /// The place after the white space at a place.
  func endOfWhiteSpace(_ start: Int) -> Int {
    var at = start
    while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 || Self.isLineBreak(bytes[at]) {
      at += 1
    }
    return at
  }

  /// The spaces and tabs at a place.
  func indent(at start: Int) -> Range<Int> {
    var end = start
    while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
    return start..<end
  }

  /// The place after a string that begins at a place.
  func endOfString(_ start: Int) -> Int {
    guard start + 1 < bytes.count, let base = bytes.baseAddress,
      let quote = memchr(base + start + 1, 0x22, bytes.count - start - 1)
    else { return bytes.count }
    let end = UnsafeRawPointer(quote) - UnsafeRawPointer(base)
    guard let escape = memchr(base + start + 1, 0x5C, end - start - 1) else { return end + 1 }
    var at = UnsafeRawPointer(escape) - UnsafeRawPointer(base)
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""): return at + 1
      case UInt8(ascii: "\\"): at += 2
      default: at += 1
      }
    }
    return bytes.count
  }

  /// The place after a value that begins at a place.
  func endOfValue(_ start: Int) -> Int {
    var at = start
    var depth = 0
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""):
        at = endOfString(at)
        if depth == 0 { return at }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        at += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        // The bracket that closes what is around a number or a word is not part of it.
        if depth < 0 { return at }
        at += 1
        if depth == 0 { return at }
      case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
        if depth == 0 { return at }
        at += 1
      default:
        at += 1
      }
    }
    return bytes.count
  }

  /// The last line end (`\n`, `\r\n` or `\r`) in a range.
  func lastLineBreak(in range: Range<Int>) -> Range<Int>? {
    guard let last = bytes[range].lastIndex(where: Self.isLineBreak) else { return nil }
    let isPair =
      last > range.lowerBound && bytes[last] == UInt8(ascii: "\n")
      && bytes[last - 1] == UInt8(ascii: "\r")
    return (isPair ? last - 1 : last)..<last + 1
  }

  /// The place of the first line end in a range.
  func firstLineBreak(in range: Range<Int>) -> Int? {
    bytes[range].firstIndex(where: Self.isLineBreak)
  }

  /// White space from its last line end on, or all of it where it has none.
  func lastLine(of whiteSpace: Range<Int>) -> Range<Int> {
    (lastLineBreak(in: whiteSpace)?.lowerBound ?? whiteSpace.lowerBound)..<whiteSpace.upperBound
  }

  /// The string that is written in a range, quotes included.
  func string(in range: Range<Int>) -> String {
    let content = bytes[range].dropFirst().dropLast()
    guard content.contains(UInt8(ascii: "\\")), let base = bytes.baseAddress else {
      return String(decoding: content, as: UTF8.self)
    }
    var reader = JSONReader(
      start: base + range.lowerBound, end: base + range.upperBound, options: .init())
    // The text was parsed, so that its strings cannot fail to be read.
    guard let string = try? reader.string() else { return String(decoding: content, as: UTF8.self) }
    return string
  }
}
