/// A JSON value that keeps what a text said: the order of keys and the text of every number.
///
/// Two values are equal where their texts mean the same character by character: strings and keys
/// are compared by their UTF-8 bytes, numbers by their text (`1` is not `1.0`), objects with the
/// order of their members. ``JSONObject/hasSameMembers(as:)`` leaves the order out.
public enum JSONValue: Sendable {
  /// The word `null`.
  case null
  /// One of the words `true` and `false`.
  case bool(Bool)
  /// A number, as its text.
  case number(JSONNumber)
  /// A string, its escapes resolved.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object, its members in order.
  case object(JSONObject)
}

extension JSONValue {
  /// The string, if this is one.
  public var string: String? {
    if case .string(let string) = self { string } else { nil }
  }

  /// The number, if this is one.
  public var number: JSONNumber? {
    if case .number(let number) = self { number } else { nil }
  }

  /// The boolean, if this is one.
  public var bool: Bool? {
    if case .bool(let bool) = self { bool } else { nil }
  }

  /// The elements, if this is an array.
  public var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members, if this is an object.
  public var object: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }

  /// Whether this is `null`.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// The name of this kind of value in a message, such as "a string".
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue {
  /// Reads a JSON text.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8, without a byte order mark.
  ///   - options: How deep values may nest and what becomes of duplicate keys.
  /// - Throws: ``JSONParseError`` with the place of the first fault.
  public init(
    parsing bytes: [UInt8], options: JSONParser.Options = .init()
  ) throws(JSONParseError) {
    self = try JSONParser(options: options).parse(bytes)
  }

  /// Reads a JSON text.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8, without a byte order mark.
  ///   - options: How deep values may nest and what becomes of duplicate keys.
  /// - Throws: ``JSONParseError`` with the place of the first fault.
  public init(
    parsing bytes: some Sequence<UInt8>, options: JSONParser.Options = .init()
  ) throws(JSONParseError) {
    self = try JSONParser(options: options).parse(Array(bytes))
  }

  /// Reads a JSON text.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - options: How deep values may nest and what becomes of duplicate keys.
  /// - Throws: ``JSONParseError`` with the place of the first fault.
  public init(
    parsing text: String, options: JSONParser.Options = .init()
  ) throws(JSONParseError) {
    self = try JSONParser(options: options).parse(Array(text.utf8))
  }

  /// The value as JSON in UTF-8.
  public func serialized(_ style: JSONStyle = .pretty) -> [UInt8] {
    var writer = JSONWriter(style)
    writer.write(self)
    if style.finalNewline { writer.output += style.lineEnd.bytes }
    return writer.output
  }

  /// The value as JSON, on one line unless another style is given.
  public func text(_ style: JSONStyle = .compact) -> String {
    String(decoding: serialized(style), as: UTF8.self)
  }
}

extension JSONValue: CustomStringConvertible {
  /// The value as JSON on one line.
  public var description: String { text() }
}

extension JSONValue: Hashable {
  /// Whether both are the same value, strings compared by bytes, numbers by text, objects in order.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameUTF8(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  /// Feeds the value to a hasher.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let bool):
      hasher.combine(1)
      hasher.combine(bool)
    case .number(let number):
      hasher.combine(2)
      hasher.combine(number)
    case .string(let string):
      hasher.combine(3)
      string.hashUTF8(into: &hasher)
    case .array(let elements):
      hasher.combine(4)
      hasher.combine(elements)
    case .object(let object):
      hasher.combine(5)
      hasher.combine(object)
    }
  }
}
