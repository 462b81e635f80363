internal import CGit2
internal import Glibc

/// Compresses large objects in parts (zlib's format), so that one which is an edit of another takes over the
/// parts in which they are the same.
///
/// In each part the compression begins anew, which makes the object a few hundredths larger until it is
/// packed. In return the cost of an edit is that of the parts it is in.
final class PartedDeflater {
  /// A smaller object is compressed as a whole.
  static let smallest = 64 << 10
  /// How large a part is, but for the last before one that is taken over.
  private static let partSize = 16 << 10
  /// How many parts may have changed in a row, and by how many bytes.
  private static let reach = 8
  private static let slack = 64 << 10
  /// How many bytes the objects that are kept may have together.
  private static let capacity = 16 << 20

  private struct Part {
    let range: Range<Int>
    let compressed: [UInt8]
    let checksum: Adler32

    func moved(to start: Int) -> Part {
      Part(range: start..<start + range.count, compressed: compressed, checksum: checksum)
    }
  }

  private struct Kept {
    let id: ObjectID
    let content: [UInt8]
    let parts: [Part]
  }

  private let stream = DeflateStream(windowBits: -15)
  /// What was compressed last, in order.
  private var kept: [Kept] = []

  /// Appends an object to other bytes, compressed, and keeps it for the next one.
  ///
  /// - Parameters:
  ///   - header: What comes before its content.
  ///   - object: The object.
  ///   - output: Where to append.
  /// - Throws: ``GitError`` where zlib fails.
  func append(_ header: [UInt8], _ object: HeldObjects.Object, to output: inout [UInt8])
    throws(GitError)
  {
    let base = object.base.flatMap { id in kept.last { $0.id == id } }
    let parts = try object.content.withUnsafeBufferPointer { bytes throws(GitError) in
      try self.parts(of: bytes, like: base)
    }
    output += [0x78, 0x01, 0] + StoredBlock.head(header.count) + header
    var checksum = header.withUnsafeBufferPointer { Adler32($0) }
    for part in parts {
      output += part.compressed
      checksum.append(part.checksum, count: part.range.count)
    }
    // An empty block that is the last one.
    output += [0x03, 0x00] + checksum.bytes
    keep(Kept(id: object.id, content: object.content, parts: parts))
  }

  private func keep(_ new: Kept) {
    kept.append(new)
    var size = kept.reduce(0) { $0 + $1.content.count }
    while size > Self.capacity {
      size -= kept.removeFirst().content.count
    }
  }

  private func parts(of content: UnsafeBufferPointer<UInt8>, like base: Kept?) throws(GitError)
    -> [Part]
  {
    var parts: [Part] = []
    var at = 0
    if let base {
      try base.content.withUnsafeBufferPointer { old throws(GitError) in
        var next = base.parts[...]
        while let (part, place) = Self.firstAlike(next, of: old, in: content, from: at) {
          try compress(content, at..<place, to: &parts)
          parts.append(part.moved(to: place))
          at = place + part.range.count
          next = next.drop { $0.range.lowerBound <= part.range.lowerBound }
        }
      }
    }
    try compress(content, at..<content.count, to: &parts)
    return parts
  }

  /// The first of some parts of an earlier object that comes again in the new one, and where.
  private static func firstAlike(
    _ parts: ArraySlice<Part>, of old: UnsafeBufferPointer<UInt8>,
    in new: UnsafeBufferPointer<UInt8>,
    from start: Int
  ) -> (Part, Int)? {
    var passed = 0
    for (index, part) in parts.prefix(reach).enumerated() {
      // Right behind the last part that was alike there is nothing to look for.
      let last = index == 0 ? start : start + passed + slack
      let wanted = UnsafeBufferPointer(rebasing: old[part.range])
      if let place = Self.place(of: wanted, in: new, from: start, to: last) { return (part, place) }
      passed += part.range.count
    }
    return nil
  }

  /// Where some bytes begin in a text, between two places.
  private static func place(
    of wanted: UnsafeBufferPointer<UInt8>, in text: UnsafeBufferPointer<UInt8>, from start: Int,
    to last: Int
  ) -> Int? {
    guard let wantedBase = wanted.baseAddress, let base = text.baseAddress else { return nil }
    let last = min(last, text.count - wanted.count)
    // memmem would study all that it looks for; a beginning tells enough.
    let sample = min(64, wanted.count)
    var at = start
    while at <= last, let found = memmem(base + at, last - at + sample, wantedBase, sample) {
      let place = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      if memcmp(found, wantedBase, wanted.count) == 0 { return place }
      at = place + 1
    }
    return nil
  }

  private func compress(
    _ content: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to parts: inout [Part]
  ) throws(GitError) {
    var start = range.lowerBound
    while start < range.upperBound {
      let rest = range.upperBound - start
      // No part is much smaller than the others.
      let count = rest < Self.partSize * 3 / 2 ? rest : Self.partSize
      let bytes = UnsafeBufferPointer(rebasing: content[start..<start + count])
      var compressed: [UInt8] = []
      try stream.append([bytes], to: &compressed, flush: Z_FULL_FLUSH)
      parts.append(
        Part(range: start..<start + count, compressed: compressed, checksum: Adler32(bytes)))
      start += count
    }
  }
}
