import Glibc

// Names and addresses are compared as bytes: Swift's `String` compares by canonical equivalence,
// under which a name written with é and one written with e and a combining accent were one name.

extension String {
  /// Whether two texts are the same bytes.
  @inline(__always)
  func isIdentical(to other: String) -> Bool {
    // Mostly the length tells texts apart.
    utf8.count == other.utf8.count && hasSameBytes(as: other)
  }

  private func hasSameBytes(as other: String) -> Bool {
    let decided = utf8.withContiguousStorageIfAvailable { left in
      other.utf8.withContiguousStorageIfAvailable { right in
        guard let start = left.baseAddress, let otherStart = right.baseAddress else { return true }
        return memcmp(start, otherStart, left.count) == 0
      }
    }
    if case .some(.some(let isSame)) = decided { return isSame }
    return utf8.elementsEqual(other.utf8)
  }

  /// Feeds what ``isIdentical(to:)`` compares.
  func hashBytes(into hasher: inout Hasher) {
    var text = self
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    // No byte of UTF-8: two texts one after the other must not be told from their joint bytes alone.
    hasher.combine(0xFF as UInt8)
  }

  /// Whether this text comes first in the order of UTF-8 bytes.
  func precedes(_ other: String) -> Bool {
    utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// The same text with ASCII letters in lower case, for hex digits and file names.
  var asciiLowercased: String {
    var bytes = Array(utf8)
    for index in bytes.indices where (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[index])
    {
      bytes[index] |= 0x20
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Unicode.Scalar {
  /// Whether a terminal, a log or an editor could act on this scalar instead of showing it:
  /// controls (C0, DEL, C1), line and paragraph separators, and the marks that reorder text.
  var isUnprintable: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x200E, 0x200F, 0x061C, 0x202A...0x202E,
      0x2066...0x2069, 0xFEFF:
      true
    default: false
    }
  }
}

extension String {
  /// The text as people may safely see it: unprintable scalars as `\u{1B}`.
  ///
  /// For messages and terminals, never for what is stored.
  public var escapingUnprintable: String {
    guard hasUnprintable else { return self }
    var result = ""
    for scalar in unicodeScalars {
      if scalar.isUnprintable {
        result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether some of it could be acted on instead of shown.
  var hasUnprintable: Bool {
    // Nearly every text is plain ASCII, and is seen to be so by its bytes.
    !hasOnlyBytes(in: 0x20..<0x7F) && unicodeScalars.contains(where: \.isUnprintable)
  }

  /// How many characters it has.
  var width: Int { hasOnlyBytes(in: 0x20..<0x7F) ? utf8.count : count }

  /// Whether all bytes are among these, told without decoding characters.
  func hasOnlyBytes(in range: Range<UInt8>) -> Bool {
    func isWithin(_ bytes: some Sequence<UInt8>) -> Bool {
      for byte in bytes where !range.contains(byte) { return false }
      return true
    }
    return utf8.withContiguousStorageIfAvailable(isWithin) ?? isWithin(utf8)
  }

  /// The text in quotation marks, escaped and cut to a length that fits a message.
  var quoted: String {
    let shown = count > 120 ? String(prefix(117)) + "..." : self
    return "\"\(shown.escapingUnprintable)\""
  }
}
