/// How JSON is laid out: what stands between its tokens.
public struct JSONStyle: Hashable, Sendable {
  /// What ends a line.
  public enum LineEnd: Hashable, Sendable {
    /// `\n`.
    case lf
    /// `\r\n`.
    case crlf

    /// The bytes that end a line.
    var bytes: [UInt8] {
      switch self {
      case .lf: [UInt8(ascii: "\n")]
      case .crlf: [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
      }
    }
  }

  /// The white space of one level, spaces or tabs; nil puts everything on one line.
  public var indentation: String?
  /// What ends a line.
  public var lineEnd: LineEnd
  /// Whether the text ends with a line end.
  public var finalNewline: Bool

  /// A style with the indentation, `\n` between lines and no line end at the end.
  ///
  /// - Parameters:
  ///   - indentation: Only spaces and tabs; nil puts everything on one line.
  ///   - lineEnd: What ends a line.
  ///   - finalNewline: Whether the text ends with a line end.
  public init(indentation: String?, lineEnd: LineEnd = .lf, finalNewline: Bool = false) {
    self.indentation = indentation
    self.lineEnd = lineEnd
    self.finalNewline = finalNewline
  }

  /// One line without white space, as JavaScript's `JSON.stringify(value)` writes.
  public static let compact = JSONStyle(indentation: nil)

  /// Two spaces for each level, as JavaScript's `JSON.stringify(value, null, 2)` writes.
  public static let pretty = JSONStyle(indentation: "  ")
}
