internal import CGit2

/// Compresses as git's objects are compressed (zlib's format), one after the other.
///
/// It keeps zlib's working memory, a quarter of a megabyte, which takes longer to get than a small object
/// to compress; and a smaller one for small objects, since zlib clears it for each.
final class Deflater {
  private let stream: UnsafeMutablePointer<z_stream>
  private let smallStream: UnsafeMutablePointer<z_stream>
  private static let small = 4096
  private static let tiny = 64

  init() {
    stream = .allocate(capacity: 1)
    smallStream = .allocate(capacity: 1)
    for (stream, memory) in [(stream, Int32(8)), (smallStream, 4)] {
      stream.initialize(to: z_stream())
      // Level 1: what is written quickly is packed again later. Where there is no memory, append(_:_:to:)
      // fails.
      deflateInit2_(
        stream, 1, Z_DEFLATED, 15, memory, Z_DEFAULT_STRATEGY, zlibVersion(),
        Int32(MemoryLayout<z_stream>.size))
    }
  }

  deinit {
    for stream in [stream, smallStream] {
      deflateEnd(stream)
      stream.deallocate()
    }
  }

  /// Appends some bytes to others, compressed.
  ///
  /// - Parameters:
  ///   - header: What comes first.
  ///   - content: What comes then.
  ///   - output: Where to append.
  /// - Throws: ``GitError`` where zlib fails.
  func append(_ header: [UInt8], _ content: [UInt8], to output: inout [UInt8]) throws(GitError) {
    let size = header.count + content.count
    guard size <= Int(Int32.max) else {
      throw GitError(.tooLarge, "an object of \(content.count) bytes is too large to be compressed")
    }
    if size <= Self.tiny { return Self.store(header + content, in: &output) }
    let stream = size <= Self.small ? smallStream : stream
    guard deflateReset(stream) == Z_OK else { throw Self.failure }
    let room = Int(deflateBound(stream, UInt(size))) + 16
    var status = Z_OK
    output += [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      stream.pointee.next_out = buffer.baseAddress
      stream.pointee.avail_out = UInt32(room)
      if !header.isEmpty { status = header.withUnsafeBytes { Self.add($0, Z_NO_FLUSH, stream) } }
      if status == Z_OK { status = content.withUnsafeBytes { Self.add($0, Z_FINISH, stream) } }
      count = room - Int(stream.pointee.avail_out)
    }
    guard status == Z_STREAM_END else { throw Self.failure }
  }

  /// Appends bytes that are too few to become fewer, as zlib would (RFC 1950 and 1951).
  private static func store(_ bytes: [UInt8], in output: inout [UInt8]) {
    let size = UInt8(bytes.count)
    output += [0x78, 0x01, 1, size, 0, ~size, 0xFF]
    output += bytes
    var (low, high) = (UInt32(1), UInt32(0))
    for byte in bytes {
      low += UInt32(byte)
      high += low
    }
    // So few that neither sum has to be cut often.
    let sum = (high % 65521) << 16 | (low % 65521)
    output += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
  }

  private static func add(
    _ bytes: UnsafeRawBufferPointer, _ flush: Int32, _ stream: UnsafeMutablePointer<z_stream>
  ) -> Int32 {
    // zlib only reads there; its type lacks the const.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(bytes.count)
    return deflate(stream, flush)
  }

  private static var failure: GitError {
    GitError(.failed, "an object could not be compressed", category: .zlib)
  }
}
