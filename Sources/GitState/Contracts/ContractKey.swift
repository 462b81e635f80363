/// What names a contract: its chain and its name on that chain.
///
/// Names are compared as UTF-8 bytes. The order is that of lists: by chain ID, then by name.
public struct ContractKey: Sendable {
  /// The chain that the contract is deployed on.
  public let chainID: ChainID
  /// The contract's name, which may be fully qualified: `contracts/Token.sol:Token`.
  public let name: String

  /// Puts a chain and a name together.
  public init(_ chainID: ChainID, _ name: String) {
    self.chainID = chainID
    self.name = name
  }

  /// Reads the form that LevelDB's keys have, `<chainId>-<name>`.
  ///
  /// - Returns: nil where the text does not begin with a chain ID and a hyphen, or the name is empty.
  public init?(_ text: String) {
    // By bytes: a name may begin with a combining mark, which makes one `Character` with the hyphen.
    guard let hyphen = text.utf8.firstIndex(of: UInt8(ascii: "-")),
      let chainID = ChainID(text[..<hyphen])
    else { return nil }
    let name = text[text.utf8.index(after: hyphen)...]
    guard !name.isEmpty else { return nil }
    self.init(chainID, String(name))
  }
}

extension ContractKey: Hashable, Comparable {
  /// Whether chain and name are the same, the name byte for byte.
  public static func == (left: ContractKey, right: ContractKey) -> Bool {
    left.chainID == right.chainID && left.name.isIdentical(to: right.name)
  }

  /// Feeds what ``==(_:_:)`` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(chainID)
    name.hashBytes(into: &hasher)
  }

  /// The order of lists: by chain ID, then by the name's UTF-8 bytes.
  public static func < (left: ContractKey, right: ContractKey) -> Bool {
    left.chainID == right.chainID ? left.name.precedes(right.name) : left.chainID < right.chainID
  }
}

extension ContractKey: CustomStringConvertible {
  /// The key as LevelDB has it, `56-LookCoin`.
  public var description: String { "\(chainID)-\(name)" }
}
