import LosslessJSON
import Testing

@testable import GitState

/// Entries and files as nobody meant them: read exactly or refused, never guessed, never a crash.
@Suite struct RandomFileTests {
  @Test(arguments: 300..<306)
  func whateverIsReadHasTheLiveAddressThatIsStatedAndCanBeWritten(seed: UInt64) throws {
    var generator = RecordGenerator(seed: seed)
    var readable = 0
    for _ in 0..<400 {
      let entry = anyEntry(&generator)
      let hash: JSONValue? = generator.random.pick([nil, nil, "0xaa", "0xAA", "", .null, 5])
      var hashes = JSONObject()
      hashes["X"] = hash
      let root: JSONValue = [
        "chainId": 56, "contracts": ["A": "0xA", "X": entry],
        "implementationHashes": .object(hashes),
      ]
      let file = try deployment(root.serialized(.compact))
      guard let contract = try? file.contract(named: "X") else { continue }
      readable += 1
      expectLiveAddress(contract, of: entry)

      let written = try deployment(try file.applying([("X", contract)]).bytes)
      #expect(try written.contract(named: "X") == contract, "\(entry)")
      #expect(written.contracts["A"] == "0xA")
      let again = try written.applying([("X", contract)])
      #expect(again.bytes == written.bytes)
    }
    #expect(readable > 40)
  }

  /// The live address is the first of those that the entry states, whatever else it carries.
  private func expectLiveAddress(_ contract: Contract, of entry: JSONValue) {
    func text(_ member: String) -> String? {
      guard let text = entry.object?[member]?.string, !text.isEmpty else { return nil }
      return text.lowercased()
    }
    let live = contract.liveAddress?.lowercased()
    if let stated = text("proxy") ?? text("implementation") {
      #expect(live == stated, "\(entry)")
    } else if entry.object?["record"]?.object?["contractName"] != "X" {
      #expect(
        live == text("proxyAddress") ?? text("address") ?? entry.string?.lowercased(), "\(entry)")
    }
  }

  private func anyEntry(_ generator: inout RecordGenerator) -> JSONValue {
    if generator.random.chance(5) { return generator.value(depth: 1) }
    let addresses: [JSONValue] = ["0xaa", "0xAA", "0xbb", "0xcc", "", .null]
    var entry: [(String, JSONValue)] = []
    for member in ["proxy", "implementation", "address", "proxyAddress"]
    where generator.random.chance(40) {
      entry.append((member, generator.random.chance(5) ? 5 : generator.random.pick(addresses)))
    }
    if generator.random.chance(25) {
      let value: JSONValue = generator.random.pick([56, "56", 97, .null])
      entry.append(("chainId", value))
    }
    if generator.random.chance(40) {
      let value: JSONValue = generator.random.pick([1, "2025-07-25", "soon", .null, -5])
      entry.append(("timestamp", value))
    }
    if generator.random.chance(30) {
      var record: [(String, JSONValue)] = [
        ("contractName", generator.random.chance(80) ? "X" : "Y"), ("chainId", 56),
      ]
      for field in ["address", "proxyAddress", "implementationHash"]
      where generator.random.chance(60) {
        record.append((field, generator.random.pick(addresses)))
      }
      entry.append(("record", .object(JSONObject(record))))
    }
    for field in [
      "factoryByteCodeHash", "implementationHash", "networkName", "deploymentArgs", "contractName",
      "abi", "lastDeployed",
    ] where generator.random.chance(15) {
      entry.append((field, generator.value(depth: 1)))
    }
    entry.shuffle(using: &generator.random)
    return .object(JSONObject(entry))
  }

  @Test(arguments: 400..<404)
  func damagedFilesAreReadOrRefused(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let record = try contract(#"{"contractName":"New","chainId":56,"address":"0x1","salt":1.0}"#)
    var deployments = 0
    for _ in 0..<600 {
      var bytes = Array(RecordRoundTripTests.wildFile.utf8)
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count)
        switch random.below(4) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(random.pick(Array("\"{}[]:,0 \n\\e\u{e9}".utf8)), at: place)
        case 2: bytes[place] = UInt8(random.below(256))
        default: bytes.removeSubrange(place..<min(bytes.count, place + random.below(30)))
        }
        if bytes.isEmpty { break }
      }
      switch DeploymentFile.parse(name: "x.json", bytes: bytes) {
      case .broken(let error):
        #expect(error.code == .backendUnavailable)
        #expect(error.file == "x.json")
      case .foreign: break
      case .deployment(let file):
        deployments += 1
        guard file.chainID == 56 else { continue }
        let written = try deployment(try file.applying([("New", record)]).bytes)
        #expect(try written.contract(named: "New") == record)
        for name in file.contractNames where name != "New" {
          #expect(written.contracts[name] == file.contracts[name])
        }
        #expect(written.hashes == file.hashes)
        let removed = try written.applying([("New", nil)]).bytes
        #expect(removed == bytes, "\(lineDiff(bytes, removed))")
      }
    }
    #expect(deployments > 50)
  }
}
