/// SHA-1 (RFC 3174), for the checksums of packs.
///
/// Objects get their names from libgit2, whose implementation also detects attacks on the hash.
struct SHA1 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )

  /// What does not fill a block yet.
  private var rest: [UInt8] = []
  private var count = 0

  /// The hash of some bytes.
  static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA1()
    hash.append(bytes)
    return hash.finish()
  }

  /// Goes on with more bytes.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    count += bytes.count
    var at = 0
    if !rest.isEmpty {
      at = min(64 - rest.count, bytes.count)
      rest += bytes[..<at]
      guard rest.count == 64 else { return }
      rest.withUnsafeBytes { addBlocks($0, from: 0) }
      rest = []
    }
    addBlocks(bytes, from: at)
    rest += bytes[(bytes.count - (bytes.count - at) % 64)...]
  }

  /// Ends the text.
  mutating func finish() -> [UInt8] {
    // A one bit, zeros, and the length in bits.
    let length = count << 3
    var tail = rest + [0x80]
    tail += [UInt8](repeating: 0, count: (120 - tail.count % 64) % 64)
    for shift in stride(from: 56, through: 0, by: -8) {
      tail.append(UInt8(truncatingIfNeeded: length >> shift))
    }
    tail.withUnsafeBytes { addBlocks($0, from: 0) }
    return [state.0, state.1, state.2, state.3, state.4].flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
    }
  }

  /// Adds the whole blocks from a place on.
  private mutating func addBlocks(_ bytes: UnsafeRawBufferPointer, from start: Int) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { words in
      words.initialize(repeating: 0)
      for at in stride(from: start, through: bytes.count - 64, by: 64) { add(bytes, at, words) }
    }
  }

  private mutating func add(
    _ bytes: UnsafeRawBufferPointer, _ start: Int, _ words: UnsafeMutableBufferPointer<UInt32>
  ) {
    for index in 0..<16 {
      words[index] = UInt32(
        bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * index, as: UInt32.self))
    }
    var (a, b, c, d, e) = state
    func step(_ mix: UInt32, _ constant: UInt32, _ word: UInt32) {
      let next = (a << 5 | a >> 27) &+ mix &+ e &+ constant &+ word
      (a, b, c, d, e) = (next, a, b << 30 | b >> 2, c, d)
    }
    func word(_ round: Int) -> UInt32 {
      let mixed =
        words[(round &- 3) & 15] ^ words[(round &- 8) & 15] ^ words[(round &- 14) & 15]
        ^ words[round & 15]
      let word = mixed << 1 | mixed >> 31
      words[round & 15] = word
      return word
    }
    for round in 0..<16 { step(d ^ (b & (c ^ d)), 0x5A82_7999, words[round]) }
    for round in 16..<20 { step(d ^ (b & (c ^ d)), 0x5A82_7999, word(round)) }
    for round in 20..<40 { step(b ^ c ^ d, 0x6ED9_EBA1, word(round)) }
    for round in 40..<60 { step((b & c) | (d & (b | c)), 0x8F1B_BCDC, word(round)) }
    for round in 60..<80 { step(b ^ c ^ d, 0xCA62_C1D6, word(round)) }
    state = (
      state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e
    )
  }
}
