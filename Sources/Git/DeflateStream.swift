internal import CGit2

/// zlib's state while it compresses, with its working memory, a quarter of a megabyte, which takes longer to
/// get than a small object to compress.
final class DeflateStream {
  private let stream: UnsafeMutablePointer<z_stream>

  /// Where there is no memory, ``append(_:to:flush:)`` fails.
  ///
  /// - Parameters:
  ///   - windowBits: 15 for zlib's format (RFC 1950), -15 for what is inside it (RFC 1951).
  ///   - memory: How much working memory, from 1 to 9.
  init(windowBits: Int32 = 15, memory: Int32 = 8) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Level 1: what is written quickly is packed again later.
    deflateInit2_(
      stream, 1, Z_DEFLATED, windowBits, memory, Z_DEFAULT_STRATEGY, zlibVersion(),
      Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Appends some pieces to others, compressed as one that knows nothing of what was compressed before.
  ///
  /// - Parameters:
  ///   - pieces: What comes one after the other; 2 GiB together at most.
  ///   - output: Where to append.
  ///   - flush: `Z_FINISH`, or `Z_FULL_FLUSH` where other compressed bytes are to follow.
  /// - Throws: ``GitError`` where zlib fails.
  func append(
    _ pieces: [UnsafeBufferPointer<UInt8>], to output: inout [UInt8], flush: Int32 = Z_FINISH
  ) throws(GitError) {
    guard deflateReset(stream) == Z_OK else { throw Self.failure }
    let size = pieces.reduce(0) { $0 + $1.count }
    let room = Int(deflateBound(stream, UInt(size))) + 16
    var status = Z_OK
    output += [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      stream.pointee.next_out = buffer.baseAddress
      stream.pointee.avail_out = UInt32(room)
      for (index, piece) in pieces.enumerated() where status == Z_OK && !piece.isEmpty {
        status = add(piece, index == pieces.count - 1 ? flush : Z_NO_FLUSH)
      }
      count = room - Int(stream.pointee.avail_out)
    }
    // Without room left, a flush may not have come to its end.
    guard status == (flush == Z_FINISH ? Z_STREAM_END : Z_OK), stream.pointee.avail_out > 0 else {
      throw Self.failure
    }
  }

  private func add(_ bytes: UnsafeBufferPointer<UInt8>, _ flush: Int32) -> Int32 {
    // zlib only reads there; its type lacks the const.
    stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
    stream.pointee.avail_in = UInt32(bytes.count)
    return deflate(stream, flush)
  }

  private static var failure: GitError {
    GitError(.failed, "an object could not be compressed", category: .zlib)
  }
}
