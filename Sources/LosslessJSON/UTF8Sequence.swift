/// Telling well-formed UTF-8 from bytes that only look like it.
enum UTF8Sequence {
  /// The number of bytes of the character at a place, or 0 if they are not well-formed UTF-8.
  ///
  /// By table 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing above U+10FFFF.
  static func length(at: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) -> Int {
    let available = end - at
    guard available > 0 else { return 0 }
    let first = at[0]
    switch first {
    case 0x00...0x7F:
      return 1
    case 0xC2...0xDF:
      return available >= 2 && isContinuation(at[1]) ? 2 : 0
    case 0xE0...0xEF:
      guard available >= 3, isContinuation(at[1]), isContinuation(at[2]) else { return 0 }
      if first == 0xE0, at[1] < 0xA0 { return 0 }
      if first == 0xED, at[1] > 0x9F { return 0 }
      return 3
    case 0xF0...0xF4:
      guard available >= 4, isContinuation(at[1]), isContinuation(at[2]), isContinuation(at[3])
      else { return 0 }
      if first == 0xF0, at[1] < 0x90 { return 0 }
      if first == 0xF4, at[1] > 0x8F { return 0 }
      return 4
    default:
      return 0
    }
  }

  /// The number of bytes of the character at an offset, or 0 if they are not well-formed UTF-8.
  static func length(in bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
    guard let base = bytes.baseAddress, offset < bytes.count else { return 0 }
    return length(at: base + offset, end: base + bytes.count)
  }

  private static func isContinuation(_ byte: UInt8) -> Bool {
    byte & 0xC0 == 0x80
  }
}
