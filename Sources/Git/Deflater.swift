internal import CGit2

/// Compresses as git's objects are compressed (zlib's format), one after the other.
///
/// It keeps zlib's working memory; and a smaller one for small objects, since zlib clears it for each.
final class Deflater {
  private let stream = DeflateStream()
  private let smallStream = DeflateStream(memory: 4)
  private static let small = 4096
  /// So few bytes hardly become fewer.
  static let tiny = 64

  /// Appends some bytes to others, compressed.
  ///
  /// - Parameters:
  ///   - header: What comes first.
  ///   - content: What comes then.
  ///   - output: Where to append.
  ///   - mostStored: So many bytes at most are not compressed.
  /// - Throws: ``GitError`` where zlib fails.
  func append(
    _ header: [UInt8], _ content: [UInt8], to output: inout [UInt8],
    mostStored: Int = Deflater.tiny
  ) throws(GitError) {
    let size = header.count + content.count
    guard size <= Int(Int32.max) else {
      throw GitError(.tooLarge, "an object of \(content.count) bytes is too large to be compressed")
    }
    if size <= mostStored { return StoredObject.append([header, content], to: &output) }
    let stream = size <= Self.small ? smallStream : stream
    try header.withUnsafeBufferPointer { header throws(GitError) in
      try content.withUnsafeBufferPointer { content throws(GitError) in
        try stream.append(header.isEmpty ? [content] : [header, content], to: &output)
      }
    }
  }
}

/// A compressed stream whose bytes are not compressed (RFC 1950 and 1951).
enum StoredObject {
  private static let start: [UInt8] = [0x78, 0x01, 1]
  /// How many bytes come before the content.
  private static let headSize = start.count + 4
  private static let checksumSize = 4

  /// Appends some pieces, 65,535 bytes together at most.
  static func append(_ pieces: [[UInt8]], to output: inout [UInt8]) {
    output += start
    output += StoredBlock.head(pieces.reduce(0) { $0 + $1.count })
    let begin = output.count
    for piece in pieces { output += piece }
    let checksum = output.withUnsafeBufferPointer {
      Adler32(UnsafeBufferPointer(rebasing: $0[begin...]))
    }
    output += checksum.bytes
  }

  /// The content of a stream; nil where it is compressed, or not whole.
  static func content(of stream: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    let end = stream.count - checksumSize
    guard end >= headSize, end - headSize <= 0xFFFF,
      stream.starts(with: start + StoredBlock.head(end - headSize))
    else { return nil }
    let content = UnsafeBufferPointer(rebasing: stream[headSize..<end])
    return stream[end...].elementsEqual(Adler32(content).bytes) ? Array(content) : nil
  }
}

/// A block of a compressed stream that is not compressed (RFC 1951, section 3.2.4).
enum StoredBlock {
  /// What comes between the byte with the block's type and its bytes, of which there may be 65,535.
  static func head(_ count: Int) -> [UInt8] {
    let (low, high) = (UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8))
    return [low, high, ~low, ~high]
  }
}

/// The checksum that ends a compressed stream (RFC 1950).
struct Adler32 {
  private var value: UInt

  /// The checksum of some bytes.
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    value = adler32_z(1, bytes.baseAddress, bytes.count)
  }

  /// Makes it the checksum of these bytes and, behind them, of so many others.
  mutating func append(_ other: Adler32, count: Int) {
    value = adler32_combine(value, other.value, count)
  }

  /// The checksum as it is written.
  var bytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
