internal import CGit2

/// Makes one pack of new objects, and its index (gitformat-pack), in memory.
///
/// libgit2's pack builder looks for deltas among all objects, which takes longer than all else that a write
/// does. Here an object is a delta to the one that it is known to be an edit of, or stands by itself; what
/// is packed later (`gitstate optimize`, `git gc`) is packed better.
struct PackWriter {
  /// The bytes of the pack.
  private(set) var pack: [UInt8]
  private var entries: [(id: ObjectID, offset: Int, checksum: UInt32)] = []
  private var placed: [ObjectID: (offset: Int, depth: Int)] = [:]
  private let deflater: Deflater

  /// How many deltas are applied for one object, as `git gc` has it.
  private static let deepest = 50

  init(count: Int, _ deflater: Deflater) {
    self.deflater = deflater
    pack = Array("PACK".utf8) + Self.number(2) + Self.number(count)
    entries.reserveCapacity(count)
  }

  /// Adds an object, of which the pack must not have one yet.
  ///
  /// - Parameters:
  ///   - object: The object.
  ///   - base: One that it is an edit of; used where the pack has it.
  /// - Throws: ``GitError`` where it is too large, or zlib fails.
  mutating func add(_ object: HeldObjects.Object, like base: HeldObjects.Object?) throws(GitError) {
    let offset = pack.count
    guard offset < Int(Int32.max) else {
      throw GitError(.tooLarge, "the new objects are too large for one pack")
    }
    var depth = 0
    if let base, let place = placed[base.id], place.depth < Self.deepest,
      let delta = PackDelta.make(from: base.content, to: object.content)
    {
      depth = place.depth + 1
      appendHeader(6, size: delta.count)
      appendDistance(offset - place.offset)
      try deflater.append([], delta, to: &pack)
    } else {
      appendHeader(Int(object.type.rawValue), size: object.content.count)
      try deflater.append([], object.content, to: &pack)
    }
    placed[object.id] = (offset, depth)
    let checksum = pack.withUnsafeBytes { bytes in
      crc32_z(
        0, bytes.bindMemory(to: UInt8.self).baseAddress.map { $0 + offset },
        bytes.count - offset)
    }
    entries.append((object.id, offset, UInt32(truncatingIfNeeded: checksum)))
  }

  /// Ends the pack.
  ///
  /// - Returns: Its name without an ending, its bytes and those of its index.
  mutating func finish() -> (name: String, pack: [UInt8], index: [UInt8]) {
    let checksum = pack.withUnsafeBytes { SHA1.hash($0) }
    pack += checksum
    let sorted = entries.sorted { $0.id < $1.id }
    var index: [UInt8] = [0xFF, 0x74, 0x4F, 0x63] + Self.number(2)
    index.reserveCapacity(1100 + 28 * sorted.count)
    var counts = [Int](repeating: 0, count: 256)
    for entry in sorted { counts[Int(entry.id.firstByte)] += 1 }
    var sum = 0
    for count in counts {
      sum += count
      index += Self.number(sum)
    }
    for entry in sorted { withUnsafeBytes(of: entry.id.raw) { index += $0 } }
    for entry in sorted { index += Self.number(Int(entry.checksum)) }
    for entry in sorted { index += Self.number(entry.offset) }
    index += checksum
    index += index.withUnsafeBytes { SHA1.hash($0) }
    let digits = Array("0123456789abcdef".utf8)
    let name = checksum.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return ("pack-" + String(decoding: name, as: UTF8.self), pack, index)
  }

  private static func number(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The type and size before an object: four bits of size, then seven in each byte.
  private mutating func appendHeader(_ type: Int, size: Int) {
    var byte = UInt8(type << 4 | size & 0x0F)
    var rest = size >> 4
    while rest > 0 {
      pack.append(byte | 0x80)
      byte = UInt8(rest & 0x7F)
      rest >>= 7
    }
    pack.append(byte)
  }

  /// How far back a delta's base is: seven bits in each byte, the high ones first, less one each.
  private mutating func appendDistance(_ distance: Int) {
    var bytes = [UInt8(distance & 0x7F)]
    var rest = distance >> 7
    while rest > 0 {
      rest -= 1
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    pack += bytes.reversed()
  }
}
