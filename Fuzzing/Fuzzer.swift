@testable import GitState
import Glibc
import LevelDB
import LosslessJSON

/// `gitstate-fuzz [OPTION]... [CORPUS]...`: libFuzzer over all that reads what others wrote.
///
/// The first byte of an input chooses what reads the rest. Each reading is checked for what must hold
/// whatever the bytes: a value that was parsed comes back as it was, a file that was edited keeps what was
/// not touched.
@main enum Fuzzer {
  static func main() {
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, testOneInput))
  }
}

/// libFuzzer's own loop.
@_extern(c) private func LLVMFuzzerRunDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  guard let choice = input.first else { return 0 }
  let rest = Array(input.dropFirst())
  switch choice % 8 {
  case 0, 1, 2: readJSON(rest)
  case 3, 4: readDeployment(rest)
  case 5: readNames(rest)
  case 6: readRecord(rest)
  default: readDatabase(rest)
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
  let codec = EntryCodec(chainID: contract.chainID, network: "n", inheritedTimestamp: 0)
  guard let encoded = try? codec.encode(contract, replacing: nil) else { return }
  let back = try? codec.decode(name: contract.name, entry: encoded.entry, hash: encoded.hash)
  precondition(back == contract, "a record does not come back")
}

/// A folder of LevelDB's whose files are the parts of the input.
private func readDatabase(_ bytes: [UInt8]) {
  // Some of what it does goes to disk, so that it is tried less often.
  counter &+= 1
  guard counter % 64 == 0 else { return }
  let folder = "/dev/shm/gitstate-fuzz-\(getpid())"
  mkdir(folder, 0o700)
  let names = ["CURRENT", "MANIFEST-000002", "000003.log", "000005.ldb"]
  let parts = bytes.split(separator: 0xFE, maxSplits: 3, omittingEmptySubsequences: false)
  for name in names { unlink("\(folder)/\(name)") }
  for (name, part) in zip(names, parts) {
    let file = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = Array(part).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
  }
  _ = try? LevelDBRecords(copying: folder)
}

nonisolated(unsafe) private var counter: UInt64 = 0  // libFuzzer calls from one thread only.
