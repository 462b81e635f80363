/// A table, looked at for what LevelDB would end the process for (doc/table_format.md, table/block.cc): Debian
/// builds it with its assertions.
///
/// Only where checksums are right: others LevelDB refuses itself.
struct TableFile {
  private let bytes: [UInt8]

  /// - Parameter bytes: The whole file.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Whether a block has an entry whose key is too short to have a change's number in it, or points at one
  /// that is none.
  var hasImpossibleKey: Bool {
    let magic: [UInt8] = [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
    guard bytes.count >= 48, bytes.suffix(8).elementsEqual(magic) else { return false }
    var footer = bytes.suffix(48).dropLast(8)
    // Where the blocks about filters are, which are not read here, and those of the index.
    guard footer.popVarint() != nil, footer.popVarint() != nil, let index = block(&footer) else {
      return false
    }
    guard let places = entries(of: index) else { return true }
    for place in places {
      var place = place
      // What cannot be read, LevelDB tells.
      guard let block = block(&place) else { continue }
      if entries(of: block) == nil { return true }
    }
    return false
  }

  /// The contents of the block whose place comes first in some bytes; nil if LevelDB refuses it.
  private func block(_ place: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard let start = place.popVarint(), let count = place.popVarint(),
      start <= bytes.count, count <= bytes.count, Int(start) + Int(count) + 5 <= bytes.count
    else { return nil }
    let end = Int(start) + Int(count)
    let checksum = bytes[(end + 1)..<(end + 5)].reversed().reduce(UInt32(0)) {
      $0 << 8 | UInt32($1)
    }
    guard Checksum.masked(bytes[Int(start)...end]) == checksum else { return nil }
    let content = bytes[Int(start)..<end]
    switch bytes[end] {
    case 0: return Array(content)
    case 1: return Snappy.decoded(content)
    default: return nil
    }
  }

  /// The values of a block's entries, up to one that LevelDB refuses; nil if it would end the process.
  private func entries(of block: [UInt8]) -> [ArraySlice<UInt8>]? {
    guard block.count >= 4 else { return [] }
    func number(at place: Int) -> Int {
      block[place..<(place + 4)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let restarts = number(at: block.count - 4)
    guard restarts <= (block.count - 4) / 4 else { return [] }
    let end = block.count - 4 - 4 * restarts
    var rest = block[..<end]
    var values: [ArraySlice<UInt8>] = []
    var keyCount = 0
    // Where entries begin whose keys are whole.
    var beginnings: Set<Int> = []
    while !rest.isEmpty {
      let place = rest.startIndex
      guard let shared = rest.popVarint32(), let own = rest.popVarint32(),
        let count = rest.popVarint32(), shared <= keyCount, own + count <= rest.count
      else { break }
      keyCount = shared + own
      if keyCount < 8 { return nil }
      if shared == 0 { beginnings.insert(place) }
      rest.removeFirst(own)
      values.append(rest.prefix(count))
      rest.removeFirst(count)
    }
    for index in 0..<restarts {
      let place = number(at: end + 4 * index)
      // A block without entries has a place, too.
      if !beginnings.contains(place), place < end { return nil }
    }
    return values
  }
}
