/// What is wrong with a text that is no JSON, and where.
public struct JSONParseError: Error, Hashable, Sendable {
  /// What is wrong, such as "expected ',' or '}' after an object's member, found 'x'".
  ///
  /// Text that the message quotes has its control and other invisible characters escaped.
  public let message: String
  /// The line, from 1, where `\n`, `\r\n` and `\r` end a line.
  public let line: Int
  /// The column, from 1, in Unicode scalars; each byte that is no part of UTF-8 text counts as one.
  public let column: Int
  /// The number of bytes before the place.
  public let offset: Int

  /// Describes a fault at an offset of a text.
  init(_ fault: JSONFault, in bytes: UnsafeBufferPointer<UInt8>) {
    let place = JSONPlace(fault.offset, in: bytes)
    message = fault.message
    offset = place.offset
    line = place.line
    column = place.column
  }
}

extension JSONParseError: CustomStringConvertible {
  /// The message and the place, such as "expected a value, found ']', at line 3, column 7".
  public var description: String { "\(message), at line \(line), column \(column)" }
}

/// A fault as the reader finds it, before line and column are counted.
struct JSONFault: Error {
  let message: String
  let offset: Int

  /// Text as a message quotes it: invisible characters escaped, cut where it is long.
  static func printable(_ text: String, limit: Int = 60) -> String {
    var result = ""
    for (position, scalar) in text.unicodeScalars.enumerated() {
      guard position < limit else { return result + "..." }
      result += printable(scalar)
    }
    return result
  }

  /// One character as a message quotes it.
  static func printable(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      let digits = String(scalar.value, radix: 16)
      let zeros = String(repeating: "0", count: max(0, 4 - digits.utf8.count))
      return digits.utf8.count > 4 ? "\\u{\(digits)}" : "\\u\(zeros)\(digits)"
    default:
      return String(scalar)
    }
  }
}
