import LosslessJSON

@testable import GitState

/// Deployment folders and random changes to them, of records as they may be.
struct RandomHistory {
  var records: RecordGenerator
  private static let chains: [ChainID] = [56, 97]

  init(seed: UInt64) { records = RecordGenerator(seed: seed) }

  /// A folder of two networks with a few contracts.
  mutating func folder() throws -> DeploymentFolder {
    var folder = DeploymentFolder(path: "deployments")
    for _ in 0..<records.random.below(8) { try put(into: &folder) }
    return folder
  }

  /// A folder with some contracts of these names added, removed and changed.
  mutating func changed(_ folder: DeploymentFolder, names: [String] = Self.names) throws
    -> DeploymentFolder
  {
    var result = folder
    for _ in 0..<(1 + records.random.below(4)) {
      let key = ContractKey(records.random.pick(Self.chains), records.random.pick(names))
      guard let present = try result.contract(key) else {
        try put(into: &result, key)
        continue
      }
      switch records.random.below(3) {
      case 0: try result.apply([(key, nil)], isTaken: { _ in false })
      case 1: try put(into: &result, key)
      default:
        var edited = present
        let field = records.random.pick(["address", "implementationHash", "note", "proxyAddress"])
        edited[field] = .string(records.random.hex(40))
        try result.apply([(key, edited)], isTaken: { _ in false })
      }
    }
    return result
  }

  /// A folder in which some contracts bear other names, which are no other contract's.
  mutating func renamed(_ folder: DeploymentFolder, to names: [String]) throws -> DeploymentFolder {
    var result = folder
    for name in names {
      let contracts = try result.contracts(matching: ContractQuery())
      guard !contracts.isEmpty else { break }
      let contract = records.random.pick(contracts)
      let key = ContractKey(contract.chainID, name)
      guard try result.contract(key) == nil else { continue }
      try result.apply(
        [(contract.key, nil), (key, contract.renamed(to: key))], isTaken: { _ in false })
    }
    return result
  }

  private mutating func put(into folder: inout DeploymentFolder, _ key: ContractKey? = nil) throws {
    let key = key ?? ContractKey(records.random.pick(Self.chains), records.random.pick(Self.names))
    var record = records.record(key.name)
    record["chainId"] = .number(JSONNumber(key.chainID.rawValue))
    try folder.apply([(key, try Contract(record: record))], isTaken: { _ in false })
  }

  /// Few names, so that changes meet; two of them are one to Swift's `==`.
  static let names = ["A", "B", "caf\u{e9}", "cafe\u{301}", "contracts/X.sol:X", "proxy"]
}

extension DeploymentFolder {
  /// All records by key.
  func allContracts() throws -> [ContractKey: Contract] {
    Dictionary(
      uniqueKeysWithValues: try contracts(matching: ContractQuery()).map { ($0.key, $0) })
  }

  /// A merge that must have no conflict.
  func merged(from base: DeploymentFolder, to theirs: DeploymentFolder) throws
    -> [ContractKey: Contract]
  {
    var conflicts: [MergeConflict] = []
    let folder = try merging(
      from: base, to: theirs, resolution: MergeResolution(), conflicts: &conflicts)
    guard conflicts.isEmpty else { throw Unexpected(what: "\(conflicts)") }
    return try folder.allContracts()
  }
}
