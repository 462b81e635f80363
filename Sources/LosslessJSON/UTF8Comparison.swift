internal import Glibc

/// Comparing strings by their UTF-8 bytes.
///
/// Swift's `==` and `<` are those of canonical equivalence ("\u{e9}" == "e\u{301}"), but two JSON
/// texts with these strings are different texts, and two such keys are different keys.
extension String {
  /// Whether the other string consists of the same bytes.
  @inline(__always)
  func hasSameUTF8(as other: String) -> Bool {
    // Mostly the length tells keys apart.
    utf8.count == other.utf8.count && hasSameBytes(as: other)
  }

  private func hasSameBytes(as other: String) -> Bool {
    let decided = utf8.withContiguousStorageIfAvailable { left in
      other.utf8.withContiguousStorageIfAvailable { right in
        guard let start = left.baseAddress, let otherStart = right.baseAddress else { return true }
        return start == otherStart || memcmp(start, otherStart, left.count) == 0
      }
    }
    if case .some(.some(let isSame)) = decided { return isSame }
    return utf8.elementsEqual(other.utf8)
  }

  /// Whether the string consists of just these bytes.
  func hasUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard utf8.count == bytes.count, let start = bytes.baseAddress else { return bytes.isEmpty }
    return utf8.withContiguousStorageIfAvailable { text in
      text.baseAddress.map { memcmp($0, start, bytes.count) == 0 } ?? false
    } ?? utf8.elementsEqual(bytes)
  }

  /// Whether this string's bytes come before the other's.
  func precedesInUTF8(_ other: String) -> Bool {
    let decided = utf8.withContiguousStorageIfAvailable { left in
      other.utf8.withContiguousStorageIfAvailable { right in
        left.lexicographicallyPrecedes(right)
      }
    }
    if case .some(.some(let precedes)) = decided { return precedes }
    return utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// Feeds the bytes, and what ends them, to a hasher.
  func hashUTF8(into hasher: inout Hasher) {
    let isDone: Void? = utf8.withContiguousStorageIfAvailable { bytes in
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
    if isDone == nil {
      Array(utf8).withUnsafeBytes { hasher.combine(bytes: $0) }
    }
    hasher.combine(0xFF as UInt8)
  }
}

/// A string that is a key of a dictionary by its UTF-8 bytes.
struct UTF8Key: Hashable, Sendable {
  let string: String

  init(_ string: String) {
    self.string = string
  }

  static func == (left: UTF8Key, right: UTF8Key) -> Bool {
    left.string.hasSameUTF8(as: right.string)
  }

  func hash(into hasher: inout Hasher) {
    string.hashUTF8(into: &hasher)
  }
}
