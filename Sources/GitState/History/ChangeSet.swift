public import LosslessJSON

/// The difference of two states, as contracts and fields.
public struct ChangeSet: Hashable, Sendable {
  /// The commit that is compared with; nil before the first commit, and in backends without any.
  public var from: String?
  /// The commit that is compared; nil for files not committed, and where nothing was written.
  public var to: String?
  /// What differs, by chain ID and name.
  public var changes: [ContractChange]
  /// What differs in the files besides the contracts, by chain ID.
  public var files: [FileMembersChange] = []

  /// Makes a change set.
  ///
  /// - Parameters:
  ///   - from: The commit that is compared with.
  ///   - to: The commit that is compared.
  ///   - changes: What differs.
  public init(from: String? = nil, to: String? = nil, changes: [ContractChange] = []) {
    self.from = from
    self.to = to
    self.changes = changes
  }

  /// Whether nothing differs.
  public var isEmpty: Bool { changes.isEmpty && files.isEmpty }
}

/// What became of the members that a network's file has besides its contracts.
public struct FileMembersChange: Hashable, Sendable {
  /// The file from the repository's root.
  public var file: String
  /// The chain whose file it is.
  public var chainID: ChainID
  /// The network's name.
  public var network: String
  /// The members that differ.
  public var fields: [FieldChange]

  /// Makes a change.
  ///
  /// - Parameters:
  ///   - file: The file from the repository's root.
  ///   - chainID: The chain whose file it is.
  ///   - network: The network's name.
  ///   - fields: The members that differ.
  public init(file: String, chainID: ChainID, network: String, fields: [FieldChange]) {
    self.file = file
    self.chainID = chainID
    self.network = network
    self.fields = fields
  }
}

/// What became of one contract.
public struct ContractChange: Hashable, Sendable {
  /// The words for what can become of a contract.
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    /// There was no such contract before.
    case added
    /// The contract is gone from the state.
    case removed
    /// The live address is another one: it was deployed anew.
    case redeployed
    /// The live address is the same, the implementation or its hash another one.
    case upgraded
    /// The record only changed its name.
    case renamed
    /// Any other field changed.
    case modified
  }

  /// The contract; after a rename, under its new name.
  public var key: ContractKey
  /// The network's name.
  public var network: String
  /// What became of it.
  public var kind: Kind
  /// The record's fields that differ.
  public var fields: [FieldChange]

  /// Makes a change.
  ///
  /// - Parameters:
  ///   - key: The contract; after a rename, under its new name.
  ///   - network: The network's name.
  ///   - kind: What became of it.
  ///   - fields: The record's fields that differ.
  public init(key: ContractKey, network: String, kind: Kind, fields: [FieldChange]) {
    self.key = key
    self.network = network
    self.kind = kind
    self.fields = fields
  }

  /// The change from one record to another; nil where they are equal.
  init?(from old: Contract?, to new: Contract?, network: String) {
    guard old != new, let key = new?.key ?? old?.key else { return nil }
    let kind: Kind =
      switch (old, new) {
      case (nil, _): .added
      case (_, nil): .removed
      case (let old?, let new?): Self.kind(from: old, to: new)
      }
    self.init(
      key: key, network: network, kind: kind, fields: FieldChange.between(old, new))
  }

  private static func kind(from old: Contract, to new: Contract) -> Kind {
    func differ(_ left: String?, _ right: String?) -> Bool {
      guard let left, let right else { return left != nil || right != nil }
      return !left.isIdentical(to: right) && left.asciiLowercased != right.asciiLowercased
    }
    if differ(old.liveAddress, new.liveAddress) { return .redeployed }
    if differ(old.address, new.address) || differ(old.implementationHash, new.implementationHash) {
      return .upgraded
    }
    return old.key == new.key ? .modified : .renamed
  }
}

/// What became of one field of a record.
public struct FieldChange: Hashable, Sendable {
  /// The field's name.
  public var path: String
  /// What it was; nil where it was not there.
  public var old: JSONValue?
  /// What it is; nil where it is not there.
  public var new: JSONValue?

  /// Makes a change of a field.
  ///
  /// - Parameters:
  ///   - path: The field's name.
  ///   - old: What it was.
  ///   - new: What it is.
  public init(path: String, old: JSONValue? = nil, new: JSONValue? = nil) {
    self.path = path
    self.old = old
    self.new = new
  }

  /// The fields in which two records differ, in the order of records.
  ///
  /// What both are kept under,
  /// name and chain, is a field like any other, but goes without saying where there is one record.
  static func between(_ old: Contract?, _ new: Contract?) -> [FieldChange] {
    let (before, after) = (old?.record ?? JSONObject(), new?.record ?? JSONObject())
    var changes: [FieldChange] = []
    for (name, value) in after {
      let former = before[name]
      if former != value { changes.append(FieldChange(path: name, old: former, new: value)) }
    }
    for (name, value) in before where after.position(of: name) == nil {
      changes.append(FieldChange(path: name, old: value))
    }
    if old == nil || new == nil {
      changes.removeAll { [Contract.Field.contractName, Contract.Field.chainID].contains($0.path) }
    }
    return changes
  }
}

extension ChangeSet {
  /// The changes between two sets of records, renames recognised.
  ///
  /// - Parameters:
  ///   - from: The commit that is compared with.
  ///   - to: The commit that is compared.
  ///   - pairs: For each contract that may differ, the record before and after.
  ///   - network: The name of a contract's network.
  init(
    from: String? = nil, to: String? = nil,
    pairs: [(old: Contract?, new: Contract?)], network: (ContractKey) -> String
  ) {
    var changes = pairs.compactMap { pair in
      (pair.new?.key ?? pair.old?.key).flatMap {
        ContractChange(from: pair.old, to: pair.new, network: network($0))
      }
    }
    Self.joinRenames(&changes, pairs)
    changes.sort { $0.key < $1.key }
    self.init(from: from, to: to, changes: changes)
  }

  /// Makes one `renamed` of an `added` and a `removed` whose records differ in nothing but the name.
  ///
  /// Where several would do, the first by name is taken on either side.
  private static func joinRenames(
    _ changes: inout [ContractChange], _ pairs: [(old: Contract?, new: Contract?)]
  ) {
    var removed = pairs.compactMap { $0.new == nil ? $0.old : nil }.sorted { $0.key < $1.key }
    guard !removed.isEmpty else { return }
    let added = pairs.compactMap { $0.old == nil ? $0.new : nil }.sorted { $0.key < $1.key }
    for new in added {
      guard let index = removed.firstIndex(where: { new.isRenamed(from: $0) }) else { continue }
      let old = removed.remove(at: index)
      changes.removeAll { $0.key == old.key && $0.kind == .removed }
      guard let position = changes.firstIndex(where: { $0.key == new.key }) else { continue }
      changes[position].kind = .renamed
      changes[position].fields = FieldChange.between(old, new)
    }
  }
}

extension ContractChange {
  /// The contract, and after a rename the one that it was before.
  var keys: Set<ContractKey> {
    let old = kind == .renamed ? fields.first { $0.path == Contract.Field.contractName }?.old : nil
    return Set([key] + [old?.string.map { ContractKey(key.chainID, $0) }].compactMap { $0 })
  }
}

extension ChangeSet {
  /// Leaves out all but what is selected; without selectors everything stays.
  public mutating func keep(only selectors: [ContractSelector]) {
    guard !selectors.isEmpty else { return }
    changes.removeAll { change in
      !selectors.contains { selector in
        change.keys.contains(where: selector.contains)
      }
    }
    files.removeAll { !selectors.contains(.chain($0.chainID)) }
  }
}
