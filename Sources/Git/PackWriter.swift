internal import CGit2

/// A pack that is in memory only.
struct NewPack: Sendable {
  /// Its name, without an ending.
  let name: String
  /// Its objects, in an order in which none comes before what it names.
  let ids: [ObjectID]
  let bytes: [UInt8]
  let index: [UInt8]
}

/// Makes one pack of new objects, and its index (gitformat-pack), in memory.
///
/// libgit2's pack builder looks for deltas among all objects, which takes longer than all else that a write
/// does. Here an object is a delta to the one that it is known to be an edit of, or stands by itself; what
/// is packed later (`gitstate optimize`) is packed better.
struct PackWriter {
  private var pack: [UInt8]
  private var entries: [PackIndex.Entry] = []
  private var placed: [ObjectID: (offset: Int, depth: Int)] = [:]
  private let deflater: Deflater
  private let mostStored: Int

  /// How many deltas are applied for one object, as `git gc` has it.
  private static let deepest = 50

  /// - Parameters:
  ///   - deflater: What compresses the objects.
  ///   - mostStored: So many bytes at most are not compressed.
  init(_ deflater: Deflater, mostStored: Int = Deflater.tiny) {
    self.deflater = deflater
    self.mostStored = mostStored
    pack = Self.header(count: 0)
  }

  /// Whether it has an object.
  func has(_ id: ObjectID) -> Bool { placed[id] != nil }

  /// How many bytes it has.
  var size: Int { pack.count }

  /// Whether it has no object.
  var isEmpty: Bool { entries.isEmpty }

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
      try deflater.append([], delta, to: &pack, mostStored: mostStored)
    } else {
      PackEntryHeader(type: object.type, size: object.content.count).append(to: &pack)
      try deflater.append([], object.content, to: &pack, mostStored: mostStored)
    }
    placed[object.id] = (offset, depth)
    let checksum = pack.withUnsafeBytes { PackIndex.checksum(of: $0, offset..<$0.count) }
    entries.append(PackIndex.Entry(id: object.id, offset: offset, checksum: checksum))
  }

  /// Ends the pack.
  mutating func finish() -> NewPack {
    let header = Self.header(count: entries.count)
    pack.replaceSubrange(..<header.count, with: header)
    let checksum = pack.withUnsafeBytes { SHA1.hash($0) }
    pack += checksum
    let index = PackIndex(entries, packChecksum: checksum)
    return NewPack(
      name: Self.name(checksum), ids: entries.map(\.id), bytes: pack, index: index.text)
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
