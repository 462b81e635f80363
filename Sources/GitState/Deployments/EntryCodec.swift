import LosslessJSON

/// The way between a record and its entry in a network's file, there and back without loss.
///
/// Two mappings are fixed, since files in the wild depend on them: what `proxy`, `implementation`
/// and `implementationHashes` mean to an old reader. Whatever they would lose stands beside them in
/// the entry, and where even that is not exact, the entry has the whole record as `record`.
struct EntryCodec: Hashable, Sendable {
  /// The chain of the file.
  let chainID: ChainID
  /// The name that records have whose entry gives none.
  let network: String
  /// The time in milliseconds that records have whose entry gives none.
  let inheritedTimestamp: Int64

  /// What a file has for one contract.
  struct Encoded: Hashable, Sendable {
    /// The member of `contracts`.
    var entry: JSONValue
    /// The member of `implementationHashes`; nil where there is none.
    var hash: JSONValue?
    /// The record that they decode to.
    var contract: Contract
  }

  /// The members of an entry that mean something here.
  enum Member {
    static let proxy = "proxy"
    static let implementation = "implementation"
    static let record = "record"
    static let chainID = "chainId"
    static let address = "address"
    static let timestamp = "timestamp"
    /// Fields of the record that stand in the entry where the mapping would not give them exactly.
    static let overrides = [
      Contract.Field.factoryByteCodeHash, Contract.Field.proxyAddress, Contract.Field.networkName,
      Contract.Field.deploymentArgs,
    ]
    private static let reserved = Contract.Field.all + [proxy, implementation, record]
    /// What a record's own field cannot be called inside an entry.
    static func isReserved(_ name: String) -> Bool {
      reserved.contains { $0.isIdentical(to: name) }
    }
  }

  // MARK: Record to file

  /// Encodes a record, and proves that it comes back exactly and that an old reader sees the same.
  ///
  /// - Parameters:
  ///   - contract: The record.
  ///   - previous: The entry that is replaced; members that both have keep its order.
  /// - Returns: What the file has for it.
  /// - Throws: `SERIALIZATION_FAILED` where that cannot be had.
  func encode(_ contract: Contract, replacing previous: JSONValue? = nil) throws(StateError)
    -> Encoded
  {
    let legacy = LegacyView(of: contract)
    let hash = legacy.hash.map { JSONValue.string($0) }
    var entry = minimalEntry(contract, legacy)
    for field in Member.overrides {
      guard let value = contract.record[field], mapped(field, legacy) != value else { continue }
      entry[field] = value
    }
    for (field, value) in contract.record where !Member.isReserved(field) { entry[field] = value }

    var ordered = entry.ordered(like: previous?.object)
    var decoded = exact(contract, ordered, hash)
    if decoded == nil {
      entry = minimalEntry(contract, legacy)
      entry[Member.record] = .object(contract.record)
      ordered = entry.ordered(like: previous?.object)
      decoded = exact(contract, ordered, hash)
    }
    guard let decoded, LegacyView(ofEntry: ordered, hash: hash) == legacy else {
      throw StateError(
        .serializationFailed,
        "\(contract.key.description.escapingUnprintable) was not written: its record would not "
          + "come back from the file as it is; report this with the record", key: contract.key)
    }
    return Encoded(entry: .object(ordered), hash: hash, contract: decoded)
  }

  /// What an entry has in any case.
  private func minimalEntry(_ contract: Contract, _ legacy: LegacyView) -> JSONObject {
    var entry = JSONObject()
    entry.reserveCapacity(8)
    entry[Member.proxy] = legacy.proxy.map { .string($0) }
    entry[Member.implementation] = legacy.implementation.map { .string($0) }
    if let timestamp = contract.record[Contract.Field.timestamp], timestamp.number != nil {
      entry[Member.timestamp] = timestamp
    }
    return entry
  }

  /// What a field that may stand in an entry is without doing so.
  private func mapped(_ field: String, _ legacy: LegacyView) -> JSONValue? {
    switch field {
    case Contract.Field.factoryByteCodeHash: return .string(legacy.hash ?? "")
    case Contract.Field.networkName: return .string(network)
    case Contract.Field.proxyAddress:
      guard let proxy = legacy.proxy, !proxy.isIdentical(to: legacy.implementation ?? "")
      else { return nil }
      return .string(proxy)
    default: return nil
    }
  }

