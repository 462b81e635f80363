extension ArraySlice<UInt8> {
  /// Takes a variable-length integer off the front: seven bits a byte, the lowest first.
  mutating func popVarint() -> UInt64? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = popFirst(), shift < 64 {
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    return nil
  }

  /// Takes an integer of at most five bytes off the front, of which LevelDB looks at 32 bits.
  mutating func popVarint32() -> Int? {
    var result: UInt32 = 0
    var shift: UInt32 = 0
    while shift <= 28, let byte = popFirst() {
      result |= UInt32(byte & 0x7F) << shift
      if byte < 0x80 { return Int(result) }
      shift += 7
    }
    return nil
  }

  /// Takes a text off the front that has its length before it.
  mutating func popText() -> ArraySlice<UInt8>? {
    guard let length = popVarint32(), length <= count else { return nil }
    defer { removeFirst(length) }
    return prefix(length)
  }
}
