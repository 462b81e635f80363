import Git

/// The deployments folder of one commit, or as a write is about to leave it.
struct DeploymentFolder: Sendable {
  /// One file of the folder.
  struct Item: Sendable {
    /// What the file is.
    var content: FileContent
    /// The file's blob; nil where the bytes are not written yet.
    var blob: ObjectID?
    /// The file's mode in the tree.
    var mode: FileMode
  }

  /// The folder's path from the repository's root, `deployments`; empty for the root itself.
  let path: String
  /// All `.json` files directly in the folder, by name, but not the settings.
  private(set) var items: [FileName: Item]
  /// Which files have a chain.
  private var names: [ChainID: [FileName]]
  /// The files that cannot be read, by name.
  private(set) var broken: [(name: FileName, error: StateError)]

  init(path: String, items: [FileName: Item] = [:]) {
    self.path = path
    self.items = [:]
    names = [:]
    broken = []
    for name in items.keys.sorted() { self[name] = items[name] }
  }

  /// The file of a name.
  subscript(name: String) -> Item? {
    get { self[FileName(name)] }
    set { self[FileName(name)] = newValue }
  }

  /// The file of a name.
  subscript(name: FileName) -> Item? {
    get { items[name] }
    set {
      if case .deployment(let old)? = items[name]?.content {
        // As a write leaves it.
        if case .deployment(let new)? = newValue?.content, new.chainID == old.chainID {
          items[name] = newValue
          return
        }
        names[old.chainID]?.removeAll { $0 == name }
      }
      broken.removeAll { $0.name == name }
      items[name] = newValue
      switch newValue?.content {
      case .deployment(let file): names[file.chainID, default: []].append(name)
      case .broken(let error): broken.append((name, error.inFile(pathOf(name.text))))
      case .foreign, nil: break
      }
    }
  }

  /// A file's path from the repository's root.
  func pathOf(_ name: String) -> String { path.isEmpty ? name : "\(path)/\(name)" }

  /// Whether all of its files are in the repository.
  var isCommitted: Bool { items.values.allSatisfy { $0.blob != nil } }

  /// All networks' files, by name.
  var deployments: [DeploymentFile] {
    items.keys.sorted().compactMap { name in
      if case .deployment(let file)? = items[name]?.content { file } else { nil }
    }
  }

  /// The file that has a chain; nil where it is proven that none has it.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where two have it, or where a broken file may have it.
  func file(of chainID: ChainID) throws(StateError) -> DeploymentFile? {
    let found = names[chainID, default: []]
    guard found.count < 2 else { throw ambiguity(chainID, found.sorted()) }
    if let name = found.first, case .deployment(let file)? = items[name]?.content { return file }
    if let (_, error) = broken.first {
      throw StateError(
        .backendUnavailable,
        "chain \(chainID) has no file that can be read, and it may be in one that cannot: "
          + error.message,
        file: error.file, line: error.line, column: error.column, underlying: error)
    }
    return nil
  }

