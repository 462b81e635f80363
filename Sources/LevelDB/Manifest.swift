import Glibc

/// What a MANIFEST says about write-ahead logs, and how many changes there were.
///
/// LevelDB's doc/impl.md and doc/log_format.md: a log of `VersionEdit`s (db/version_edit.cc), each a
/// row of tagged fields. LevelDB looks at the logs that are there, and takes one that is missing for
/// one that was never written: what was in it would be absent without a word.
struct Manifest {
  /// The number of the log that has what no table has yet; 0 where there is none.
  private(set) var logNumber: UInt64 = 0
  /// The number of the last change that is in a table.
  private(set) var lastSequence: UInt64 = 0

  /// The greatest number of a change that LevelDB has room for.
  ///
  /// Where there is a greater one it ends the process: Debian builds it with its assertions.
  static let greatestSequence: UInt64 = 1 << 56 - 1

  /// Reads all edits of a MANIFEST.
  ///
  /// Checksums are LevelDB's to check, when it opens the folder; here reading ends where the bytes make
  /// no sense.
  init(_ bytes: [UInt8]) {
    for edit in Self.records(bytes) {
      if let number = Self.number(tagged: 2, inEdit: edit) { logNumber = number }
      if let number = Self.number(tagged: 4, inEdit: edit) { lastSequence = number }
    }
  }

  /// The greatest number that a change in a write-ahead log has: each record is a batch, which begins with
  /// the number of its first change and how many there are (db/write_batch.cc).
  static func greatestSequence(inLog bytes: [UInt8]) -> UInt64 {
    var greatest: UInt64 = 0
    for batch in records(bytes) where batch.count >= 12 {
      let first = batch[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let count = batch[8..<12].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let (last, overflows) = first.addingReportingOverflow(count)
      greatest = max(greatest, overflows ? .max : last)
    }
    return greatest
  }

  /// The records of a log file: blocks of 32 KiB with fragments, each with a header of 7 bytes: the
  /// checksum, the length and the type (1 full, 2 first, 3 middle, 4 last).
  private static func records(_ bytes: [UInt8]) -> [[UInt8]] {
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
      case 4:
        if let record = begun { records.append(record + fragment) }
        begun = nil
      default: return records
      }
      position = start + length
    }
    return records
  }

  /// The last number that an edit has under a tag, which is 2 (log) or 4 (last change).
  private static func number(tagged wanted: UInt64, inEdit edit: [UInt8]) -> UInt64? {
    var rest = edit[...]
    var number: UInt64?
    while let tag = rest.popVarint() {
      switch tag {
      case 1: guard rest.skipText() else { return number }  // comparator
      case wanted: number = rest.popVarint()
      case 2, 3, 4, 9: _ = rest.popVarint()  // log, next file, last change, previous log
      case 5:  // compaction pointer: level, key
        _ = rest.popVarint()
        guard rest.skipText() else { return number }
      case 6:  // deleted file: level, number
        _ = rest.popVarint()
        _ = rest.popVarint()
      case 7:  // new file: level, number, size, smallest and largest key
        for _ in 0..<3 { _ = rest.popVarint() }
        guard rest.skipText(), rest.skipText() else { return number }
      default: return number
      }
    }
    return number
  }
}

extension ArraySlice<UInt8> {
  /// Takes a variable-length integer off the front: seven bits a byte, the lowest first.
  fileprivate mutating func popVarint() -> UInt64? {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = popFirst(), shift < 64 {
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    return nil
  }

  /// Takes a text off the front that has its length before it.
  fileprivate mutating func skipText() -> Bool {
    guard let length = popVarint(), length <= UInt64(count) else { return false }
    removeFirst(Int(length))
    return true
  }
}
