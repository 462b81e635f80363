/// Writes values as JSON, byte for byte as JavaScript's `JSON.stringify` does, except that a number
/// keeps its text.
struct JSONWriter {
  var output: [UInt8] = []
  /// Stands between a key and its value.
  private let colon: [UInt8]
  /// Stands between members, and between elements.
  private let comma: [UInt8]
  /// The white space of one level; nil where everything is on one line.
  private let indentation: [UInt8]?
  /// The line ends with the indentation of each level, made when a level is first reached.
  private var lineStarts: [[UInt8]]

  init(_ style: JSONStyle) {
    self.init(
      indentation: style.indentation.map { Array($0.utf8) },
      firstLine: style.lineEnd.bytes,
      colon: style.indentation == nil ? [UInt8(ascii: ":")] : Array(": ".utf8),
      comma: [UInt8(ascii: ",")])
  }

  /// A writer of values inside a text that is already laid out.
  ///
  /// - Parameters:
  ///   - indentation: The white space of one level; nil where everything is on one line.
  ///   - firstLine: The line end and the indentation of the line on which the value begins.
  ///   - colon: Stands between a key and its value.
  ///   - comma: Stands between members, and between elements.
  init(indentation: [UInt8]?, firstLine: [UInt8], colon: [UInt8], comma: [UInt8]) {
    precondition(
      indentation?.allSatisfy { $0 == 0x20 || $0 == 0x09 } ?? true,
      "an indentation consists of spaces and tabs")
    self.indentation = indentation
    self.colon = colon
    self.comma = comma
    lineStarts = [firstLine]
  }

  /// Writes a value, whose lines after the first are `level` levels deeper than `firstLine`.
  mutating func write(_ value: JSONValue, level: Int = 0) {
    switch value {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let bool): output.append(contentsOf: (bool ? "true" : "false").utf8)
    case .number(let number): output.append(contentsOf: number.text.utf8)
    case .string(let string): write(string)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { output.append(contentsOf: comma) }
        startLine(level + 1)
        write(element, level: level + 1)
      }
      if !elements.isEmpty { startLine(level) }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      for (position, member) in object.enumerated() {
        if position > 0 { output.append(contentsOf: comma) }
        startLine(level + 1)
        write(key: member.key, member.value, level: level + 1)
      }
      if !object.isEmpty { startLine(level) }
      output.append(UInt8(ascii: "}"))
    }
  }

  /// Writes an object's member.
  mutating func write(key: String, _ value: JSONValue, level: Int) {
    write(key)
    output.append(contentsOf: colon)
    write(value, level: level)
  }

  /// Ends the line and indents the next one; on one line it does nothing.
  mutating func startLine(_ level: Int) {
    guard let indentation else { return }
    while lineStarts.count <= level {
      lineStarts.append(lineStarts[lineStarts.count - 1] + indentation)
    }
    output.append(contentsOf: lineStarts[level])
  }

  /// Writes a string in quotes.
  mutating func write(_ string: String) {
    output.append(UInt8(ascii: "\""))
    let isDone: Void? = string.utf8.withContiguousStorageIfAvailable { writeEscaping($0) }
    if isDone == nil {
      Array(string.utf8).withUnsafeBufferPointer { writeEscaping($0) }
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func writeEscaping(_ bytes: UnsafeBufferPointer<UInt8>) {
    var runStart = 0
    for (offset, byte) in bytes.enumerated() {
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
        continue
      }
      output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[runStart..<offset]))
      writeEscape(of: byte)
      runStart = offset + 1
    }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[runStart...]))
  }

  private mutating func writeEscape(of byte: UInt8) {
    output.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
    case 0x08: output.append(UInt8(ascii: "b"))
    case 0x09: output.append(UInt8(ascii: "t"))
    case 0x0A: output.append(UInt8(ascii: "n"))
    case 0x0C: output.append(UInt8(ascii: "f"))
    case 0x0D: output.append(UInt8(ascii: "r"))
    default:
      output.append(contentsOf: byte < 0x10 ? "u000".utf8 : "u00".utf8)
      output.append(contentsOf: String(byte, radix: 16).utf8)
    }
  }
}