  /// The record that an entry decodes to, where that is just this one.
  private func exact(_ contract: Contract, _ entry: JSONObject, _ hash: JSONValue?) -> Contract? {
    guard let decoded = try? decode(name: contract.name, entry: .object(entry), hash: hash) else {
      return nil
    }
    return decoded == contract ? decoded : nil
  }

  // MARK: File to record

  /// Decodes an entry.
  ///
  /// - Throws: `SERIALIZATION_FAILED` where the entry contradicts itself or its file, or is nothing
  ///   that could be a contract: never a guess, and never "absent".
  func decode(name: String, entry: JSONValue, hash: JSONValue?) throws(StateError) -> Contract {
    let key = ContractKey(chainID, name)
    let hash = try text(hash, "implementationHashes", key)
    switch entry {
    case .string(let address):
      guard !address.isEmpty else {
        throw fault(key, "is an empty text, which is no address; \(remedy)")
      }
      return contract(key, address: .string(address), proxy: nil, hash: hash, entry: JSONObject())
    case .object(let members):
      try checkChain(members, key)
      if let record = wholeRecord(members, key) {
        try LegacyView(of: record).checkAgreement(
          with: LegacyView(ofEntry: members, hash: hash.map { .string($0) }), key)
        return record
      }
      return try decode(members, hash: hash, key)
    default:
      throw fault(key, "is \(entry.kind), which is no contract; \(remedy)")
    }
  }

  private func decode(_ entry: JSONObject, hash: String?, _ key: ContractKey) throws(StateError)
    -> Contract
  {
    let proxy = try text(entry[Member.proxy], Member.proxy, key)
    let implementation = try text(entry[Member.implementation], Member.implementation, key)
    guard let live = implementation ?? proxy else {
      guard let address = try text(entry[Member.address], Member.address, key) else {
        throw fault(
          key, "has no proxy, no implementation and no address; \(remedy)")
      }
      return contract(key, address: .string(address), proxy: nil, hash: hash, entry: entry)
    }
    // So a proxied contract looks in hardhat-deploy's own files.
    if proxy == nil, let implementation, let address = entry[Member.address]?.string,
      !address.isEmpty, address.asciiLowercased != implementation.asciiLowercased
    {
      throw fault(
        key,
        "has the address \(address.quoted) beside the implementation \(implementation.quoted); if it "
          + "is the proxy's, call it proxy in the file and commit that, or else \(remedy)")
    }
    if let address = entry[Member.address]?.string, !address.isEmpty,
      ![proxy, implementation].contains(where: { $0?.asciiLowercased == address.asciiLowercased })
    {
      throw fault(
        key,
        "has the address \(address.quoted), which is neither its proxy nor its implementation "
          + "\(live.quoted); \(remedy)")
    }
    let differing = proxy.flatMap { $0.isIdentical(to: implementation ?? "") ? nil : $0 }
    let contract = contract(
      key, address: .string(live), proxy: differing, hash: hash, entry: entry)
    if entry[Contract.Field.proxyAddress] != nil,
      LegacyView(of: contract).proxy?.asciiLowercased != (proxy ?? live).asciiLowercased
    {
      throw fault(
        key,
        "has the proxyAddress \((contract.proxyAddress ?? "").quoted) and the proxy "
          + "\((proxy ?? live).quoted), which contradict each other; \(remedy)")
    }
    return contract
  }

  private func contract(
    _ key: ContractKey, address: JSONValue, proxy: String?, hash: String?, entry: JSONObject
  ) -> Contract {
    typealias Field = Contract.Field
    var record = JSONObject()
    record.reserveCapacity(Field.all.count + entry.count)
    record[Field.contractName] = .string(key.name)
    record[Field.chainID] = .number(JSONNumber(chainID.rawValue))
    record[Field.networkName] = .string(network)
    record[Field.address] = address
    record[Field.factoryByteCodeHash] = .string(hash ?? "")
    record[Field.implementationHash] = hash.map { .string($0) }
    record[Field.proxyAddress] = proxy.map { .string($0) }
    for field in Member.overrides {
      if let value = entry[field] { record[field] = value }
    }
    record[Field.timestamp] = timestamp(entry[Member.timestamp])
    for (field, value) in entry where isUnknown(field, key, entry) { record[field] = value }
    return Contract(key: key, record: record)
  }

  /// Whether an entry's member is a field of the record that has no meaning here.
  private func isUnknown(_ member: String, _ key: ContractKey, _ entry: JSONObject) -> Bool {
    if member.isIdentical(to: Member.record) { return wholeRecord(entry, key) == nil }
    return !Member.isReserved(member)
  }

