/// How one version of a text is made of another (gitformat-pack, "deltified representation").
///
/// git's own search is for any two objects. Here it is known that the one is an edit of the other, so that
/// it is enough to run along both and, where they differ, to look a little ahead for a line that they have
/// in common.
enum PackDelta {
  /// How far ahead a common line is looked for.
  private static let window = 4096
  /// How many bytes of a line must be the same.
  private static let sample = 16

  /// The delta, where there is one that is worth it.
  ///
  /// - Parameters:
  ///   - base: The version before.
  ///   - new: The version to describe.
  /// - Returns: nil where the delta would be no much smaller than the version itself.
  static func make(from base: [UInt8], to new: [UInt8]) -> [UInt8]? {
    base.withUnsafeBytes { base in new.withUnsafeBytes { make(from: base, to: $0) } }
  }

  private static func make(from base: UnsafeRawBufferPointer, to new: UnsafeRawBufferPointer)
    -> [UInt8]?
  {
    guard new.count >= 64, base.count >= 64 else { return nil }
    var delta: [UInt8] = []
    append(size: base.count, to: &delta)
    append(size: new.count, to: &delta)
    let limit = new.count / 2
    var (old, at) = (0, 0)
    while at < new.count {
      let same = commonPrefix(base, old, new, at)
      if same >= 8 || same == new.count - at, same > 0 {
        copy(old, same, to: &delta)
        (old, at) = (old + same, at + same)
      }
      if at == new.count { break }
      guard let next = resume(base, old, new, at) else {
        // The ends may still be the same.
        let tail = commonSuffix(base, from: old, new, from: at)
        insert(new, at..<new.count - tail, to: &delta)
        if tail > 0 { copy(base.count - tail, tail, to: &delta) }
        break
      }
      insert(new, at..<next.new, to: &delta)
      (old, at) = next
      if delta.count > limit { return nil }
    }
    return delta.count > limit ? nil : delta
  }

  /// The nearest place ahead where both have the same line.
  private static func resume(
    _ base: UnsafeRawBufferPointer, _ old: Int, _ new: UnsafeRawBufferPointer, _ at: Int
  ) -> (base: Int, new: Int)? {
    // Mostly the same line goes on with other words.
    if let old = lineEnd(base, old), let at = lineEnd(new, at),
      commonPrefix(base, old, new, at) >= sample
    {
      return (old, at)
    }
    var lines: [UInt64: Int] = [:]
    for place in lineStarts(base, old) {
      let key = key(base, place)
      if lines[key] == nil { lines[key] = place }
    }
    for place in lineStarts(new, at) where place > at {
      if let found = lines[key(new, place)],
        commonPrefix(base, found, new, place) >= sample
      {
        return (found, place)
      }
    }
    return nil
  }

  private static func lineEnd(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
    var at = start
    let end = min(text.count, start + window)
    while at < end {
      if text[at] == UInt8(ascii: "\n") { return at }
      at += 1
    }
    return nil
  }

  private static func lineStarts(_ text: UnsafeRawBufferPointer, _ start: Int) -> [Int] {
    var places: [Int] = []
    var at = start
    let end = min(text.count - sample, start + window)
    while at < end {
      if at == start || text[at - 1] == UInt8(ascii: "\n") { places.append(at) }
      at += 1
    }
    return places
  }

  private static func key(_ text: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
    text.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      ^ text.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self) &* 0x9E37_79B9_7F4A_7C15
  }

  private static func commonPrefix(
    _ base: UnsafeRawBufferPointer, _ old: Int, _ new: UnsafeRawBufferPointer, _ at: Int
  ) -> Int {
    let most = min(base.count - old, new.count - at)
    var same = 0
    while same + 8 <= most,
      base.loadUnaligned(fromByteOffset: old + same, as: UInt64.self)
        == new.loadUnaligned(fromByteOffset: at + same, as: UInt64.self)
    { same += 8 }
    while same < most, base[old + same] == new[at + same] { same += 1 }
    return same
  }

  private static func commonSuffix(
    _ base: UnsafeRawBufferPointer, from old: Int, _ new: UnsafeRawBufferPointer, from at: Int
  ) -> Int {
    let most = min(base.count - old, new.count - at)
    var same = 0
    while same < most, base[base.count - 1 - same] == new[new.count - 1 - same] { same += 1 }
    return same
  }

  private static func append(size: Int, to delta: inout [UInt8]) {
    var rest = size
    while rest >= 0x80 {
      delta.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    delta.append(UInt8(rest))
  }

  private static func copy(_ start: Int, _ count: Int, to delta: inout [UInt8]) {
    var (start, rest) = (start, count)
    while rest > 0 {
      // Of 64 KiB at most, as git writes them.
      let part = min(rest, 0x10000)
      let place = delta.count
      var flags: UInt8 = 0x80
      delta.append(flags)
      for byte in 0..<4 where (start >> (8 * byte)) & 0xFF != 0 {
        flags |= 1 << byte
        delta.append(UInt8((start >> (8 * byte)) & 0xFF))
      }
      // No byte at all means 64 KiB.
      for byte in 0..<2 where ((part & 0xFFFF) >> (8 * byte)) & 0xFF != 0 {
        flags |= 0x10 << byte
        delta.append(UInt8((part >> (8 * byte)) & 0xFF))
      }
      delta[place] = flags
      start += part
      rest -= part
    }
  }

  private static func insert(
    _ new: UnsafeRawBufferPointer, _ range: Range<Int>, to delta: inout [UInt8]
  ) {
    var at = range.lowerBound
    while at < range.upperBound {
      let end = min(at + 0x7F, range.upperBound)
      delta.append(UInt8(end - at))
      delta += new[at..<end]
      at = end
    }
  }
}
