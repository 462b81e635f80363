/// The records of a file that LevelDB writes one after the other: a MANIFEST or a write-ahead log.
enum LogRecords {
  /// The records of a log file: blocks of 32 KiB with fragments, each with a header of 7 bytes: the
  /// checksum, the length and the type (1 full, 2 first, 3 middle, 4 last).
  static func all(in bytes: [UInt8]) -> [[UInt8]] {
    let (blockSize, headerSize) = (32768, 7)
    var records: [[UInt8]] = []
    var begun: [UInt8]?
    var position = 0
    while position + headerSize <= bytes.count {
      let left = blockSize - position % blockSize
      guard left >= headerSize else {
        position += left
        continue
      }
      let length = Int(bytes[position + 4]) | Int(bytes[position + 5]) << 8
      let type = bytes[position + 6]
      let start = position + headerSize
      guard start + length <= bytes.count, length <= left - headerSize else { break }
      let fragment = bytes[start..<start + length]
      switch type {
      case 1: records.append(Array(fragment))
      case 2: begun = Array(fragment)
      case 3: begun?.append(contentsOf: fragment)
      case 0 where length == 0:  // space that was reserved: what is left of the block
        position += left
        continue
      case 4:
        if let record = begun { records.append(record + fragment) }
        begun = nil
      default: return records
      }
      position = start + length
    }
    return records
  }
}

/// The changes in a write-ahead log.
///
/// Each record is a batch: the number of its first change, how many there are, and then each one's kind, key
/// and, if it is no deletion, value (db/write_batch.cc).
///
/// Where the numbers are none that LevelDB gives, it ends the process when it opens the folder: Debian
/// builds it with its assertions.
struct WriteAheadLog {
  private let batches: [[UInt8]]

  /// Finds the batches of a log, as far as its bytes make sense.
  init(_ bytes: [UInt8]) {
    batches = LogRecords.all(in: bytes).filter { $0.count >= 12 }
  }

  /// The greatest number that a change has.
  var greatestSequence: UInt64 {
    var greatest: UInt64 = 0
    for batch in batches {
      let count = Self.number(batch[8..<12])
      let (last, overflows) = Self.number(batch[..<8]).addingReportingOverflow(count)
      greatest = max(greatest, overflows ? .max : last)
    }
    return greatest
  }

  /// Whether two changes have the same key, number and kind.
  var repeatsAChange: Bool {
    var last: UInt64?
    var isRising = true
    for batch in batches {
      let first = Self.number(batch[..<8])
      if let last, first <= last { isRising = false }
      // Not the count that the batch states: LevelDB takes in what there is before it looks at that.
      let count = UInt64(Self.changes(in: batch).count)
      if count > 0 { last = max(last ?? 0, first &+ (count - 1)) }
    }
    // So it is in what LevelDB itself wrote, and nothing has to be compared.
    if isRising { return false }
    var seen: Set<Change> = []
    for batch in batches {
      let first = Self.number(batch[..<8])
      for (index, change) in Self.changes(in: batch).enumerated() {
        let numbered = Change(sequence: first &+ UInt64(index), kind: change.kind, key: change.key)
        if !seen.insert(numbered).inserted { return true }
      }
    }
    return false
  }

  private struct Change: Hashable {
    let sequence: UInt64
    let kind: UInt8
    let key: ArraySlice<UInt8>
  }

  /// The changes of a batch, up to one that makes no sense.
  private static func changes(in batch: [UInt8]) -> [(kind: UInt8, key: ArraySlice<UInt8>)] {
    var changes: [(kind: UInt8, key: ArraySlice<UInt8>)] = []
    var rest = batch[12...]
    while let kind = rest.popFirst(), kind <= 1, let key = rest.popText() {
      if kind == 1, rest.popText() == nil { break }
      changes.append((kind, key))
    }
    return changes
  }

  /// A number as LevelDB writes it, the lowest byte first.
  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