  /// The entry's `record`, where it counts: an object of this very contract.
  private func wholeRecord(_ entry: JSONObject, _ key: ContractKey) -> Contract? {
    guard let record = entry[Member.record]?.object, let contract = try? Contract(record: record),
      contract.key == key
    else { return nil }
    return contract
  }

  private func timestamp(_ member: JSONValue?) -> JSONValue {
    switch member {
    case .number(let number)?: return .number(number)
    case .string(let text)?:
      return .number(JSONNumber(DeploymentDate.milliseconds(text) ?? inheritedTimestamp))
    default: return .number(JSONNumber(inheritedTimestamp))
    }
  }

  private func checkChain(_ entry: JSONObject, _ key: ContractKey) throws(StateError) {
    guard let member = entry[Member.chainID], ChainID(member) != chainID else { return }
    throw fault(
      key,
      "has the chainId \(member.text().escapingUnprintable) in the file of chain \(chainID); move "
        + "it to its own network's file, or mend the number")
  }

  /// A member that is a text; nil where it is missing or stands for "there is none".
  private func text(_ value: JSONValue?, _ member: String, _ key: ContractKey) throws(StateError)
    -> String?
  {
    guard let value, !value.isAbsence else { return nil }
    guard let text = value.string else {
      throw fault(key, "has \(value.kind) as its \(member), which must be a text; mend the file")
    }
    return text
  }

  private func fault(_ key: ContractKey, _ problem: String) -> StateError {
    StateError(
      .serializationFailed, "the entry of \(key.description.escapingUnprintable) \(problem)",
      key: key)
  }
}

/// What to do about an entry that cannot be read: a put of single fields would build on it.
private let remedy = "put it again with --replace, or mend the file"

/// What a reader sees that knows `proxy`, `implementation` and `implementationHashes` only.
private struct LegacyView: Equatable {
  var proxy: String?
  var implementation: String?
  var hash: String?

  /// The first of the fixed mappings.
  init(of contract: Contract) {
    let address = contract.address.isEmpty ? nil : contract.address
    proxy = contract.proxyAddress ?? address
    implementation = address
    hash = contract.implementationHash
  }

  init(ofEntry entry: JSONObject, hash: JSONValue?) {
    func text(_ value: JSONValue?) -> String? {
      guard let text = value?.string, !text.isEmpty else { return nil }
      return text
    }
    proxy = text(entry[EntryCodec.Member.proxy])
    implementation = text(entry[EntryCodec.Member.implementation])
    self.hash = text(hash)
  }

  static func == (left: Self, right: Self) -> Bool {
    func same(_ left: String?, _ right: String?) -> Bool {
      (left == nil) == (right == nil) && (left ?? "").isIdentical(to: right ?? "")
    }
    return same(left.proxy, right.proxy) && same(left.implementation, right.implementation)
      && same(left.hash, right.hash)
  }

  /// Refuses an entry that says something else than its own `record`, or leaves out what that has:
  /// to an old reader, an entry that lost its `proxy` is a contract without one.
  func checkAgreement(with entry: LegacyView, _ key: ContractKey) throws(StateError) {
    let pairs = [
      (EntryCodec.Member.proxy, entry.proxy, proxy),
      (EntryCodec.Member.implementation, entry.implementation, implementation),
      ("implementationHashes", entry.hash, hash),
    ]
    guard pairs.contains(where: { $0.1 != nil }) else { return }
    for (member, stated, recorded) in pairs
    where stated?.asciiLowercased != recorded?.asciiLowercased {
      throw StateError(
        .serializationFailed,
        "the entry of \(key.description.escapingUnprintable) contradicts itself: its \(member) is "
          + "\(stated?.quoted ?? "missing"), by its record it is \(recorded?.quoted ?? "missing"); "
          + remedy, key: key)
    }
  }
}

extension JSONObject {
  /// The same members: those that `other` has too in its order, then the rest in this one's.
  ///
  /// Among themselves, a record's unknown fields keep this one's order, in which they go back to
  /// LevelDB.
  fileprivate func ordered(like other: JSONObject?) -> JSONObject {
    guard let other, !hasSameKeys(as: other) else { return self }
    let places = other.keys.filter { self[$0] != nil } + keys.filter { other[$0] == nil }
    var unknown = keys.filter { !EntryCodec.Member.isReserved($0) }.makeIterator()
    var result = JSONObject()
    for place in places {
      let name = EntryCodec.Member.isReserved(place) ? place : unknown.next() ?? place
      result[name] = self[name]
    }
    return result
  }
}
