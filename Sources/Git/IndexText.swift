/// An index as git writes it (gitformat-index), changed in place.
///
/// libgit2 writes an index only to where it has read it from, by way of a lock of its own: a write of one
/// entry would be a copy, two new files and four renames and links.
///
/// It knows just what a write needs most of the time: versions 2 and 3, up to a size, and new content for a
/// path that is there. For all else there is libgit2, which also tells damage.
struct IndexText {
  /// What is larger is left to libgit2, which hashes it faster.
  static let maximumSize = 1 << 20

  private var entries: [UInt8]
  private let version: UInt8
  /// The extensions that stay: their four letters and their content.
  private var extensions: [(name: [UInt8], content: [UInt8])] = []
  /// Where each entry begins; the last one is the end.
  private var starts: [Int] = []

  /// Where an entry has what.
  private enum Offset {
    static let modified = 8
    static let mode = 24
    static let id = 40
    static let flags = 60
    static let path = 62
  }

  private enum Flag {
    static let assumeUnchanged: UInt16 = 0x8000
    static let extended: UInt16 = 0x4000
    static let stage: UInt16 = 0x3000
    static let length: UInt16 = 0x0FFF
    /// In the second word.
    static let skipWorktree: UInt16 = 0x4000
    static let intentToAdd: UInt16 = 0x2000
  }

  /// An index of a form that is known here, and whole; nil else.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 32, bytes.count <= Self.maximumSize,
      bytes.starts(with: Array("DIRC".utf8)),
      bytes[4...6].allSatisfy({ $0 == 0 }), bytes[7] == 2 || bytes[7] == 3
    else { return nil }
    let end = bytes.count - 20
    guard bytes[..<end].withUnsafeBytes({ SHA1.hash($0) }).elementsEqual(bytes[end...]) else {
      return nil
    }
    version = bytes[7]
    entries = bytes
    let count = Self.number(bytes, at: 8)
    guard count <= bytes.count / Offset.path else { return nil }
    starts.reserveCapacity(count + 1)
    var at = 12
    for _ in 0..<count {
      starts.append(at)
      guard let next = Self.end(ofEntry: at, in: bytes, version), next <= end else { return nil }
      at = next
    }
    starts.append(at)
    while at < end {
      guard at + 8 <= end else { return nil }
      let name = Array(bytes[at..<at + 4])
      let size = Self.number(bytes, at: at + 4)
      guard size <= end - at - 8 else { return nil }
      switch name {
      // What git may do without, and what would be wrong now: the rest is written anew by git.
      case Array("TREE".utf8), Array("REUC".utf8):
        extensions.append((name, Array(bytes[at + 8..<at + 8 + size])))
      default:
        // Small letters: an index that cannot be read without it.
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(name[0]) else { return nil }
      }
      at += 8 + size
    }
    entries.removeSubrange(starts[count]...)
  }

  /// The index's bytes.
  var bytes: [UInt8] {
    var text = entries
    for (name, content) in extensions {
      text += name
      withUnsafeBytes(of: UInt32(content.count).bigEndian) { text += $0 }
      text += content
    }
    return text + text.withUnsafeBytes { SHA1.hash($0) }
  }

  /// Gives a path that is there new content; its marks stay, but it is no longer only announced.
  ///
  /// - Returns: Whether it could be done: not where the path is missing or in conflict.
  mutating func set(_ path: String, _ id: ObjectID, _ mode: FileMode, _ stat: FileStat?) -> Bool {
    let name = Array(path.utf8)
    guard mode == .blob || mode == .executable,
      let number = indices.first(where: { entries[self.path($0)].elementsEqual(name) }),
      flags(number) & Flag.stage == 0
    else { return false }
    let start = starts[number]
    var fields = [UInt32](repeating: 0, count: 10)
    if let stat {
      fields = [
        UInt32(bitPattern: stat.changed.seconds), stat.changed.nanoseconds,
        UInt32(bitPattern: stat.modified.seconds), stat.modified.nanoseconds, stat.device,
        stat.inode, 0, stat.user, stat.group, stat.size,
      ]
    }
    fields[Offset.mode / 4] = mode.rawValue
    var text: [UInt8] = []
    for field in fields { withUnsafeBytes(of: field.bigEndian) { text += $0 } }
    withUnsafeBytes(of: id.raw) { text += $0 }
    entries.replaceSubrange(start..<start + Offset.flags, with: text)
    if isExtended(number) {
      let kept = second(number) & Flag.skipWorktree
      entries[start + Offset.path] = UInt8(kept >> 8)
      entries[start + Offset.path + 1] = 0
    }
    forgetTrees(above: name)
    return true
  }

  /// What the index has directly in a folder, by path.
  ///
  /// - Throws: ``GitError/Code/unreadable`` where an entry has a mode that is none.
  func entries(in folder: String) throws(GitError) -> [String: IndexEntry] {
    let prefix = folder.isEmpty ? [] : Array("\(folder)/".utf8)
    var found: [String: IndexEntry] = [:]
    for number in indices {
      let name = entries[path(number)]
      guard name.starts(with: prefix), !name.dropFirst(prefix.count).contains(UInt8(ascii: "/"))
      else { continue }
      let path = String(decoding: name, as: UTF8.self)
      found[path] = try entry(number, path)
    }
    return found
  }

  /// What the index has for a path; nil where it has nothing.
  ///
  /// - Throws: ``GitError/Code/unreadable`` where the entry has a mode that is none.
  func entry(at path: String) throws(GitError) -> IndexEntry? {
    let name = Array(path.utf8)
    guard let number = indices.first(where: { entries[self.path($0)].elementsEqual(name) }) else {
      return nil
    }
    return try entry(number, path)
  }

  private func entry(_ number: Int, _ path: String) throws(GitError) -> IndexEntry {
    guard flags(number) & Flag.stage == 0 else { return .conflicted }
    let start = starts[number]
    guard
      let mode = FileMode(
        rawValue: UInt32(truncatingIfNeeded: Self.number(entries, at: start + Offset.mode)))
    else {
      throw GitError(
        .unreadable, "the index has an entry of an unknown mode", category: .index, context: path)
    }
    let second = isExtended(number) ? second(number) : 0
    return .staged(
      IndexEntry.Staged(
        id: entries.withUnsafeBytes { ObjectID(reading: $0, at: start + Offset.id) }, mode: mode,
        skipWorktree: second & Flag.skipWorktree != 0,
        intentToAdd: second & Flag.intentToAdd != 0,
        assumeUnchanged: flags(number) & Flag.assumeUnchanged != 0,
        isSeen: Self.number(entries, at: start + Offset.modified) != 0))
  }

  // MARK: Entries

  private var indices: Range<Int> { 0..<starts.count - 1 }

  private func flags(_ number: Int) -> UInt16 {
    Self.word(entries, at: starts[number] + Offset.flags)
  }

  private func isExtended(_ number: Int) -> Bool {
    version > 2 && flags(number) & Flag.extended != 0
  }

  private func second(_ number: Int) -> UInt16 {
    Self.word(entries, at: starts[number] + Offset.path)
  }

  private func path(_ number: Int) -> Range<Int> {
    let start = starts[number] + Offset.path + (isExtended(number) ? 2 : 0)
    var end = starts[number + 1]
    while end > start, entries[end - 1] == 0 { end -= 1 }
    return start..<end
  }

  /// Where the next entry begins; nil where this one is cut off.
  private static func end(ofEntry start: Int, in bytes: [UInt8], _ version: UInt8) -> Int? {
    guard start + Offset.path + 2 <= bytes.count else { return nil }
    let flags = word(bytes, at: start + Offset.flags)
    let isExtended = flags & Flag.extended != 0
    if isExtended, version < 3 { return nil }
    let path = start + Offset.path + (isExtended ? 2 : 0)
    let length = Int(flags & Flag.length)
    // A longer path has the greatest length there is.
    var end = path + length
    guard end < bytes.count else { return nil }
    if length == Int(Flag.length) {
      guard let zero = bytes[end...].firstIndex(of: 0) else { return nil }
      end = zero
    }
    guard bytes[end] == 0, end > path, bytes[end - 1] != 0 else { return nil }
    // One to eight zeros, up to a multiple of eight from the entry's beginning.
    return start + (end - start + 8) / 8 * 8
  }

  // MARK: The trees of folders

  /// Takes the trees of the folders above a path out of what the index knows of trees, as they are others now.
  private mutating func forgetTrees(above path: [UInt8]) {
    guard let place = extensions.firstIndex(where: { $0.name == Array("TREE".utf8) }) else {
      return
    }
    var trees = CachedTrees(extensions[place].content)
    if trees.forget(path.split(separator: UInt8(ascii: "/")).dropLast().map { Array($0) }) {
      extensions[place].content = trees.bytes
    } else {
      extensions.remove(at: place)
    }
  }

  private static func number(_ bytes: [UInt8], at place: Int) -> Int {
    bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  private static func word(_ bytes: [UInt8], at place: Int) -> UInt16 {
    UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
  }
}

