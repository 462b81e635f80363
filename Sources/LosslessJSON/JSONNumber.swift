/// A JSON number: the text that a file has, never rounded and never respelled.
///
/// Two numbers are equal if their texts are.
public struct JSONNumber: Hashable, Sendable {
  /// The number as written, such as `1.0`, `-0` or `1E+400`.
  public let text: String

  /// Takes a text that is a number by the grammar of RFC 8259, or is nil.
  public init?(_ text: String) {
    let isNumber = Array(text.utf8).withUnsafeBufferPointer { bytes in
      guard var at = bytes.baseAddress else { return false }
      let end = at + bytes.count
      return Self.scan(&at, end: end) == nil && at == end
    }
    guard isNumber else { return nil }
    self.text = text
  }

  /// The decimal digits of an integer of any width.
  public init(_ value: some BinaryInteger) {
    text = String(value)
  }

  /// Takes a text that is known to be a number.
  init(unchecked text: String) {
    self.text = text
  }

  /// The integer that the text spells out without fraction and exponent, if 64 bits can hold it.
  public var int64: Int64? { Int64(text) }

  /// The integer that the text spells out without fraction and exponent, if 64 bits can hold it.
  public var uint64: UInt64? { UInt64(text) }

  /// The nearest binary floating-point number, or nil beyond the range of finite ones.
  public var double: Double? {
    guard let value = Double(text), value.isFinite else { return nil }
    return value
  }
}

extension JSONNumber: ExpressibleByIntegerLiteral {
  /// The decimal digits of an integer.
  public init(integerLiteral value: Int64) {
    self.init(value)
  }
}

extension JSONNumber: CustomStringConvertible {
  /// The number as written.
  public var description: String { text }
}

extension JSONNumber {
  /// Moves over one number (RFC 8259, section 6).
  ///
  /// - Returns: Nil, or what is missing at the place that `at` then has.
  static func scan(_ at: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) -> String? {
    if at < end, at.pointee == UInt8(ascii: "-") { at += 1 }
    guard at < end, isDigit(at.pointee) else { return "a digit after '-'" }
    if at.pointee == UInt8(ascii: "0") {
      at += 1
      if at < end, isDigit(at.pointee) {
        return "no further digit after a number's first 0"
      }
    } else {
      skipDigits(&at, end: end)
    }
    if at < end, at.pointee == UInt8(ascii: ".") {
      at += 1
      guard at < end, isDigit(at.pointee) else { return "a digit after '.'" }
      skipDigits(&at, end: end)
    }
    if at < end, at.pointee | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < end, at.pointee == UInt8(ascii: "+") || at.pointee == UInt8(ascii: "-") { at += 1 }
      guard at < end, isDigit(at.pointee) else { return "a digit in a number's exponent" }
      skipDigits(&at, end: end)
    }
    return nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") < 10
  }

  private static func skipDigits(_ at: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    while at < end, isDigit(at.pointee) { at += 1 }
  }
}
