internal import CGit2
internal import Glibc

/// Makes one pack of several, in which each object is compressed as it was (gitformat-pack).
///
/// libgit2's pack builder looks for deltas anew, which takes as long as all that wrote the packs. What is in
/// a pack is packed already; only how far away a delta's base is can change. Small objects that a batch of commits
/// left uncompressed are compressed.
struct PackJoin {
  /// The objects that are in the new pack so far.
  private var entries: [PackIndex.Entry] = []
  private var places: [ObjectID: Int] = [:]
  private var hash = SHA1()
  private var size = 0
  private let file: Int32
  private let path: String
  private let deflater = Deflater()

  /// Joins packs.
  ///
  /// - Parameters:
  ///   - packs: Their paths, without an ending.
  ///   - folder: Where to write the new pack and its index.
  /// - Returns: Its name without an ending, and how many objects it has; nil where one of the packs cannot be
  ///   joined this way (an index of version 1, more than 2 GiB).
  /// - Throws: ``GitError`` where a pack is damaged, or the new one cannot be written and synced.
  static func join(_ packs: [String], in folder: String) throws(GitError) -> (
    name: String, count: Int
  )? {
    var indexes: [(pack: String, index: PackIndex)] = []
    var (ids, size): ([ObjectID], Int) = ([], 0)
    for pack in packs {
      guard let status = try FileSystem.status(pack + ".pack"),
        let bytes = try FileSystem.content(pack + ".idx"), let index = PackIndex(bytes)
      else { return nil }
      // The names of the objects are nowhere else: a wrong one would get a fresh checksum.
      guard PackIndex.isIntact(bytes) else {
        throw GitError(
          .unreadable, "the index \(pack).idx is damaged; make it anew with git index-pack",
          category: .objectDatabase)
      }
      size += Int(status.st_size)
      ids += index.entries.lazy.map(\.id)
      indexes.append((pack, index))
    }
    ids.sort()
    let count = ids.indices.count { $0 == 0 || ids[$0] != ids[$0 - 1] }
    // Distances can need another byte each.
    guard size + 8 * count <= Int(Int32.max) else { return nil }
    let path = "\(folder)/joined.pack"
    let file = try FileSystem.create(path, mode: 0o444)
    defer { close(file) }
    var join = PackJoin(file: file, path: path)
    join.entries.reserveCapacity(count)
    join.places.reserveCapacity(count)
    try join.write(PackWriter.header(count: count))
    for (pack, index) in indexes { try join.add(pack, index) }
    let checksum = join.hash.finish()
    try FileSystem.write(checksum, to: file, path: path)
    guard fsync(file) == 0 else { throw FileSystem.error("sync", path) }
    let name = PackWriter.name(checksum)
    try FileSystem.rename(path, to: "\(folder)/\(name).pack")
    let indexPath = "\(folder)/\(name).idx"
    let indexFile = try FileSystem.create(indexPath, mode: 0o444)
    defer { close(indexFile) }
    try FileSystem.write(
      PackIndex(join.entries, packChecksum: checksum).text, to: indexFile, path: indexPath)
    guard fsync(indexFile) == 0 else { throw FileSystem.error("sync", indexPath) }
    return (name, join.entries.count)
  }

  private init(file: Int32, path: String) { (self.file, self.path) = (file, path) }

  private mutating func write(_ bytes: [UInt8]) throws(GitError) {
    bytes.withUnsafeBytes { hash.append($0) }
    try FileSystem.write(bytes, to: file, path: path)
    size += bytes.count
  }

  /// Adds the objects of a pack that the new one does not have yet.
  private mutating func add(_ pack: String, _ index: PackIndex) throws(GitError) {
    guard let content = try FileSystem.content(pack + ".pack"),
      content.suffix(20).elementsEqual(index.packChecksum)
    else {
      throw GitError(
        .unreadable, "the pack \(pack).pack does not belong to its index",
        category: .objectDatabase)
    }
    let sorted = index.entries.sorted { $0.offset < $1.offset }
    var output: [UInt8] = []
    output.reserveCapacity(content.count)
    try content.withUnsafeBufferPointer { content throws(GitError) in
      let content = UnsafeRawBufferPointer(content)
      for (number, entry) in sorted.enumerated() where places[entry.id] == nil {
        let end = number + 1 < sorted.count ? sorted[number + 1].offset : content.count - 20
        let range = entry.offset..<max(entry.offset, end)
        guard range.upperBound <= content.count - 20,
          PackIndex.checksum(of: content, range) == entry.checksum,
          let (copied, isSame) = try copy(range, of: content, sorted, to: &output)
        else {
          throw GitError(
            .unreadable, "the object \(entry.id) in \(pack).pack is damaged; run: git fsck",
            category: .objectDatabase, context: entry.id.hex)
        }
        places[entry.id] = size + copied.lowerBound
        let checksum =
          isSame
          ? entry.checksum : output.withUnsafeBytes { PackIndex.checksum(of: $0, copied) }
        entries.append(
          PackIndex.Entry(id: entry.id, offset: size + copied.lowerBound, checksum: checksum))
      }
    }
    try write(output)
  }

  /// Copies an object as it is, but for the distance to its base, and compressed.
  ///
  /// - Parameters:
  ///   - range: Where it is in its pack.
  ///   - content: That pack.
  ///   - sorted: The pack's objects, by their places.
  ///   - output: What the copy is appended to.
  /// - Returns: Where it is in the output, and whether it is the same bytes there; nil where it is damaged.
  /// - Throws: ``GitError`` where zlib fails.
  private func copy(
    _ range: Range<Int>, of content: UnsafeRawBufferPointer, _ sorted: [PackIndex.Entry],
    to output: inout [UInt8]
  ) throws(GitError) -> (range: Range<Int>, isSame: Bool)? {
    var at = range.lowerBound
    var isSame = true
    guard let header = PackEntryHeader(reading: content, at: &at) else { return nil }
    let start = output.count
    if header.kind == .distantDelta {
      output += content[range.lowerBound..<at]
      guard let distance = PackEntryHeader.distance(in: content, at: &at),
        let base = Self.object(at: range.lowerBound - distance, in: sorted).flatMap({ places[$0] }),
        base < size + start
      else { return nil }
      isSame = size + start - base == distance
      PackEntryHeader.append(distance: size + start - base, to: &output)
    } else {
      output += content[range.lowerBound..<at]
    }
    guard at <= range.upperBound else { return nil }
    if let compressed = try compressed(content[at..<range.upperBound], header) {
      output += compressed
      isSame = false
    } else {
      output += content[at..<range.upperBound]
    }
    return (start..<output.count, isSame)
  }

  /// An object's stream compressed; nil where it is so already, or would not become smaller.
  private func compressed(
    _ stream: Slice<UnsafeRawBufferPointer>, _ header: PackEntryHeader
  ) throws(GitError) -> [UInt8]? {
    // A delta that names its base has that name first.
    guard header.kind != .namedDelta, header.size > Deflater.tiny,
      let content = UnsafeRawBufferPointer(rebasing: stream).withMemoryRebound(
        to: UInt8.self, { StoredObject.content(of: $0) }), content.count == header.size
    else { return nil }
    var compressed: [UInt8] = []
    try deflater.append([], content, to: &compressed)
    return compressed.count < stream.count ? compressed : nil
  }

  /// The object that begins at a place; nil where none does.
  private static func object(at offset: Int, in sorted: [PackIndex.Entry]) -> ObjectID? {
    var range = sorted.indices
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if sorted[middle].offset == offset { return sorted[middle].id }
      range =
        sorted[middle].offset < offset
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return nil
  }
}
