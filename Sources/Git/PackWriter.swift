internal import CGit2

/// Makes one pack of new objects, and its index (gitformat-pack), in memory.
///
/// libgit2's pack builder looks for deltas among all objects, which takes longer than all else that a write
/// does. Here an object is a delta to the one that it is known to be an edit of, or stands by itself; what
/// is packed later (`gitstate optimize`, `git gc`) is packed better.
struct PackWriter {
  /// The bytes of the pack.
  private(set) var pack: [UInt8]
  private var entries: [PackIndex.Entry] = []
  private var placed: [ObjectID: (offset: Int, depth: Int)] = [:]
  private let deflater: Deflater

  /// How many deltas are applied for one object, as `git gc` has it.
  private static let deepest = 50

  init(count: Int, _ deflater: Deflater) {
    self.deflater = deflater
    pack = Self.header(count: count)
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
      PackEntryHeader(kind: .distantDelta, size: delta.count).append(to: &pack)
      PackEntryHeader.append(distance: offset - place.offset, to: &pack)
      try deflater.append([], delta, to: &pack)
    } else {
      PackEntryHeader(type: object.type, size: object.content.count).append(to: &pack)
      try deflater.append([], object.content, to: &pack)
    }
    placed[object.id] = (offset, depth)
    let checksum = pack.withUnsafeBytes { PackIndex.checksum(of: $0, offset..<$0.count) }
    entries.append(PackIndex.Entry(id: object.id, offset: offset, checksum: checksum))
  }

  /// Ends the pack.
  ///
  /// - Returns: Its name without an ending, its bytes and those of its index.
  mutating func finish() -> (name: String, pack: [UInt8], index: [UInt8]) {
    let checksum = pack.withUnsafeBytes { SHA1.hash($0) }
    pack += checksum
    let index = PackIndex(entries, packChecksum: checksum)
    return (Self.name(checksum), pack, index.text)
  }

  /// How a pack of so many objects begins.
  static func header(count: Int) -> [UInt8] {
    Array("PACK".utf8) + PackIndex.number(2) + PackIndex.number(count)
  }

  /// The name of a pack with a checksum, without an ending.
  static func name(_ checksum: [UInt8]) -> String {
    checksum.withUnsafeBytes { "pack-" + ObjectID(reading: $0, at: 0).hex }
  }
}
