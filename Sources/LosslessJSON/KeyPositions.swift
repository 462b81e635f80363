/// Where the keys of a large object are, by their hashes.
///
/// A table with open addressing and linear probing. Beside each position it keeps the key's hash, so that
/// neither a look at other keys nor a larger table needs the keys themselves; a dictionary of
/// strings hashes each of them again whenever it grows.
struct KeyPositions: Sendable {
  /// A hash, and below it the position plus one; 0 where nothing is.
  private var slots: [UInt64]
  private var count = 0

  init(minimumCapacity: Int) {
    var size = 32
    while size < minimumCapacity * 2 { size *= 2 }
    slots = [UInt64](repeating: 0, count: size)
  }

  /// The position whose key has a hash and is the right one.
  func position(of hash: UInt32, where isRight: (Int) -> Bool) -> Int? {
    slots.withUnsafeBufferPointer { slots in
      var at = Int(hash) & (slots.count - 1)
      while slots[at] != 0 {
        if slots[at] >> 32 == hash {
          let position = Int(slots[at] & 0xFFFF_FFFF) - 1
          if isRight(position) { return position }
        }
        at = (at + 1) & (slots.count - 1)
      }
      return nil
    }
  }

  /// Adds a key that is not there yet.
  mutating func insert(_ position: Int, _ hash: UInt32) {
    precondition(position < 0xFFFF_FFFF, "an object has fewer than 4,294,967,295 members")
    if count * 2 >= slots.count { grow() }
    count += 1
    Self.put(UInt64(hash) << 32 | UInt64(position + 1), into: &slots)
  }

  private mutating func grow() {
    var larger = [UInt64](repeating: 0, count: slots.count * 2)
    for slot in slots where slot != 0 { Self.put(slot, into: &larger) }
    slots = larger
  }

  private static func put(_ slot: UInt64, into slots: inout [UInt64]) {
    slots.withUnsafeMutableBufferPointer { slots in
      var at = Int(slot >> 32) & (slots.count - 1)
      while slots[at] != 0 { at = (at + 1) & (slots.count - 1) }
      slots[at] = slot
    }
  }

  /// Others in each process, so that nobody can write keys that all have one hash.
  private static let (seed, factor) = (
    UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1
  )

  /// The hash of a key's UTF-8 bytes, for this process only.
  static func hash(_ key: String) -> UInt32 {
    key.utf8.withContiguousStorageIfAvailable(hash) ?? Array(key.utf8).withUnsafeBufferPointer(hash)
  }

  /// Eight bytes at a time are multiplied to 128 bits, of which both halves are taken together.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    let bytes = UnsafeRawBufferPointer(bytes)
    var state = seed ^ UInt64(bytes.count)
    var at = 0
    while at + 8 <= bytes.count {
      state = mix(state ^ bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var rest: UInt64 = 0
    for byte in bytes[at...] { rest = rest << 8 | UInt64(byte) }
    state = mix(mix(state ^ rest) ^ seed)
    return UInt32(truncatingIfNeeded: state)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }
}
