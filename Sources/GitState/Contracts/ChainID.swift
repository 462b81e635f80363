public import LosslessJSON

/// The number of a blockchain (EIP-155): an integer from 1 to 2^64-1.
///
/// Its text is canonical decimal: no sign, no leading zero.
public struct ChainID: Hashable, Comparable, Sendable {
  /// The number itself, never 0.
  public let rawValue: UInt64

  /// Takes a number, or refuses 0.
  public init?(_ rawValue: UInt64) {
    guard rawValue > 0 else { return nil }
    self.rawValue = rawValue
  }

  /// Reads canonical decimal, `56`; refuses signs, leading zeros, white space and numbers past 2^64-1.
  public init?(_ text: some StringProtocol) {
    guard let first = text.utf8.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = UInt64(text)
    else { return nil }
    rawValue = number
  }

  /// Reads a chain ID as records and files carry it: an integer, or a string of its digits.
  public init?(_ json: JSONValue) {
    switch json {
    case .number(let number): self.init(number.text)
    case .string(let text): self.init(text)
    default: return nil
    }
  }

  /// The order of the numbers.
  public static func < (left: ChainID, right: ChainID) -> Bool { left.rawValue < right.rawValue }
}

extension ChainID: CustomStringConvertible {
  /// The number in canonical decimal.
  public var description: String { String(rawValue) }
}

extension ChainID: ExpressibleByIntegerLiteral {
  /// Takes a literal; 0 is a programmer's mistake.
  public init(integerLiteral value: UInt64) {
    precondition(value > 0, "a chain ID is at least 1")
    rawValue = value
  }
}
