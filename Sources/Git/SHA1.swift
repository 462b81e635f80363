/// SHA-1 (RFC 3174), for the checksums of packs.
///
/// Objects get their names from libgit2, whose implementation also detects attacks on the hash.
struct SHA1 {
  private var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
    0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
  )

  /// The hash of some bytes.
  static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA1()
    var at = 0
    var words = [UInt32](repeating: 0, count: 16)
    words.withUnsafeMutableBufferPointer { words in
      while at + 64 <= bytes.count {
        hash.add(bytes, at, words)
        at += 64
      }
      // The rest, a one bit, zeros, and the length in bits.
      var tail = [UInt8](bytes[at...]) + [0x80]
      tail += [UInt8](repeating: 0, count: (120 - tail.count % 64) % 64)
      for shift in stride(from: 56, through: 0, by: -8) {
        tail.append(UInt8(truncatingIfNeeded: (bytes.count << 3) >> shift))
      }
      tail.withUnsafeBytes { tail in
        for start in stride(from: 0, to: tail.count, by: 64) { hash.add(tail, start, words) }
      }
    }
    let state = [hash.state.0, hash.state.1, hash.state.2, hash.state.3, hash.state.4]
    return state.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
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
    for round in 0..<80 {
      let word: UInt32
      if round < 16 {
        word = words[round]
      } else {
        let mixed =
          words[(round - 3) & 15] ^ words[(round - 8) & 15] ^ words[(round - 14) & 15]
          ^ words[round & 15]
        word = mixed << 1 | mixed >> 31
        words[round & 15] = word
      }
      let (mix, constant): (UInt32, UInt32) =
        switch round {
        case ..<20: (d ^ (b & (c ^ d)), 0x5A82_7999)
        case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
        case ..<60: ((b & c) | (d & (b | c)), 0x8F1B_BCDC)
        default: (b ^ c ^ d, 0xCA62_C1D6)
        }
      let next = (a << 5 | a >> 27) &+ mix &+ e &+ constant &+ word
      (a, b, c, d, e) = (next, a, b << 30 | b >> 2, c, d)
    }
    state = (
      state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e
    )
  }
}
