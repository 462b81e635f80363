/// LevelDB's checksums, put right after an input was changed: CRC-32C, rotated and shifted ("masked").
enum Checksums {
  /// A log or MANIFEST: blocks of 32 KiB of records, each with checksum, length and type before its bytes.
  static func ofLog(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var start = 0
    while start + 7 <= bytes.count {
      let left = 32768 - start % 32768
      if left < 7 {
        start += left
        continue
      }
      let length = Int(bytes[start + 4]) | Int(bytes[start + 5]) << 8
      guard start + 7 + length <= bytes.count else { break }
      put(masked(bytes[(start + 6)..<(start + 7 + length)]), into: &bytes, at: start)
      start += 7 + length
    }
    return bytes
  }

  /// A table: its footer tells where the blocks of indexes are, and those where the others are.
  static func ofTable(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    guard bytes.count >= 48 else { return bytes }
    var place = bytes.count - 48
    for _ in 0..<2 {
      guard let block = handle(bytes, &place) else { return bytes }
      mend(&bytes, block)
      for inner in handles(bytes, block) { mend(&bytes, inner) }
    }
    return bytes
  }

  /// Where the blocks are that an index block names.
  private static func handles(_ bytes: [UInt8], _ block: Range<Int>) -> [Range<Int>] {
    guard block.count >= 4, bytes[block.upperBound] == 0 else { return [] }
    // Behind the entries are the places of some of them, four bytes each, and how many these are.
    let places = bytes[(block.upperBound - 4)..<block.upperBound].reversed().reduce(0) {
      $0 << 8 | Int($1)
    }
    let end = block.upperBound - 4 - 4 * places
    var found: [Range<Int>] = []
    var place = block.lowerBound
    while place < end, found.count < 100 {
      guard varint(bytes, &place) != nil, let keyCount = varint(bytes, &place),
        let valueCount = varint(bytes, &place),
        keyCount < 65536, valueCount < 65536, place + keyCount + valueCount <= end
      else { break }
      var value = place + keyCount
      if let inner = handle(bytes, &value) { found.append(inner) }
      place += keyCount + valueCount
    }
    return found
  }

  /// A block's place, of which five bytes behind its end (type and checksum) are there as well.
  private static func handle(_ bytes: [UInt8], _ place: inout Int) -> Range<Int>? {
    guard let start = varint(bytes, &place), let count = varint(bytes, &place),
      start < bytes.count, count < bytes.count, start + count + 5 <= bytes.count
    else { return nil }
    return start..<(start + count)
  }

  private static func mend(_ bytes: inout [UInt8], _ block: Range<Int>) {
    put(
      masked(bytes[block.lowerBound...block.upperBound]), into: &bytes, at: block.upperBound + 1)
  }

  private static func varint(_ bytes: [UInt8], _ place: inout Int) -> Int? {
    var value = 0
    for shift in stride(from: 0, to: 42, by: 7) {
      guard place < bytes.count else { return nil }
      let byte = bytes[place]
      place += 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private static func put(_ checksum: UInt32, into bytes: inout [UInt8], at place: Int) {
    for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
  }

  private static func masked(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 0xFF)] ^ (crc >> 8) }
    crc = ~crc
    return ((crc >> 15) | (crc << 17)) &+ 0xA282_EAD8
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0x82F6_3B78
    }
  }
}