/// What an index knows of the trees that it would make: for each folder its name, how many entries and folders
/// it has, and its tree, the folders in it following; less than no entries mean that its tree is not known.
private struct CachedTrees {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Forgets the trees of the folders on a way, the root's first.
  ///
  /// - Returns: False where it is damaged.
  mutating func forget(_ names: [[UInt8]]) -> Bool {
    var node = 0
    for depth in 0...names.count {
      guard let (counts, end, folders) = self.counts(at: node) else { return false }
      bytes.replaceSubrange(counts..<end, with: Array("-1 \(folders)\n".utf8))
      guard depth < names.count, var child = self.counts(at: node)?.end else { break }
      var found: Int?
      for _ in 0..<folders {
        guard let zero = bytes[child...].firstIndex(of: 0) else { return false }
        if bytes[child..<zero].elementsEqual(names[depth]) {
          found = child
          break
        }
        guard let next = self.end(ofTree: child) else { return false }
        child = next
      }
      guard let found else { return true }
      node = found
    }
    return true
  }

  /// Where a folder's counts begin, where its tree ends, and how many folders it has.
  private func counts(at node: Int) -> (counts: Int, end: Int, folders: Int)? {
    guard node < bytes.count, let zero = bytes[node...].firstIndex(of: 0),
      let newline = bytes[zero...].firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    let numbers = String(decoding: bytes[zero + 1..<newline], as: UTF8.self).split(separator: " ")
    guard numbers.count == 2, let entries = Int(numbers[0]), let folders = Int(numbers[1]),
      (0...bytes.count).contains(folders)
    else { return nil }
    let end = newline + 1 + (entries >= 0 ? 20 : 0)
    return end <= bytes.count ? (zero + 1, end, folders) : nil
  }

  /// Where a folder with all that is in it ends.
  private func end(ofTree node: Int) -> Int? {
    var (at, open) = (node, 1)
    while open > 0 {
      guard let (_, end, folders) = counts(at: at) else { return nil }
      open += folders - 1
      at = end
    }
    return at
  }
}
