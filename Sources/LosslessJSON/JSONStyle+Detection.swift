extension JSONStyle {
  /// The style in which a text is laid out.
  ///
  /// The indentation is that of the first member or element that begins a line inside its object or
  /// array; a text whose members share one line has none. The line end is the first one found. What
  /// a text does not show, such as the indentation of `{}`, is as in ``pretty``.
  public static func detect(in bytes: [UInt8]) -> JSONStyle {
    bytes.withUnsafeBufferPointer { buffer in
      JSONStyle(
        indentation: indentation(in: buffer), lineEnd: lineEnd(in: buffer),
        finalNewline: bytes.last.map(JSONText.isLineBreak) ?? false)
    }
  }

  private static func lineEnd(in bytes: UnsafeBufferPointer<UInt8>) -> LineEnd {
    guard let newline = bytes.firstIndex(of: UInt8(ascii: "\n")), newline > 0 else { return .lf }
    return bytes[newline - 1] == UInt8(ascii: "\r") ? .crlf : .lf
  }

  private static func indentation(in bytes: UnsafeBufferPointer<UInt8>) -> String? {
    let text = JSONText(bytes)
    var hasMembers = false
    var hasMemberThatBeginsALine = false
    var afterComma: Range<Int>?
    var lineIndent = text.indent(at: 0)
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\""):
        at = text.endOfString(at)
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ","):
        let next = text.endOfWhiteSpace(at + 1)
        guard next < bytes.count, bytes[next] | 0x20 != UInt8(ascii: "}") else { break }
        hasMembers = true
        guard let lineBreak = text.lastLineBreak(in: at + 1..<next) else { break }
        hasMemberThatBeginsALine = true
        let indent = lineBreak.upperBound..<next
        if byte == UInt8(ascii: ",") {
          if afterComma == nil, !indent.isEmpty { afterComma = indent }
        } else if indent.count > lineIndent.count,
          bytes[indent].starts(with: bytes[lineIndent])
        {
          return String(decoding: bytes[indent].dropFirst(lineIndent.count), as: UTF8.self)
        }
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        lineIndent = text.indent(at: at + 1)
      default:
        break
      }
      at += 1
    }
    if let afterComma { return String(decoding: bytes[afterComma], as: UTF8.self) }
    if hasMemberThatBeginsALine { return "" }
    return hasMembers ? nil : pretty.indentation
  }
}
