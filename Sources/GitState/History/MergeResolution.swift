/// Which side is to be right where both changed the same.
public struct MergeResolution: Hashable, Sendable {
  /// A side of a merge.
  public enum Side: String, CaseIterable, Hashable, Sendable {
    /// What is there now.
    case ours
    /// What is merged into it.
    case theirs
  }

  /// The side that is right where no contract says otherwise; nil leaves conflicts.
  public var side: Side?
  /// The sides for single contracts.
  ///
  /// A key whose name is empty stands for all of its chain: the file's own members, and the contracts
  /// that are not named.
  public var contracts: [ContractKey: Side]
  /// Whether a conflict is settled by what was there before both sides: so states are merged that a
  /// merge starts from, where lines crossed, and what was settled there in two ways stays a conflict.
  var prefersBase = false

  /// The resolution for states that a merge starts from.
  static var ancestors: MergeResolution {
    var resolution = MergeResolution()
    resolution.prefersBase = true
    return resolution
  }

  /// Makes a resolution; without arguments every conflict stays one.
  ///
  /// - Parameters:
  ///   - side: The side that is right where no contract says otherwise.
  ///   - contracts: The sides for single contracts.
  public init(side: Side? = nil, contracts: [ContractKey: Side] = [:]) {
    self.side = side
    self.contracts = contracts
  }

  /// Reads what `--resolve` takes: `ours`, `theirs`, `56-LookCoin=ours`, `bscmainnet=theirs`.
  ///
  /// - Parameters:
  ///   - texts: Each a side, or a contract or chain with one.
  ///   - state: Where networks are looked up.
  /// - Throws: `INVALID_ARGUMENT` where a text is none of these, or no file has the network.
  public init(_ texts: [String], in state: some StateReading) throws(StateError) {
    self.init()
    for text in texts {
      if let side = Side(rawValue: text) {
        self.side = side
      } else if let equals = text.lastIndex(of: "="),
        let side = Side(rawValue: String(text[text.index(after: equals)...]))
      {
        switch try state.selector(String(text[..<equals])) {
        case .contract(let key): contracts[key] = side
        case .chain(let chainID): contracts[ContractKey(chainID, "")] = side
        }
      } else {
        throw StateError(
          .invalidArgument,
          "--resolve takes ours, theirs, KEY=ours or KEY=theirs, not \(text.escapingUnprintable)")
      }
    }
  }

  /// The side for a contract's conflicts, or for a file's own members.
  func side(for key: ContractKey) -> Side? {
    contracts[key] ?? contracts[ContractKey(key.chainID, "")] ?? side
  }

  /// Refuses names of contracts that nothing was done to: a slip there would settle nothing.
  ///
  /// - Parameters:
  ///   - changes: What the other side changed.
  ///   - renames: Contracts that bear another name here, old to new.
  ///   - what: The commits, for the message.
  /// - Throws: `INVALID_ARGUMENT` naming the first.
  func refuseUnmet(
    by changes: [ChangeSet], renames: @autoclosure () -> [ContractKey: ContractKey], _ what: String
  ) throws(StateError) {
    guard !contracts.isEmpty else { return }
    var keys = Set(changes.flatMap { $0.changes.flatMap(\.keys) })
    for (old, new) in renames() where keys.contains(old) { keys.insert(new) }
    let chains = Set(keys.map(\.chainID) + changes.flatMap { $0.files.map(\.chainID) })
    let unmet = contracts.keys.filter { key in
      key.name.isEmpty ? !chains.contains(key.chainID) : !keys.contains(key)
    }
    guard let key = unmet.min() else { return }
    let shown = key.name.isEmpty ? "chain \(key.chainID)" : key.description.escapingUnprintable
    throw StateError(
      .invalidArgument,
      "nothing was written: --resolve names \(shown), which \(what) did not change", key: key)
  }
}
