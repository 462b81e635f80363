import LosslessJSON

/// What differs on one network.
struct NetworkChanges {
  /// The chain.
  let chainID: ChainID
  /// The network's name and its chain's ID, `bscmainnet (56)`.
  let title: String
  /// What became of its contracts.
  var changes: [ContractChange] = []
  /// What became of its file besides.
  var files: [FileMembersChange] = []

  /// How many contracts became what: `1 redeployed, 3 added`.
  var counts: String { ChangeSet.counts(changes, files) }
}

extension ChangeSet {
  /// The changes by network, in the order of chain IDs.
  var networks: [NetworkChanges] {
    var groups: [ChainID: NetworkChanges] = [:]
    for change in changes {
      let new = NetworkChanges(
        chainID: change.key.chainID, title: "\(change.network) (\(change.key.chainID))")
      groups[change.key.chainID, default: new].changes.append(change)
    }
    for file in files {
      let new = NetworkChanges(
        chainID: file.chainID, title: "\(file.network) (\(file.chainID))")
      groups[file.chainID, default: new].files.append(file)
    }
    return groups.keys.sorted().compactMap { groups[$0] }
  }

  /// Whether there are so many changes that what was added or removed has one line each.
  public var isLong: Bool { changes.count > 50 }

  /// What was deployed anew, which must never happen by accident.
  public var redeployed: [ContractChange] { changes.filter { $0.kind == .redeployed } }

  /// One line of all counts.
  public var counts: String { Self.counts(changes, files) }

  fileprivate static func counts(_ changes: [ContractChange], _ files: [FileMembersChange])
    -> String
  {
    let order: [ContractChange.Kind] = [
      .redeployed, .removed, .upgraded, .modified, .renamed, .added,
    ]
    var counts = order.compactMap { kind in
      let count = changes.count { $0.kind == kind }
      return count == 0 ? nil : "\(count) \(kind.rawValue)"
    }
    if !files.isEmpty { counts.append("\(files.count) file\(files.count == 1 ? "" : "s") changed") }
    return counts.joined(separator: ", ")
  }
}

extension ContractChange {
  /// The address that callers use: after the change, or before it where the contract is gone; nil where
  /// the change does not tell it.
  public var liveAddress: String? {
    func value(_ field: String) -> String? {
      let change = fields.first { $0.path == field }
      // A proxy that is gone is where nobody looks any more.
      let text = (change?.new ?? (kind == .removed ? change?.old : nil))?.string
      return text?.isEmpty == false ? text : nil
    }
    return value(Contract.Field.proxyAddress) ?? value(Contract.Field.address)
  }

  /// The name before a rename.
  public var oldName: String? {
    kind == .renamed
      ? fields.first { $0.path == Contract.Field.contractName }?.old?.string : nil
  }
}
