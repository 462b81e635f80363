public import LosslessJSON

/// What two networks have differently: which contracts, and which bytecode; addresses always differ.
public struct NetworkComparison: Sendable {
  /// One of the two networks.
  public struct Side: Hashable, Sendable {
    /// The chain.
    public let chainID: ChainID
    /// The network's name.
    public let network: String
  }

  /// A contract that both networks have.
  public struct Pair: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// The hash of its bytecode on the left network; nil where none is recorded.
    public let left: String?
    /// The hash of its bytecode on the right network; nil where none is recorded.
    public let right: String?
  }

  /// The network that was named first.
  public let left: Side
  /// The network that was named second.
  public let right: Side
  /// The contracts that only the left network has, by name.
  public private(set) var onlyLeft: [String] = []
  /// The contracts that only the right network has, by name.
  public private(set) var onlyRight: [String] = []
  /// The contracts that run different bytecode, by name.
  public private(set) var different: [Pair] = []
  /// The contracts that run the same bytecode, by name.
  public private(set) var same: [Pair] = []
  /// The contracts of which a network has no hash, by name.
  public private(set) var unknown: [Pair] = []

  /// Compares two networks of one state.
  ///
  /// - Parameters:
  ///   - state: The state.
  ///   - left: One network.
  ///   - right: The other network.
  /// - Throws: Where a record of either cannot be read.
  public init(of state: some StateReading, _ left: ChainID, _ right: ChainID) throws(StateError) {
    let mine = try state.contracts(matching: ContractQuery(chainID: left))
    let other = try state.contracts(matching: ContractQuery(chainID: right))
    self.left = Side(chainID: left, network: mine.first?.networkName ?? left.description)
    self.right = Side(chainID: right, network: other.first?.networkName ?? right.description)
    var rest: [ContractKey: Contract] = [:]
    for contract in other { rest[ContractKey(left, contract.name)] = contract }
    for contract in mine {
      guard let match = rest.removeValue(forKey: contract.key) else {
        onlyLeft.append(contract.name)
        continue
      }
      let pair = Pair(
        name: contract.name, left: contract.bytecodeHash, right: match.bytecodeHash)
      guard let one = pair.left, let two = pair.right else {
        unknown.append(pair)
        continue
      }
      if one.asciiLowercased == two.asciiLowercased {
        same.append(pair)
      } else {
        different.append(pair)
      }
    }
    onlyRight = rest.values.map(\.name).sorted { $0.precedes($1) }
  }

  /// Whether both have the same contracts, of the same bytecode as far as it is known.
  public var isSame: Bool { onlyLeft.isEmpty && onlyRight.isEmpty && different.isEmpty }

  /// `{"left","right","onlyLeft","onlyRight","different","same","unknown"}`.
  public var json: JSONObject {
    func side(_ side: Side) -> JSONValue {
      [
        "network": .string(side.network), "chainId": .number(JSONNumber(side.chainID.rawValue)),
      ]
    }
    func pairs(_ pairs: [Pair]) -> JSONValue {
      .array(
        pairs.map { pair in
          var json: JSONObject = ["contractName": .string(pair.name)]
          json["left"] = pair.left.map { .string($0) }
          json["right"] = pair.right.map { .string($0) }
          return .object(json)
        })
    }
    return [
      "left": side(left), "right": side(right),
      "onlyLeft": .array(onlyLeft.map { .string($0) }),
      "onlyRight": .array(onlyRight.map { .string($0) }),
      "different": pairs(different), "same": pairs(same), "unknown": pairs(unknown),
    ]
  }

  /// The comparison as Markdown: a table of the contracts that are not the same.
  public var markdown: String {
    let titles = [left, right].map { Markdown.escaped("\($0.network) (\($0.chainID))") }
    var lines = ["**\(titles[0]) and \(titles[1])**: \(summary)"]
    var rows = onlyLeft.map { "| \(Markdown.code($0)) | there | **missing** |" }
    rows += onlyRight.map { "| \(Markdown.code($0)) | **missing** | there |" }
    rows += (different + unknown).map { pair in
      let cells = [pair.left, pair.right].map { $0.map { Markdown.code($0) } ?? "no hash" }
      return "| \(Markdown.code(pair.name)) | \(cells[0]) | \(cells[1]) |"
    }
    if !rows.isEmpty {
      lines += ["", "| Contract | \(titles[0]) | \(titles[1]) |", "|---|---|---|"] + rows
    }
    return lines.joined(separator: "\n")
  }

  /// One line of all counts.
  public var summary: String {
    "\(same.count) the same, \(different.count) of different bytecode, \(unknown.count) without a hash, "
      + "\(onlyLeft.count) and \(onlyRight.count) only in one"
  }
}

extension Contract {
  /// The hash of the bytecode that runs; nil where none is recorded.
  fileprivate var bytecodeHash: String? {
    implementationHash ?? (factoryByteCodeHash.isEmpty ? nil : factoryByteCodeHash)
  }
}
