internal import CGit2

/// A tree as git writes it (`<mode> <name>\0<20 bytes of ID>` for each entry), changed in place.
///
/// So everything that is not changed stays byte for byte, odd modes and names included.
struct TreeText {
  /// One entry and where it stands.
  struct Entry {
    let range: Range<Int>
    let name: Range<Int>
    let mode: FileMode
    let id: ObjectID
  }

  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  var isEmpty: Bool { bytes.isEmpty }

  /// The entry with a name.
  ///
  /// - Throws: ``GitError/Code/unreadable`` where the tree is damaged.
  func entry(_ name: [UInt8]) throws(GitError) -> Entry? {
    var at = 0
    while at < bytes.count {
      let entry = try entry(at: at)
      if bytes[entry.name].elementsEqual(name) { return entry }
      at = entry.range.upperBound
    }
    return nil
  }

  /// Sets a name.
  mutating func set(_ name: [UInt8], _ id: ObjectID, _ mode: FileMode) throws(GitError) {
    var text = Array(String(mode.rawValue, radix: 8).utf8)
    text.reserveCapacity(text.count + name.count + 22)
    text.append(UInt8(ascii: " "))
    text += name
    text.append(0)
    withUnsafeBytes(of: id.raw) { text += $0 }
    if let old = try entry(name) {
      bytes.replaceSubrange(old.range, with: text)
      return
    }
    // git's order: names as bytes, a folder's with a slash behind it.
    let key = mode == .tree ? name + [UInt8(ascii: "/")] : name
    var at = 0
    while at < bytes.count {
      let other = try entry(at: at)
      let otherKey = bytes[other.name] + (other.mode == .tree ? [UInt8(ascii: "/")] : [])
      if key.lexicographicallyPrecedes(otherKey) { break }
      at = other.range.upperBound
    }
    bytes.insert(contentsOf: text, at: at)
  }

  /// Removes an entry.
  mutating func remove(_ entry: Entry) { bytes.removeSubrange(entry.range) }

  private func entry(at start: Int) throws(GitError) -> Entry {
    var at = start
    var number: UInt32 = 0
    while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(bytes[at]) {
      number = number << 3 | UInt32(bytes[at] - UInt8(ascii: "0"))
      at += 1
    }
    let name = at + 1
    guard at > start, at < bytes.count, bytes[at] == UInt8(ascii: " "),
      let end = bytes[name...].firstIndex(of: 0), end + 21 <= bytes.count
    else { throw GitError(.unreadable, "the tree is damaged", category: .tree) }
    let id = bytes.withUnsafeBytes { ObjectID(reading: $0, at: end + 1) }
    return Entry(
      range: start..<end + 21, name: name..<end, mode: Self.mode(number), id: id)
  }

  /// The kind that a mode means; old repositories have odd ones.
  private static func mode(_ number: UInt32) -> FileMode {
    switch number & 0o170000 {
    case 0o040000: .tree
    case 0o120000: .link
    case 0o160000: .submodule
    default: number & 0o111 == 0 ? .blob : .executable
    }
  }
}
