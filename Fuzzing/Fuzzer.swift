@testable import GitState
import Glibc
import LosslessJSON

/// `GITSTATE_FUZZ_TARGET=TARGET gitstate-fuzz [OPTION]... [CORPUS]...`: libFuzzer over one of what reads
/// others' bytes; `gitstate-fuzz --seeds CORPUS [FOLDER]...` makes inputs of LevelDB folders.
///
/// Each reading is checked for what must hold whatever the bytes: a value that was parsed comes back as it
/// was, a file that was edited keeps what was not touched.
@main enum Fuzzer {
  static func main() {
    if CommandLine.arguments.count > 2, CommandLine.arguments[1] == "--seeds" {
      return DatabaseInput.writeSeeds(
        to: CommandLine.arguments[2], of: Array(CommandLine.arguments.dropFirst(3)))
    }
    guard target != nil else {
      print("GITSTATE_FUZZ_TARGET: \(Target.allCases.map(\.rawValue).joined(separator: ", "))")
      exit(64)
    }
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, testOneInput))
  }
}

/// What reads an input.
private enum Target: String, CaseIterable {
  case json, deployment, names, record, leveldb
}

private let target = getenv("GITSTATE_FUZZ_TARGET").flatMap {
  Target(rawValue: String(cString: $0))
}

/// libFuzzer's own loop.
@_extern(c) private func LLVMFuzzerRunDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  switch target {
  case .json, nil: readJSON(input)
  case .deployment: readDeployment(input)
  case .names: readNames(input)
  case .record: readRecord(input)
  case .leveldb: readDatabase(input)
  }
  return 0
}

private func readJSON(_ bytes: [UInt8]) {
  guard let document = try? JSONDocument(bytes) else { return }
  precondition(document.bytes == bytes)
  for style in [JSONStyle.compact, .pretty] {
    let printed = document.root.serialized(style)
    precondition((try? JSONValue(parsing: printed)) == document.root, "a value does not come back")
  }
}

private func readDeployment(_ bytes: [UInt8]) {
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
    precondition(before == after, "an edit changes another contract")
  }
  guard case .deployment(let again) = DeploymentFile.parse(name: "fuzz.json", bytes: edited.bytes)
  else { preconditionFailure("an edited file cannot be read") }
  precondition((try? again.contract(named: "Fuzzed")) == contract)
}

private func readNames(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  if let key = ContractKey(text) {
    precondition(ContractKey(key.description) == key, "a key does not come back")
  }
  _ = try? KeyExpression(text)
  _ = RevisionDate.seconds(text, now: 1_753_441_878)
  _ = DeploymentDate.milliseconds(text)
  let encoded = CommitText.encoded(text)
  precondition(CommitText.decoded(encoded).utf8.elementsEqual(text.utf8))
  precondition(!encoded.utf8.contains(10))
}

private func readRecord(_ bytes: [UInt8]) {
  guard let object = (try? JSONValue(parsing: bytes))?.object,
    let contract = try? Contract(record: object)
  else { return }
  _ = try? contract.validate()
  checkComesBack(contract)
}

private func checkComesBack(_ contract: Contract) {
  let codec = EntryCodec(chainID: contract.chainID, network: "n", inheritedTimestamp: 0)
  guard let encoded = try? codec.encode(contract, replacing: nil) else { return }
  let back = try? codec.decode(name: contract.name, entry: encoded.entry, hash: encoded.hash)
  precondition(back == contract, "a record does not come back")
}

/// The importer on a folder of LevelDB's that the input describes.
private func readDatabase(_ bytes: [UInt8]) {
  let files = DatabaseInput.files(bytes)
  guard !files.isEmpty else { return }
  let folder = "\(DatabaseInput.scratch)/gitstate-fuzz-\(getpid())"
  mkdir(folder, 0o700)
  for file in files { DatabaseInput.write(file.bytes, to: "\(folder)/\(file.name)") }
  let records = try? LevelDBRecords(copying: folder)
  for contract in records?.contracts ?? [] { checkComesBack(contract) }
  for file in files { unlink("\(folder)/\(file.name)") }
}
