/// What a MANIFEST says about write-ahead logs, tables, and how many changes there were.
///
/// LevelDB's doc/impl.md and doc/log_format.md: a log of `VersionEdit`s (db/version_edit.cc), each a
/// row of tagged fields. LevelDB looks at the logs that are there, and takes one that is missing for
/// one that was never written: what was in it would be absent without a word.
struct Manifest {
  /// The number of the log that has what no table has yet; 0 where there is none.
  private(set) var logNumber: UInt64 = 0
  /// The number of the last change that is in a table.
  private(set) var lastSequence: UInt64 = 0
  private var hasImpossibleNumber = false
  private var hasImpossibleKey = false
  private var tables: [Table] = []
  private var removed: Set<[UInt64]> = []

  private struct Table {
    let level: UInt64
    let number: UInt64
    let smallest: InternalKey
    let largest: InternalKey
  }

  /// The greatest number of a change that LevelDB has room for.
  ///
  /// Where there is a greater one it ends the process: Debian builds it with its assertions.
  static let greatestSequence: UInt64 = 1 << 56 - 1
  /// A number of files that nobody gets to; LevelDB's own, which follow, must not begin again at 0.
  static let greatestFileNumber: UInt64 = 1 << 62

  /// Reads all edits of a MANIFEST.
  ///
  /// Checksums are LevelDB's to check, when it opens the folder; here reading ends where the bytes make
  /// no sense.
  init(_ bytes: [UInt8]) {
    for edit in LogRecords.all(in: bytes) { read(edit) }
  }

  /// What LevelDB would end the process for, as the end of a sentence about the file; nil if there is nothing.
  var impossibility: String? {
    if lastSequence > Self.greatestSequence { return "an impossible number of changes" }
    if hasImpossibleNumber { return "an impossible number of a file" }
    if hasImpossibleKey { return "an impossible key" }
    return hasOverlap ? "tables whose keys overlap" : nil
  }

  /// Whether tables of one level have keys in common: only those of level 0 may.
  private var hasOverlap: Bool {
    let present = tables.filter { $0.level > 0 && !removed.contains([$0.level, $0.number]) }
    for (_, tables) in Dictionary(grouping: present, by: \.level) {
      let sorted = tables.sorted {
        $0.smallest == $1.smallest ? $0.number < $1.number : $0.smallest < $1.smallest
      }
      for (before, table) in zip(sorted, sorted.dropFirst())
      where !(before.largest < table.smallest) {
        // The same edit twice is no other table.
        if before.number == table.number, before.smallest == table.smallest { continue }
        return true
      }
    }
    return false
  }

  /// Takes in an edit, up to what makes no sense: a row of tags, each with what it says.
  private mutating func read(_ edit: [UInt8]) {
    var rest = edit[...]
    var added: [Table] = []
    defer {
      for table in added { removed.remove([table.level, table.number]) }
      tables += added
    }
    while let tag = rest.popVarint() {
      switch tag {
      case 1:  // comparator
        guard rest.popText() != nil else { return }
      case 2, 3, 9:  // log, next file, previous log
        guard let number = rest.popVarint() else { return }
        if tag == 2 { logNumber = number }
        // The next file is the first that LevelDB makes.
        if number > Self.greatestFileNumber || tag == 3 && number == 0 {
          hasImpossibleNumber = true
        }
      case 4:
        guard let number = rest.popVarint() else { return }
        lastSequence = number
      case 5:  // compaction pointer: level, key
        guard rest.popVarint() != nil, let key = rest.popText() else { return }
        if InternalKey(key) == nil { hasImpossibleKey = true }
      case 6:  // removed file
        guard let level = rest.popVarint(), let number = rest.popVarint() else { return }
        removed.insert([level, number])
      case 7:  // new file: level, number, size, smallest and largest key
        guard let level = rest.popVarint(), let number = rest.popVarint(), rest.popVarint() != nil,
          let smallest = rest.popText(), let largest = rest.popText()
        else { return }
        if number == 0 || number > Self.greatestFileNumber { hasImpossibleNumber = true }
        guard let first = InternalKey(smallest), let last = InternalKey(largest) else {
          hasImpossibleKey = true
          continue
        }
        if last < first { hasImpossibleKey = true }
        added.append(Table(level: level, number: number, smallest: first, largest: last))
      default: return
      }
    }
  }
}

/// A key with the number and kind of a change behind it: eight bytes, the lowest first.
private struct InternalKey: Comparable {
  let key: ArraySlice<UInt8>
  let tag: UInt64

  init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count >= 8 else { return nil }
    key = bytes.dropLast(8)
    tag = bytes.suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The later of two changes of a key comes first.
  static func < (left: Self, right: Self) -> Bool {
    left.key == right.key ? left.tag > right.tag : left.key.lexicographicallyPrecedes(right.key)
  }
}
