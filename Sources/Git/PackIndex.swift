internal import CGit2

/// The index of a pack, in version 2 (gitformat-pack, "Version 2 pack-*.idx files").
struct PackIndex {
  /// Where one object is in the pack.
  struct Entry {
    let id: ObjectID
    /// How many bytes of the pack are before it.
    let offset: Int
    /// The CRC-32 of its bytes in the pack, header included.
    let checksum: UInt32
  }

  /// By the objects' names.
  let entries: [Entry]
  /// The hash that ends the pack.
  let packChecksum: [UInt8]

  private static let start: [UInt8] = [0xFF, 0x74, 0x4F, 0x63] + number(2)
  private static let hashSize = 20

  init(_ entries: [Entry], packChecksum: [UInt8]) {
    self.entries = entries.sorted { $0.id < $1.id }
    self.packChecksum = packChecksum
  }

  /// Reads an index.
  ///
  /// - Returns: nil where it is none of version 2, or of a pack of more than 2 GiB.
  init?(_ bytes: [UInt8]) {
    let tables = Self.start.count + 4 * 256
    guard bytes.starts(with: Self.start), bytes.count >= tables + 2 * Self.hashSize else {
      return nil
    }
    let count = Self.number(in: bytes, at: tables - 4)
    // The names, the checksums, the offsets; then the pack's hash and the index's own.
    let checksums = tables + Self.hashSize * count
    let offsets = checksums + 4 * count
    let end = offsets + 4 * count
    guard bytes.count == end + 2 * Self.hashSize else { return nil }
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    for number in 0..<count {
      let offset = Self.number(in: bytes, at: offsets + 4 * number)
      guard offset <= Int32.max else { return nil }
      let id = bytes.withUnsafeBytes { ObjectID(reading: $0, at: tables + Self.hashSize * number) }
      let checksum = UInt32(Self.number(in: bytes, at: checksums + 4 * number))
      entries.append(Entry(id: id, offset: offset, checksum: checksum))
    }
    self.entries = entries
    packChecksum = Array(bytes[end..<end + Self.hashSize])
  }

  /// Whether an index ends with its own checksum.
  static func isIntact(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > hashSize else { return false }
    let hash = bytes.withUnsafeBytes {
      SHA1.hash(UnsafeRawBufferPointer(rebasing: $0.dropLast(hashSize)))
    }
    return bytes.suffix(hashSize).elementsEqual(hash)
  }

  /// The index as a file.
  var text: [UInt8] {
    var text = Self.start
    text.reserveCapacity(1100 + 28 * entries.count)
    var counts = [Int](repeating: 0, count: 256)
    for entry in entries { counts[Int(entry.id.firstByte)] += 1 }
    var sum = 0
    for count in counts {
      sum += count
      Self.append(sum, to: &text)
    }
    for entry in entries { withUnsafeBytes(of: entry.id.raw) { text += $0 } }
    for entry in entries { Self.append(Int(entry.checksum), to: &text) }
    for entry in entries { Self.append(entry.offset, to: &text) }
    text += packChecksum
    text += text.withUnsafeBytes { SHA1.hash($0) }
    return text
  }

  /// Appends a number as packs have it.
  private static func append(_ value: Int, to text: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { text.append(contentsOf: $0) }
  }

  /// A number as packs have it: 32 bits, the high ones first.
  static func number(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian) { Array($0) }
  }

  private static func number(in bytes: [UInt8], at offset: Int) -> Int {
    bytes.withUnsafeBytes {
      Int(UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
  }

  /// The CRC-32 of some of a pack's bytes.
  static func checksum(of bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt32 {
    let start = bytes.bindMemory(to: UInt8.self).baseAddress.map { $0 + range.lowerBound }
    return UInt32(truncatingIfNeeded: crc32_z(0, start, range.count))
  }
}
