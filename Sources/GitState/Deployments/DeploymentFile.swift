import LosslessJSON

/// One network's file: its bytes, and the contracts in it.
///
/// Entries are decoded when they are first asked for, so that a fault in one hides no other.
struct DeploymentFile: Sendable {
  /// The file's name in the deployments folder, `bscmainnet.json`.
  let name: String
  /// The file's text, and what it parses to.
  private(set) var document: JSONDocument
  /// How the entries are read and written.
  let codec: EntryCodec
  /// Whether the file says when it was deployed, which entries without a time inherit.
  let hasUsableTime: Bool
  /// The entries, as JSON.
  private(set) var contracts: JSONObject
  /// The implementations' hashes, as JSON.
  private(set) var hashes: JSONObject
  /// The records that were read from the entries so far.
  private var decoded = DecodedContracts(count: 0)

  /// The file's bytes.
  var bytes: [UInt8] { document.bytes }
  /// The chain whose state this is.
  var chainID: ChainID { codec.chainID }
  /// The network's name: the file's `network`, or else the file's name.
  var network: String { codec.network }
  /// The names of all contracts, in the file's order.
  var contractNames: [String] { contracts.map(\.key) }

  /// The contract of a name; nil where the file has none.
  ///
  /// - Throws: `SERIALIZATION_FAILED` where there is an entry, but no contract can be read from it.
  /// - Complexity: O(1); the first call for a name decodes the entry.
  func contract(named name: String) throws(StateError) -> Contract? {
    guard let position = contracts.position(of: name) else { return nil }
    do {
      return try decoded.contract(at: position) { () throws(StateError) in
        try codec.decode(name: name, entry: contracts[position].value, hash: hashes[name])
      }
    } catch {
      throw error.inFile(self.name)
    }
  }

  /// Whether some entry has no usable time of its own, nor the file one to inherit.
  var lacksTimes: Bool {
    guard !hasUsableTime else { return false }
    return contracts.contains { _, entry in
      switch entry.object?[EntryCodec.Member.timestamp] {
      case .number: false
      case .string(let text): DeploymentDate.milliseconds(text) == nil
      default: entry.object?[EntryCodec.Member.record] == nil
      }
    }
  }

  /// The key of the record that an entry carries, where it is another contract's.
  func foreignRecord(inEntry name: String) -> ContractKey? {
    guard let record = contracts[name]?.object?[EntryCodec.Member.record]?.object,
      let key = try? Contract(record: record).key, key != ContractKey(chainID, name)
    else { return nil }
    return key
  }

  /// Whether a record bears a name of a network that is not the file's.
  func hasRecord(of network: String) -> Bool {
    contracts.contains { _, entry in
      let entry = entry.object
      let name =
        entry?[EntryCodec.Member.record]?.object?[Contract.Field.networkName]
        ?? entry?[Contract.Field.networkName]
      return name?.string?.isIdentical(to: network) ?? false
    }
  }

  /// All contracts, in the file's order.
  ///
  /// - Throws: As ``contract(named:)``, for the first that cannot be read.
  func allContracts() throws(StateError) -> [Contract] {
    var result: [Contract] = []
    result.reserveCapacity(contracts.count)
    for name in contractNames {
      if let contract = try contract(named: name) { result.append(contract) }
    }
    return result
  }

  /// Whether the file lists a contract as infrastructure: by the last part of its name, ignoring
  /// case, or by its proxy's address.
  func isInfrastructure(_ contract: Contract) -> Bool {
    let lastPart = contract.name.split(separator: ":").last.map { String($0).lowercased() }
    let proxy = contract.proxyAddress?.asciiLowercased
    for member in ["infrastructureContracts", "protocolContracts"] {
      let list = document.root.object?[member]
      for (name, value) in list?.object ?? JSONObject() {
        if name.lowercased() == lastPart { return true }
        if let proxy, value.string?.asciiLowercased == proxy { return true }
      }
      // Some files list names or addresses alone.
      for text in list?.array?.compactMap(\.string) ?? [] {
        if text.lowercased() == lastPart { return true }
        if let proxy, text.asciiLowercased == proxy { return true }
      }
    }
    return false
  }

