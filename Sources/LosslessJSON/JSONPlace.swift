/// A place in a JSON text.
public struct JSONPlace: Hashable, Sendable {
  /// The line, from 1, where `\n`, `\r\n` and `\r` end a line.
  public let line: Int
  /// The column, from 1, in Unicode scalars; each byte that is no part of UTF-8 text counts as one.
  public let column: Int
  /// The number of bytes before the place.
  public let offset: Int

  /// Counts the lines and columns before an offset.
  init(_ offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
    self.offset = offset
    var line = 1
    var lineStart = 0
    var at = 0
    while at < offset {
      let byte = bytes[at]
      at += 1
      guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else { continue }
      if byte == UInt8(ascii: "\r"), at < bytes.count, bytes[at] == UInt8(ascii: "\n") {
        // A place between the two bytes of a line end is still on the line that they end.
        guard at < offset else { break }
        at += 1
      }
      line += 1
      lineStart = at
    }
    var column = 1
    at = lineStart
    while at < offset {
      at += max(1, UTF8Sequence.length(in: bytes, at: at))
      column += 1
    }
    self.line = line
    self.column = column
  }
}

extension JSONDocument {
  /// Where a member's value begins.
  ///
  /// - Parameter path: The keys that lead from the root to the member; of members with one key the last.
  /// - Returns: The place; nil where there is no such member, or an array is on the way.
  /// - Complexity: O(*n*) for a text of *n* bytes.
  public func place(of path: [String]) -> JSONPlace? {
    guard let key = path.last else { return nil }
    return bytes.withUnsafeBufferPointer { buffer in
      JSONText(buffer).object(at: path.dropLast())?.object.member(key)
        .map { JSONPlace($0.valueStart, in: buffer) }
    }
  }
}