  /// The record of a contract; nil where it is proven that there is none.
  func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    guard let file = try file(of: key.chainID) else { return nil }
    do {
      return try file.contract(named: key.name)
    } catch {
      throw error.inFile(pathOf(file.name))
    }
  }

  /// The contracts that a query finds.
  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    var found: [Contract] = []
    for file in try files(of: query.chainID) {
      let contracts: [Contract]
      do {
        contracts = try file.allContracts()
      } catch {
        throw error.inFile(pathOf(file.name))
      }
      for contract in contracts {
        if let wanted = query.infrastructure, file.isInfrastructure(contract) != wanted { continue }
        found.append(contract)
      }
    }
    return query.applied(to: found.sorted { $0.key < $1.key })
  }

  /// The files that may have contracts of a chain, or of any.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where one of them cannot be read or told.
  private func files(of chainID: ChainID?) throws(StateError) -> [DeploymentFile] {
    if let chainID { return try file(of: chainID).map { [$0] } ?? [] }
    if let (_, error) = broken.first { throw error }
    if let (chainID, names) = names.filter({ $0.value.count > 1 }).min(by: { $0.key < $1.key }) {
      throw ambiguity(chainID, names.sorted())
    }
    return deployments
  }

  /// The chain whose file has this `network`, or else the one whose records bear the name; nil where none
  /// does.
  ///
  /// - Throws: `INVALID_ARGUMENT` where several chains bear the name.
  func chainID(ofNetwork network: String) throws(StateError) -> ChainID? {
    let found = deployments.filter { $0.network.isIdentical(to: network) }
    guard found.count < 2 else {
      throw StateError(
        .invalidArgument,
        "\(network.quoted) is the network of \(found.map { pathOf($0.name) }.joined(separator: " and of ")); "
          + "give the chain ID instead")
    }
    if let file = found.first { return file.chainID }
    if let (_, error) = broken.first { throw error }
    let named = files(withRecordsOf: network)
    guard named.count < 2 else {
      throw StateError(
        .invalidArgument,
        "\(network.quoted) is the network of records in "
          + "\(named.map { pathOf($0.name) }.joined(separator: " and in ")); give the chain ID instead"
      )
    }
    return named.first?.chainID
  }

  /// The files of which a record has this `networkName`, though the file's own `network` is another.
  ///
  /// Records that cannot be read are left out.
  ///
  /// - Complexity: Linear in the contracts whose entry has a name of its own.
  func files(withRecordsOf network: String) -> [DeploymentFile] {
    deployments.filter { file in file.hasRecord(of: network) }
  }

  private func ambiguity(_ chainID: ChainID, _ names: [FileName]) -> StateError {
    StateError(
      .backendUnavailable,
      "chain \(chainID) is in \(names.map { pathOf($0.text) }.joined(separator: " and in ")); make one "
        + "file of them with gitstate conflicts --resolve ours (or theirs), and commit that",
      file: pathOf(names[0].text))
  }
}

extension DeploymentFolder {
  /// Sets and removes records, each in its chain's file; a chain without a file gets one.
  ///
  /// - Parameters:
  ///   - changes: Records to set, or nil to remove them. Every key once.
  ///   - isTaken: Whether a path outside the folder's `.json` files is in use.
  /// - Throws: Where the file of a chain is unknown, or a record would not come back exactly.
  mutating func apply(
    _ changes: [(key: ContractKey, contract: Contract?)],
    isTaken: (String) throws(StateError) -> Bool
  ) throws(StateError) {
    var groups: [(chainID: ChainID, changes: [(name: String, contract: Contract?)])] = []
    var places: [ChainID: Int] = [:]
    for (key, contract) in changes {
      let change = (name: key.name, contract: contract)
      // Most operations are about one chain.
      let last = groups.last?.chainID == key.chainID ? groups.count - 1 : nil
      if let place = last ?? places[key.chainID] {
        groups[place].changes.append(change)
      } else {
        groups.append((key.chainID, [change]))
        if changes.count > 1 { places[key.chainID] = groups.count - 1 }
      }
    }
    for (chainID, changes) in groups {
      var file = try file(of: chainID)
      let records = changes.compactMap(\.contract)
      if file == nil, !records.isEmpty {
        let network = records.map(\.networkName).first { !$0.isEmpty } ?? ""
        file = try newFile(chainID, network: network, isTaken: isTaken)
      }
      guard let file else { continue }
      do {
        try replace(file.name, with: try file.applying(changes))
      } catch {
        throw error.inFile(pathOf(file.name))
      }
    }
  }

  /// Puts a file's new content in place of the old, under the mode that it has.
  mutating func replace(_ name: String, with file: DeploymentFile) throws(StateError) {
    self[name] = Item(content: .deployment(file), blob: nil, mode: self[name]?.mode ?? .blob)
  }

  private func newFile(
    _ chainID: ChainID, network: String, isTaken: (String) throws(StateError) -> Bool
  ) throws(StateError) -> DeploymentFile {
    let name = try DeploymentFile.newName(network: network, chainID: chainID) {
      name throws(StateError) in
      if self[name] != nil { return true }
      return try isTaken(name)
    }
    return try DeploymentFile.new(name: name, network: network, chainID: chainID)
  }
}
