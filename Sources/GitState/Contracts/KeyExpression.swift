/// A contract as people name it on a command line.
///
/// Whatever begins with digits and a hyphen, the first digit not 0, is a key as LevelDB has it:
/// `56-LookCoin`. Anything else is `<chain>/<name>`, where only the first `/` separates and the chain
/// is a chain ID if it is all digits, or else the `network` of a file: `bscmainnet/LookCoin`.
public enum KeyExpression: Hashable, Sendable {
  /// A chain ID and a name.
  case key(ContractKey)
  /// The `network` of a file, and a name.
  case network(String, name: String)

  /// Reads an expression.
  ///
  /// - Throws: `VALIDATION_FAILED` where the text names no contract.
  public init(_ text: String) throws(StateError) {
    func refusal(_ problem: String) -> StateError {
      StateError(
        .validationFailed,
        "\(text.quoted) names no contract: \(problem); write 56-LookCoin, 56/LookCoin or "
          + "bscmainnet/LookCoin")
    }
    let digits = text.utf8.prefix(while: \.isDigit)
    if let first = digits.first, first != UInt8(ascii: "0"),
      text.utf8.dropFirst(digits.count).first == UInt8(ascii: "-")
    {
      guard let key = ContractKey(text) else {
        throw refusal(
          text.utf8.count == digits.count + 1
            ? "its contractName is empty"
            : "its chainId \(text.prefix(digits.count)) is more than 2^64-1")
      }
      self = .key(key)
      return
    }
    // By bytes: a name may begin with a combining mark, which makes one `Character` with the slash.
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")), slash != text.startIndex,
      text.utf8.index(after: slash) != text.endIndex
    else {
      let chain = text.prefix { $0 != "-" && $0 != "/" }
      if text.utf8.last == UInt8(ascii: "/"), !chain.isEmpty {
        throw refusal("its contractName is empty")
      }
      throw refusal(
        "its chainId \(String(chain).quoted) is no integer from 1 to 2^64-1 in plain decimal, or its "
          + "contractName is missing")
    }
    let chain = String(text[..<slash])
    let name = String(text[text.utf8.index(after: slash)...])
    if chain.utf8.allSatisfy(\.isDigit) {
      guard let chainID = ChainID(chain) else {
        throw refusal("its chainId \(chain) is no integer from 1 to 2^64-1 in plain decimal")
      }
      self = .key(ContractKey(chainID, name))
    } else {
      self = .network(chain, name: name)
    }
  }
}

extension StateReading {
  /// The contract that an expression names.
  ///
  /// - Throws: `INVALID_ARGUMENT` where no file has the network.
  public func key(_ expression: KeyExpression) throws(StateError) -> ContractKey {
    switch expression {
    case .key(let key): return key
    case .network(let network, let name):
      guard let chainID = try chainID(ofNetwork: network) else { throw Self.unknown(network) }
      return ContractKey(chainID, name)
    }
  }

  /// The chain that a text names: a chain ID, or the `network` of a file.
  ///
  /// - Throws: `INVALID_ARGUMENT` where no file has the network.
  public func chainID(named text: String) throws(StateError) -> ChainID {
    if let chainID = ChainID(text) { return chainID }
    guard let chainID = try chainID(ofNetwork: text) else { throw Self.unknown(text) }
    return chainID
  }

  /// The contract or the chain that a text names.
  ///
  /// - Throws: `VALIDATION_FAILED` where the text looks like a contract's key and is none,
  ///   `INVALID_ARGUMENT` where no file has the network.
  public func selector(_ text: String) throws(StateError) -> ContractSelector {
    let refusal: StateError
    do throws(StateError) {
      return .contract(try key(try KeyExpression(text)))
    } catch  where error.code == .validationFailed {
      refusal = error
    }
    if let chainID = ChainID(text) { return .chain(chainID) }
    if let chainID = try chainID(ofNetwork: text) { return .chain(chainID) }
    // What is neither is told as what it looks like.
    let behindDigits = text.utf8.drop(while: \.isDigit)
    let isLikeKey =
      text.utf8.contains(UInt8(ascii: "/"))
      || behindDigits.first == UInt8(ascii: "-") && behindDigits.startIndex > text.startIndex
    throw isLikeKey ? refusal : Self.unknown(text)
  }

  private static func unknown(_ network: String) -> StateError {
    guard network.isEmpty || !network.utf8.allSatisfy(\.isDigit) else {
      return StateError(
        .invalidArgument,
        "\(network.quoted) is no chain ID: an integer from 1 to 2^64-1 in plain decimal")
    }
    // Not "not found": a slip in the network's name is no proof that the contract is absent.
    return StateError(
      .invalidArgument,
      "no file has the network \(network.quoted); gitstate list shows which there are, and a network "
        + "that is not recorded yet is named by its chain ID, as in 137-Token")
  }
}

extension UInt8 {
  /// Whether this is an ASCII digit.
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
