/// Reads JSON texts: strict RFC 8259, UTF-8 only.
public struct JSONParser: Sendable {
  /// What becomes of an object's member whose key came before.
  public enum DuplicateKeys: Hashable, Sendable {
    /// The text is refused.
    case refused
    /// The last value counts, in the place of the first, as in JavaScript.
    case keepLast
  }

  /// How a text is read.
  public struct Options: Hashable, Sendable {
    /// How deep arrays and objects may nest; at most ``JSONParser/depthLimit`` whatever is set.
    public var maximumDepth: Int
    /// What becomes of duplicate keys.
    public var duplicateKeys: DuplicateKeys

    /// Options that refuse what no careful writer writes, unless others are given.
    public init(maximumDepth: Int = 512, duplicateKeys: DuplicateKeys = .refused) {
      self.maximumDepth = maximumDepth
      self.duplicateKeys = duplicateKeys
    }

    /// The depth that counts.
    var effectiveDepth: Int { min(maximumDepth, JSONParser.depthLimit) }
  }

  /// The deepest nesting that can be allowed.
  ///
  /// Values are read, compared, written and freed by functions that call themselves. This depth
  /// takes 0.3 MB of stack in an optimised build; a secondary thread has 0.5 MB on macOS and 8 MB
  /// on Linux.
  public static let depthLimit = 1_024

  /// How texts are read.
  public var options: Options

  /// A parser with the options.
  public init(options: Options = .init()) {
    self.options = options
  }

  /// Reads a text.
  ///
  /// - Parameter bytes: The text in UTF-8, without a byte order mark.
  /// - Returns: The value that the text is.
  /// - Throws: ``JSONParseError`` with the place of the first fault.
  public func parse(_ bytes: [UInt8]) throws(JSONParseError) -> JSONValue {
    try bytes.withUnsafeBufferPointer { (buffer) throws(JSONParseError) in
      try parse(buffer)
    }
  }

  /// Reads a text in memory that the caller keeps until the call ends.
  ///
  /// - Parameter bytes: The text in UTF-8, without a byte order mark.
  /// - Returns: The value that the text is.
  /// - Throws: ``JSONParseError`` with the place of the first fault.
  public func parse(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONParseError) -> JSONValue {
    do throws(JSONFault) {
      guard let base = bytes.baseAddress, !bytes.isEmpty else {
        throw JSONFault(message: "expected a value, found the end of the text", offset: 0)
      }
      var reader = JSONReader(start: base, end: base + bytes.count, options: options)
      return try reader.document()
    } catch {
      throw JSONParseError(error, in: bytes)
    }
  }
}
