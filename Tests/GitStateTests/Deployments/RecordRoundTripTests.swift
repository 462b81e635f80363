import LosslessJSON
import Testing

@testable import GitState

/// Every record that goes into a file comes out as it went in, and the old reader sees what it must.
@Suite struct RecordRoundTripTests {
  /// A hand-made file: unsorted, with members of a script's own, entries of every old form.
  static let wildFile = """
    {
      "network": "bscmainnet",
      "chainId": "56",
      "lastDeployed": "2025-07-25T11:11:18.006Z",
      "contracts": {
        "Zed": "0x00000000000000000000000000000000000000aa",
        "Old": {
          "proxy": "0x7d919E3ac306BBA4e5c85E40fB665126586C992d",
          "implementation": "0xF978A855042D39a81cF620B9dB6730a41Ba36270"
        },
        "Exported": { "address": "0x00000000000000000000000000000000000000bb", "abi": [1.0, "\\u00e9"] },
        "Broken": 5
      },
      "implementationHashes": {
        "Old": "0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49"
      },
      "infrastructureContracts": { "Old": true }
    }

    """

  @Test(arguments: 0..<12)
  func recordsComeBackFromFiles(seed: UInt64) throws {
    var generator = RecordGenerator(seed: seed)
    let empty = try DeploymentFile.new(
      name: "bscmainnet.json", network: "bscmainnet", chainID: 56)
    let wild = try deployment(Self.wildFile)
    let untimed = try deployment(#"{"chainId":56,"contracts":{}}"#)
    for round in 0..<250 {
      let record = try generator.contract()
      let file = [empty, wild, untimed][round % 3]
      let written = try file.applying([(record.name, record)])
      try expectComesBack(record, from: written.bytes)
    }
  }

  @Test(arguments: 100..<108)
  func filesThatAreWrittenAgainAndAgainHoldEveryRecord(seed: UInt64) throws {
    var generator = RecordGenerator(seed: seed)
    var file = try DeploymentFile.new(name: "x.json", network: "bscmainnet", chainID: 56)
    var model: [ContractKey: Contract] = [:]
    for _ in 0..<30 {
      var changes: [(name: String, contract: Contract?)] = []
      var names = RecordGenerator.names
      for _ in 0...generator.random.below(10) {
        let name = names.remove(at: generator.random.below(names.count))
        let contract = generator.random.chance(25) ? nil : try generator.contract(named: name)
        changes.append((name, contract))
        model[ContractKey(56, name)] = contract
      }
      file = try deployment(try file.applying(changes).bytes, name: "x.json")
      #expect(Set(file.contractNames.map { ContractKey(56, $0) }) == Set(model.keys))
      #expect(file.contractNames.count == model.count)
      for (key, contract) in model { #expect(try file.contract(named: key.name) == contract) }
      let legacy = try LegacyReader(file.bytes)
      for (key, contract) in model {
        #expect(legacy.hash(key.name) == LegacyExpectation(contract.record).hash)
      }
      for hash in file.hashes { #expect(model[ContractKey(56, hash.key)] != nil) }
      // A file that only this library wrote is what JavaScript would print, contracts and hashes sorted.
      var style = JSONStyle.pretty
      style.finalNewline = true
      #expect(file.bytes == file.document.root.serialized(style))
      #expect(file.contracts.keys == file.contracts.sortedByKey().keys)
      #expect(file.hashes.keys == file.hashes.sortedByKey().keys)
    }
  }

  @Test(arguments: 200..<206)
  func aWriteTouchesOnlyTheLinesOfItsContracts(seed: UInt64) throws {
    var generator = RecordGenerator(seed: seed)
    let style = generator.random.pick([
      JSONStyle(indentation: "\t", lineEnd: .crlf, finalNewline: false),
      JSONStyle(indentation: "    ", lineEnd: .lf, finalNewline: true), JSONStyle.pretty,
    ])
    let root = try JSONValue(parsing: Self.wildFile)
    var file = try deployment(root.serialized(style))
    for _ in 0..<25 {
      let before = file
      var changes: [(name: String, contract: Contract?)] = []
      var names = RecordGenerator.names + ["Old", "Zed", "Exported"]
      for _ in 0...generator.random.below(4) {
        let name = names.remove(at: generator.random.below(names.count))
        changes.append(
          (name, generator.random.chance(40) ? nil : try generator.contract(named: name)))
      }
      file = try file.applying(changes)
      let changed = Set(changes.map { Array($0.name.utf8) })
      // Taking the lines of the changed contracts away, and the separators, leaves equal texts.
      #expect(
        unchangedLines(before, style, without: changed)
          == unchangedLines(file, style, without: changed))
      for (name, contract) in changes { #expect(try file.contract(named: name) == contract) }
      #expect(throws: StateError.self) { try file.contract(named: "Broken") }
    }
  }

  /// The lines of a file, without trailing commas and without the members of some contracts.
  private func unchangedLines(
    _ file: DeploymentFile, _ style: JSONStyle, without names: Set<[UInt8]>
  ) -> [[UInt8]] {
    let indent = Array((style.indentation ?? "").utf8)
    let memberStart = indent + indent + [UInt8(ascii: "\"")]
    var result: [[UInt8]] = []
    var isSkipping = false
    for line in file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if line.starts(with: memberStart) {
        let key = Array(line.dropFirst(indent.count * 2))
        isSkipping = names.contains { name in
          key.starts(
            with: JSONValue.string(String(decoding: name, as: UTF8.self)).serialized() + [0x3A])
        }
      } else if !line.starts(with: indent + indent) {
        isSkipping = false
      }
      guard !isSkipping else { continue }
      var kept = Array(line)
      while let last = kept.last, last == 0x2C || last == 0x0D { kept.removeLast() }
      result.append(kept)
    }
    return result
  }

  @Test func canonicallyEquivalentNamesAreTwoContracts() throws {
    let composed = try contract(
      #"{"contractName":"caf\u00e9","chainId":56,"address":"0x01","implementationHash":"0xaa"}"#)
    let decomposed = try contract(
      #"{"contractName":"cafe\u0301","chainId":56,"address":"0x02","implementationHash":"0xbb"}"#)
    var file = try DeploymentFile.new(name: "x.json", network: "x", chainID: 56)
      .applying([(composed.name, composed), (decomposed.name, decomposed)])
    file = try deployment(file.bytes, name: "x.json")
    #expect(file.contracts.count == 2)
    #expect(try file.contract(named: "caf\u{e9}")?.address == "0x01")
    #expect(try file.contract(named: "cafe\u{301}")?.address == "0x02")
    let legacy = try LegacyReader(file.bytes)
    #expect(legacy.hash("caf\u{e9}") == "0xaa")
    #expect(legacy.hash("cafe\u{301}") == "0xbb")

    file = try file.applying([("caf\u{e9}", nil)])
    #expect(try file.contract(named: "caf\u{e9}") == nil)
    #expect(try file.contract(named: "cafe\u{301}") == decomposed)
  }

  @Test(arguments: [
    #"{"contractName":"LookCoin","chainId":56,"networkName":"bscmainnet","address":"0xF978A855042D39a81cF620B9dB6730a41Ba36270","factoryByteCodeHash":"0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49","implementationHash":"0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49","proxyAddress":"0x7d919E3ac306BBA4e5c85E40fB665126586C992d","timestamp":1753441878006}"#,
    #"{"contractName":"A","chainId":56,"networkName":"bsc","address":"0x1","factoryByteCodeHash":"","deploymentArgs":[],"timestamp":0}"#,
    #"{"contractName":"A","chainId":56,"networkName":"bsc","address":"0x1","factoryByteCodeHash":"","deploymentArgs":["0xF978",{"b":1,"a":[115792089237316195423570985008687907853269984665640564039457584007913129639935,"é\n\u001b"]}],"timestamp":1,"zeta":1,"alpha":{"z":1,"a":1.0},"_":null}"#,
    #"{"contractName":"A","chainId":"56","networkName":"bsc","address":"0x1","factoryByteCodeHash":"0x2","implementationHash":"","proxyAddress":"","timestamp":"2025-07-25"}"#,
    #"{"contractName":"A","chainId":56,"address":null,"record":{"contractName":"A","chainId":56},"proxy":"0x3","chainid":97}"#,
  ])
  func compactRecordsGoBackByteForByte(json: String) throws {
    let contract = try contract(json)
    #expect(String(decoding: contract.compactJSON, as: UTF8.self) == json)
    let file = try DeploymentFile.new(name: "x.json", network: "bscmainnet", chainID: 56)
    let written = try deployment(try file.applying([(contract.name, contract)]).bytes)
    let read = try #require(try written.contract(named: contract.name))
    #expect(String(decoding: read.compactJSON, as: UTF8.self) == json)

    // Also where an entry is replaced that had the same fields in another order.
    let other = try deployment(
      #"{"network":"bscmainnet","chainId":56,"contracts":{"\#(contract.name)":{"_":1,"alpha":2,"timestamp":5,"implementation":"0x9","zeta":3,"proxy":"0x9","deploymentArgs":[7]}}}"#
    ).applying([(contract.name, contract)])
    let replaced = try #require(try other.contract(named: contract.name))
    #expect(String(decoding: replaced.compactJSON, as: UTF8.self) == json)
  }

  @Test func ordinaryEntriesCarryNoMoreThanTheyMust() throws {
    let file = try DeploymentFile.new(name: "bscmainnet.json", network: "bscmainnet", chainID: 56)
      .applying([
        (
          "LookCoin",
          Contract(
            name: "LookCoin", chainID: 56, networkName: "bscmainnet",
            address: "0xF978A855042D39a81cF620B9dB6730a41Ba36270", factoryByteCodeHash: "0xaa",
            implementationHash: "0xaa", proxyAddress: "0x7d919E3ac306BBA4e5c85E40fB665126586C992d",
            timestamp: 1_753_441_878_006)
        )
      ])
    #expect(
      String(decoding: file.bytes, as: UTF8.self) == """
        {
          "network": "bscmainnet",
          "chainId": 56,
          "contracts": {
            "LookCoin": {
              "proxy": "0x7d919E3ac306BBA4e5c85E40fB665126586C992d",
              "implementation": "0xF978A855042D39a81cF620B9dB6730a41Ba36270",
              "timestamp": 1753441878006
            }
          },
          "implementationHashes": {
            "LookCoin": "0xaa"
          }
        }

        """)
  }

  @Test(arguments: [
    // What the entry must carry beside the fixed members, for a record of chain 56 on bscmainnet.
    (
      #""address":"0x1","factoryByteCodeHash":"","timestamp":1"#,
      #"{"proxy":"0x1","implementation":"0x1","timestamp":1}"#
    ),
    (
      #""address":"0x1","factoryByteCodeHash":"0xf","timestamp":1"#,
      #"{"proxy":"0x1","implementation":"0x1","timestamp":1,"factoryByteCodeHash":"0xf"}"#
    ),
    (
      #""address":"0x1","factoryByteCodeHash":"","proxyAddress":"0x1","timestamp":1"#,
      #"{"proxy":"0x1","implementation":"0x1","timestamp":1,"proxyAddress":"0x1"}"#
    ),
    (
      #""address":"0x1","factoryByteCodeHash":"","deploymentArgs":[],"timestamp":1,"salt":"0x2""#,
      #"{"proxy":"0x1","implementation":"0x1","timestamp":1,"deploymentArgs":[],"salt":"0x2"}"#
    ),
    (
      #""address":"0x1","timestamp":1"#,
      #"{"proxy":"0x1","implementation":"0x1","timestamp":1,"record":{"contractName":"X","chainId":56,"networkName":"bscmainnet","address":"0x1","timestamp":1}}"#
    ),
  ])
  func entriesCarryWhatTheMappingWouldLose(fields: String, expected: String) throws {
    let record = try contract(
      #"{"contractName":"X","chainId":56,"networkName":"bscmainnet",\#(fields)}"#)
    let file = try DeploymentFile.new(name: "x.json", network: "bscmainnet", chainID: 56)
      .applying([("X", record)])
    #expect(file.contracts["X"]?.text() == expected)
  }

  @Test func recordsOfAnotherChainOrNameAreRefused() throws {
    let file = try DeploymentFile.new(name: "x.json", network: "x", chainID: 56)
    let other = try contract(#"{"contractName":"A","chainId":97,"address":"0x1"}"#)
    #expect(throws: StateError.self) { try file.applying([("A", other)]) }
    let misnamed = try contract(#"{"contractName":"A","chainId":56,"address":"0x1"}"#)
    #expect(throws: StateError.self) { try file.applying([("B", misnamed)]) }
  }

  private func expectComesBack(_ record: Contract, from bytes: [UInt8]) throws {
    let file = try deployment(bytes)
    let read = try #require(try file.contract(named: record.name))
    #expect(read == record)
    // Not by the code's own comparison alone: member by member, as text.
    #expect(read.record.count == record.record.count)
    for (field, value) in record.record {
      #expect(
        read.record[field].map { $0.serialized(.compact) } == value.serialized(.compact),
        "\(field) of \(record.record)")
    }
    let expected = LegacyExpectation(record.record)
    let legacy = try LegacyReader(bytes)
    #expect(
      legacy.proxy(record.name).map { Array($0.utf8) } == expected.proxy.map { Array($0.utf8) })
    #expect(legacy.implementation(record.name) == expected.implementation)
    #expect(legacy.hash(record.name) == expected.hash)
    #expect(legacy.hasHashMember(record.name) == (expected.hash != nil))
    // The live address is the proxy's, or else the address.
    #expect(read.liveAddress == expected.proxy)
  }
}