  /// The file with some contracts set and others removed, every other line as it was.
  ///
  /// - Parameter changes: Names, with the record to set or nil to remove it. Every name once.
  /// - Returns: The changed file.
  /// - Throws: `SERIALIZATION_FAILED` where a record would not come back exactly.
  /// - Complexity: One pass over the file, and the coding of what changes.
  func applying(_ changes: [(name: String, contract: Contract?)]) throws(StateError)
    -> DeploymentFile
  {
    var entries: [JSONMemberChange] = []
    var newHashes: [JSONMemberChange] = []
    let encoded = try changes.map { change throws(StateError) in
      (
        name: change.name,
        encoded: try change.contract.map { contract throws(StateError) in
          try codec.encode(contract, replacing: contracts[change.name])
        }
      )
    }
    for (name, encoded) in encoded {
      entries.append(JSONMemberChange(key: name, value: encoded?.entry))
      if encoded?.hash != nil || hashes[name] != nil {
        newHashes.append(JSONMemberChange(key: name, value: encoded?.hash))
      }
    }
    var result = self
    do {
      try result.document.edit(
        objectAt: [Member.contracts], entries, placement: .beforeFirstGreaterKey)
      if !newHashes.isEmpty { try result.editHashes(newHashes) }
    } catch {
      throw StateError(
        .serializationFailed, "\(name) could not be changed: \(error)", file: name,
        underlying: error)
    }
    result.findMembers()
    for (name, encoded) in encoded { try result.check(name, encoded) }
    result.decoded = decodedContracts(after: encoded, in: result)
    return result
  }

  private mutating func editHashes(_ changes: [JSONMemberChange]) throws(JSONEditError) {
    if document.root.object?[Member.hashes]?.object == nil {
      let created = JSONObject(
        changes.compactMap { change in change.value.map { (change.key, $0) } })
      try document.edit(
        objectAt: [],
        [JSONMemberChange(key: Member.hashes, value: .object(created.sortedByKey()))],
        placement: .after(key: Member.contracts))
    } else {
      try document.edit(objectAt: [Member.hashes], changes, placement: .beforeFirstGreaterKey)
    }
  }

  private mutating func findMembers() {
    contracts = document.root.object?[Member.contracts]?.object ?? JSONObject()
    hashes = document.root.object?[Member.hashes]?.object ?? JSONObject()
  }

  /// Makes sure that the finished file has what was proven to decode to the record, or nothing.
  private func check(_ name: String, _ encoded: EntryCodec.Encoded?) throws(StateError) {
    let key = ContractKey(chainID, name)
    let isOwn = encoded.map { $0.contract.key == key } ?? true
    if isOwn, contracts[name] == encoded?.entry, hashes[name] == encoded?.hash { return }
    throw StateError(
      .serializationFailed,
      "\(key.description.escapingUnprintable) was not written: it does not come back from "
        + "\(self.name) as it is; report this with the file", key: key, file: self.name)
  }

  /// The records that are known of a version of the file in which some contracts have changed.
  private func decodedContracts(
    after changes: [(name: String, encoded: EntryCodec.Encoded?)], in later: DeploymentFile
  ) -> DecodedContracts {
    var known: [(position: Int, contract: Contract)] = []
    var isInPlace = true
    for (name, encoded) in changes {
      let position = later.contracts.position(of: name)
      if let position, let encoded { known.append((position, encoded.contract)) }
      if position == nil || contracts.position(of: name) != position { isInPlace = false }
    }
    return isInPlace
      ? DecodedContracts(decoded, replacing: known)
      : DecodedContracts(count: later.contracts.count, known)
  }

  /// The file's own members that mean something here.
  enum Member {
    static let network = "network"
    static let chainID = "chainId"
    static let contracts = "contracts"
    static let hashes = "implementationHashes"
    static let lastDeployed = "lastDeployed"
    static let timestamp = "timestamp"
  }

  init(
    name: String, document: JSONDocument, codec: EntryCodec, hasUsableTime: Bool
  ) {
    self.name = name
    self.document = document
    self.codec = codec
    self.hasUsableTime = hasUsableTime
    contracts = JSONObject()
    hashes = JSONObject()
    findMembers()
    decoded = DecodedContracts(count: contracts.count)
  }
}

extension StateError {
  /// The same error, naming the file it is about by this path.
  func inFile(_ path: String) -> StateError {
    var error = self
    error.file = path
    if let file, error.message.hasPrefix("\(file) ") || error.message.hasPrefix("\(file): ") {
      error.message = path + error.message.dropFirst(file.count)
    } else if !error.message.hasPrefix(path) {
      error.message = "\(path): \(error.message)"
    }
    return error
  }
}
