import Glibc
import LosslessJSON

@testable import GitState

/// What reads bytes that others wrote, and what must hold of it whatever the bytes: a value that was
/// parsed comes back as it was, a file that was edited keeps what was not touched.
///
/// The fuzzer and the tests, which have a link to this file, check the same.
enum Reading: String, CaseIterable {
  case json, deployment, names, record, leveldb

  /// Reads an input.
  ///
  /// - Parameters:
  ///   - bytes: The input.
  ///   - folder: Where the importer's files are put, and removed again; nobody else may use it.
  /// - Throws: Where what must hold does not.
  func check(_ bytes: [UInt8], folder: String) throws(BrokenRule) {
    switch self {
    case .json: try Self.checkJSON(bytes)
    case .deployment: try Self.checkDeployment(bytes)
    case .names: try Self.checkNames(bytes)
    case .record: try Self.checkRecord(bytes)
    case .leveldb: try Self.checkDatabase(bytes, folder: folder)
    }
  }

  /// An input for which a rule does not hold.
  struct BrokenRule: Error, CustomStringConvertible {
    /// What does not hold.
    let description: String
  }

  private static func require(_ holds: Bool, _ otherwise: String) throws(BrokenRule) {
    if !holds { throw BrokenRule(description: otherwise) }
  }
}

extension Reading {
  private static func checkJSON(_ bytes: [UInt8]) throws(BrokenRule) {
    guard let document = try? JSONDocument(bytes) else { return }
    try require(document.bytes == bytes, "a document has other bytes")
    for style in [JSONStyle.compact, .pretty] {
      let printed = document.root.serialized(style)
      try require((try? JSONValue(parsing: printed)) == document.root, "a value does not come back")
    }
  }

  private static func checkDeployment(_ bytes: [UInt8]) throws(BrokenRule) {
    guard case .deployment(let file) = DeploymentFile.parse(name: "fuzz.json", bytes: bytes) else {
      return
    }
    _ = try? file.allContracts()
    let contract = Contract(
      name: "Fuzzed", chainID: file.chainID, networkName: file.network,
      address: "0x1111111111111111111111111111111111111111", timestamp: 7)
    guard let edited = try? file.applying([("Fuzzed", contract)]) else { return }
    for name in file.contractNames where !name.isIdentical(to: "Fuzzed") {
      let (before, after) = (try? file.contract(named: name), try? edited.contract(named: name))
      try require(before == after, "an edit changes another contract")
    }
    guard case .deployment(let again) = DeploymentFile.parse(name: "fuzz.json", bytes: edited.bytes)
    else { throw BrokenRule(description: "an edited file cannot be read") }
    try require(
      (try? again.contract(named: "Fuzzed")) == contract, "what was put does not come back")
  }

  private static func checkNames(_ bytes: [UInt8]) throws(BrokenRule) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let key = ContractKey(text) {
      try require(ContractKey(key.description) == key, "a key does not come back")
    }
    _ = try? KeyExpression(text)
    _ = RevisionDate.seconds(text, now: 1_753_441_878)
    _ = DeploymentDate.milliseconds(text)
    let encoded = CommitText.encoded(text)
    try require(
      CommitText.decoded(encoded).utf8.elementsEqual(text.utf8), "a trailer does not come back")
    try require(!encoded.utf8.contains(10), "a trailer has two lines")
  }

  private static func checkRecord(_ bytes: [UInt8]) throws(BrokenRule) {
    guard let object = (try? JSONValue(parsing: bytes))?.object,
      let contract = try? Contract(record: object)
    else { return }
    _ = try? contract.validate()
    try checkComesBack(contract)
  }

  private static func checkComesBack(_ contract: Contract) throws(BrokenRule) {
    let codec = EntryCodec(chainID: contract.chainID, network: "n", inheritedTimestamp: 0)
    guard let encoded = try? codec.encode(contract, replacing: nil) else { return }
    let back = try? codec.decode(name: contract.name, entry: encoded.entry, hash: encoded.hash)
    try require(back == contract, "a record does not come back")
  }

  /// The importer on a folder of LevelDB's that the input describes.
  private static func checkDatabase(_ bytes: [UInt8], folder: String) throws(BrokenRule) {
    let files = DatabaseInput.files(bytes)
    guard !files.isEmpty else { return }
    mkdir(folder, 0o700)
    for file in files { DatabaseInput.write(file.bytes, to: "\(folder)/\(file.name)") }
    let records = try? LevelDBRecords(copying: folder)
    for file in files { unlink("\(folder)/\(file.name)") }
    for contract in records?.contracts ?? [] { try checkComesBack(contract) }
  }
}
