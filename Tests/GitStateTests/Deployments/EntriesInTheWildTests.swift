import LosslessJSON
import Testing

@testable import GitState

private let proxy = "0x7d919E3ac306BBA4e5c85E40fB665126586C992d"
private let implementation = "0xF978A855042D39a81cF620B9dB6730a41Ba36270"
private let hash = "0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49"

/// What records the entries of files become that no GitState wrote.
@Suite struct EntriesInTheWildTests {
  @Test func readsTheDesignsExample() throws {
    let file = try deployment(
      """
      {
        "network": "bscmainnet",
        "chainId": 56,
        "contracts": {
          "LookCoin": {
            "proxy": "\(proxy)",
            "implementation": "\(implementation)",
            "timestamp": 1753441878006
          }
        },
        "implementationHashes": {
          "LookCoin": "\(hash)"
        }
      }
      """)
    let contract = try #require(try file.contract(named: "LookCoin"))
    #expect(
      contract.record.description
        == #"{"contractName":"LookCoin","chainId":56,"networkName":"bscmainnet","#
        + #""address":"\#(implementation)","factoryByteCodeHash":"\#(hash)","#
        + #""implementationHash":"\#(hash)","proxyAddress":"\#(proxy)","timestamp":1753441878006}"#)
    #expect(contract.liveAddress == proxy)
    #expect(try file.contract(named: "lookcoin") == nil)
    #expect(try file.contract(named: "") == nil)
  }

  @Test(arguments: [
    (#"{"proxy":"0xP","implementation":"0xI"}"#, "0xI", "0xP"),
    (#"{"proxy":"0xP"}"#, "0xP", "0xP"),
    (#"{"proxy":"0xP","implementation":null}"#, "0xP", "0xP"),
    (#"{"proxy":"0xP","implementation":""}"#, "0xP", "0xP"),
    (#"{"implementation":"0xI"}"#, "0xI", nil),
    (#"{"implementation":"0xI","proxy":null}"#, "0xI", nil),
    (#"{"implementation":"0xI","proxy":""}"#, "0xI", nil),
    (#"{"proxy":"0xA","implementation":"0xA"}"#, "0xA", nil),
    (#"{"proxy":"0xA","implementation":"0xA","address":"0xA"}"#, "0xA", nil),
    (#"{"proxy":"0xP","implementation":"0xI","address":"0xP","abi":[]}"#, "0xI", "0xP"),
    (#"{"address":"0xA","abi":[{"name":"f"}],"receipt":{"status":1}}"#, "0xA", nil),
    (#"{"address":"0xA","proxy":null,"implementation":""}"#, "0xA", nil),
    (#"{"address":"0xA","proxyAddress":"0xP"}"#, "0xA", "0xP"),
    (#""0xA""#, "0xA", nil),
  ])
  func readsAddresses(json: String, address: String, proxyAddress: String?) throws {
    let contract = try entry(json)
    #expect(contract.address == address)
    #expect(contract.proxyAddress == proxyAddress)
    #expect(contract.record["proxyAddress"]?.string == proxyAddress)
    #expect(contract.liveAddress == proxyAddress ?? address)
    #expect(contract.networkName == "bsc")
    #expect(contract.name == "X")
    #expect(contract.chainID == 56)
  }

  @Test func keepsMembersThatHaveNoMeaningHere() throws {
    let contract = try entry(
      #"{"address":"0xA","abi":[{"b":1.0,"a":-0}],"numDeployments":2,"z":null}"#)
    #expect(
      contract.record.description
        == #"{"contractName":"X","chainId":56,"networkName":"bsc","address":"0xA","#
        + #""factoryByteCodeHash":"","timestamp":0,"abi":[{"b":1.0,"a":-0}],"numDeployments":2,"z":null}"#
    )
  }

  @Test(arguments: [
    (#"{"X":"0xh"}"#, "0xh", "0xh"), (#"{"X":""}"#, "", nil), (#"{"X":null}"#, "", nil),
    ("{}", "", nil), ("null", "", nil), (#"{"x":"0xh"}"#, "", nil),
  ])
  func readsHashes(hashes: String, factory: String, implementation: String?) throws {
    for json in [#"{"proxy":"0xP"}"#, #""0xA""#, #"{"address":"0xA"}"#] {
      let contract = try entry(json, hashes: hashes)
      #expect(contract.record["factoryByteCodeHash"] == .string(factory))
      #expect(contract.record["implementationHash"]?.string == implementation)
    }
  }

  @Test(arguments: [
    // The file's times, the entry's, and the record's.
    ("", "", "0"),
    (#""lastDeployed":1753441878006,"#, "", "1753441878006"),
    (#""timestamp":1753441878006,"#, "", "1753441878006"),
    (#""timestamp":1,"lastDeployed":2,"#, "", "2"),
    (#""timestamp":"2025-07-25T11:11:18.006Z","lastDeployed":null,"#, "", "1753441878006"),
    (#""timestamp":"2025-07-25T11:11:18.006Z","lastDeployed":"soon","#, "", "1753441878006"),
    (#""lastDeployed":"2025-07-25T13:11:18.006+02:00","#, "", "1753441878006"),
    (#""lastDeployed":"2025-07-25T11:11:18.006","#, "", "1753441878006"),
    (#""lastDeployed":"2025-07-25 11:11","#, "", "1753441860000"),
    (#""lastDeployed":"2025-07-25","#, "", "1753401600000"),
    (#""lastDeployed":"soon","timestamp":[],"#, "", "0"),
    (#""lastDeployed":2,"#, #","timestamp":1"#, "1"),
    (#""lastDeployed":2,"#, #","timestamp":1.50"#, "1.50"),
    (#""lastDeployed":2,"#, #","timestamp":"2025-07-25T11:11:18.006Z""#, "1753441878006"),
    (#""lastDeployed":2,"#, #","timestamp":null"#, "2"),
    (#""lastDeployed":2,"#, #","timestamp":"soon""#, "2"),
    ("", #","timestamp":-62135596800000"#, "-62135596800000"),
  ])
  func readsTimes(members: String, member: String, milliseconds: String) throws {
    let contract = try entry(#"{"proxy":"0xP"\#(member)}"#, members: members)
    #expect(contract.record["timestamp"]?.text() == milliseconds)
  }

  @Test func tellsWhetherAFileHasAUsableTime() throws {
    for (member, isUsable) in [
      ("", false), (#""lastDeployed":"soon","#, false), (#""lastDeployed":null,"#, false),
      (#""timestamp":0,"#, true), (#""lastDeployed":"soon","timestamp":"2025-07-25","#, true),
    ] {
      #expect(try deployment(#"{\#(member)"chainId":56,"contracts":{}}"#).hasUsableTime == isUsable)
    }
  }

  @Test(arguments: [
    (#""network":"bsc","#, "bsc"), ("", "bscmainnet"), (#""network":null,"#, "bscmainnet"),
    (#""network":"","#, "bscmainnet"), (#""network":"a/b","#, "a/b"),
  ])
  func takesTheFilesNameWhereItNamesNoNetwork(member: String, network: String) throws {
    let file = try deployment(#"{\#(member)"chainId":56,"contracts":{"X":"0xA"}}"#)
    #expect(try file.contract(named: "X")?.networkName == network)
    #expect(file.network == network)
  }

  @Test func entriesThatInheritFollowAChangeOfNetworkByHand() throws {
    let file = try deployment(#"{"network":"bsc","chainId":56,"contracts":{}}"#)
    let records = [
      try contract(
        #"{"contractName":"A","chainId":56,"networkName":"bsc","address":"0x1","factoryByteCodeHash":"","timestamp":1}"#
      ),
      try contract(
        #"{"contractName":"B","chainId":56,"networkName":"test","address":"0x1","factoryByteCodeHash":"","timestamp":1}"#
      ),
    ]
    let text = String(
      decoding: try file.applying(records.map { ($0.name, $0) }).bytes, as: UTF8.self)
    let renamed = try deployment(
      text.replacing(#""network":"bsc""#, with: #""network":"bscmainnet""#))
    #expect(try renamed.contract(named: "A")?.networkName == "bscmainnet")
    #expect(try renamed.contract(named: "B")?.networkName == "test")
  }

  @Test(arguments: [
    "5", "null", "true", "false", "[]", #"["0xA"]"#, "1.0", "{}", #"{"timestamp":1}"#,
    #"{"proxy":null,"implementation":""}"#, #"{"address":null}"#, #"{"address":""}"#, #""""#,
    #"{"proxy":5}"#, #"{"proxy":"0xP","implementation":["0xI"]}"#, #"{"address":5}"#,
    #"{"address":["0xA"]}"#,
  ])
  func entriesThatAreNoContractAreFaultsUntilTheyAreReplaced(json: String) throws {
    let text = #"{"chainId":56,"contracts":{"A":"0xA","X":\#(json),"Z":"0xZ"}}"#
    let file = try deployment(text)
    let error = try fault(of: "X", in: file)
    #expect(error.code == .serializationFailed)
    #expect(error.key == ContractKey(56, "X"))
    #expect(error.file == "bscmainnet.json")
    #expect(error.message.contains("56-X"))
    #expect(throws: StateError.self) { try file.allContracts() }
    #expect(try file.contract(named: "A")?.address == "0xA")
    #expect(try file.contract(named: "Z")?.address == "0xZ")

    let other = try contract(#"{"contractName":"Y","chainId":56,"address":"0x1"}"#)
    let beside = try file.applying([("Y", other), ("A", nil)])
    #expect(String(decoding: beside.bytes, as: UTF8.self).contains(#""X":\#(json)"#))
    let replacement = try contract(#"{"contractName":"X","chainId":56,"address":"0x1"}"#)
    #expect(
      try deployment(try file.applying([("X", replacement)]).bytes).contract(named: "X")
        == replacement)
    #expect(try deployment(try file.applying([("X", nil)]).bytes).contract(named: "X") == nil)
  }

  @Test(arguments: ["5", "[]", "{}", "true", #"["0xh"]"#])
  func hashesOfWrongTypesAreFaultsOfTheirContractOnly(hash: String) throws {
    let file = try deployment(
      #"{"chainId":56,"contracts":{"A":"0xA","X":"0xX"},"implementationHashes":{"X":\#(hash)}}"#)
    #expect(try fault(of: "X", in: file).message.contains("implementationHashes"))
    #expect(try file.contract(named: "A")?.address == "0xA")
  }

  @Test(arguments: ["56", #""56""#])
  func anEntryMayCarryItsFilesChain(chain: String) throws {
    let contract = try entry(#"{"proxy":"0xP","chainId":\#(chain)}"#)
    #expect(contract.chainID == 56)
    #expect(contract.record["chainId"] == 56)
  }

  @Test(arguments: ["97", #""97""#, #""056""#, "56.0", "5.6e1", "true", "[56]"])
  func anEntryOfAnotherChainIsAFault(chain: String) throws {
    for json in [
      #"{"proxy":"0xP","chainId":\#(chain)}"#,
      #"{"chainId":\#(chain),"record":{"contractName":"X","chainId":56,"address":"0xA"}}"#,
    ] {
      let error = #expect(throws: StateError.self) { try entry(json) }
      #expect(error?.message.contains("chainId") == true)
      #expect(error?.message.contains("56") == true)
    }
  }
}

/// The member `record`: when it counts, and when it contradicts what else is there.
@Suite struct WholeRecordTests {
  @Test func aRecordOfThisContractCounts() throws {
    let contract = try entry(
      #"{"proxy":"0xP","implementation":"0xI","timestamp":1,"record":{"timestamp":"x","chainId":"56","contractName":"X","proxyAddress":"0xP","address":"0xI","proxy":5}}"#
    )
    #expect(
      contract
        == (try GitStateTests.contract(
          #"{"contractName":"X","chainId":"56","address":"0xI","proxyAddress":"0xP","timestamp":"x","proxy":5}"#
        )))
  }

  @Test(arguments: [
    #"{"contractName":"Y","chainId":56,"address":"0xE"}"#,
    #"{"contractName":"x","chainId":56,"address":"0xE"}"#,
    #"{"contractName":"X","chainId":97,"address":"0xE"}"#,
    #"{"contractName":"X","chainId":"056","address":"0xE"}"#,
    #"{"contractName":"X","address":"0xE"}"#, #"{"chainId":56,"address":"0xE"}"#, "{}", "null", "5",
    #""0xE""#, #"[{"contractName":"X","chainId":56,"address":"0xE"}]"#,
  ])
  func anythingElseCalledRecordIsAFieldLikeOthers(record: String) throws {
    let text = #"{"proxy":"0xP","implementation":"0xI","record":\#(record)}"#
    let contract = try entry(text)
    #expect(contract.address == "0xI")
    #expect(contract.proxyAddress == "0xP")
    #expect(contract.record["record"]?.text() == record)
    // It stays a field when the contract is written again.
    let file = try deployment(#"{"network":"bsc","chainId":56,"contracts":{"X":\#(text)}}"#)
    #expect(
      try deployment(try file.applying([("X", contract)]).bytes).contract(named: "X") == contract)
  }

  @Test(arguments: [
    // The entry's members, the hash, and the two values that a message must name.
    (#""proxy":"0xQ","implementation":"0xI""#, "0xh", "0xQ", "0xP"),
    (#""proxy":"0xP","implementation":"0xJ""#, "0xh", "0xJ", "0xI"),
    (#""proxy":"0xP","implementation":"0xI""#, "0xg", "0xg", "0xh"),
    (#""proxy":"0xQ""#, "0xh", "0xQ", "0xP"),
    // Without `proxy` an old reader takes the implementation for the contract itself.
    (#""implementation":"0xI""#, "0xh", "proxy", "0xP"),
    (#""proxy":"0xP","implementation":"""#, "0xh", "implementation", "0xI"),
  ])
  func contradictionsAreFaultsThatNameBoth(
    members: String, hash: String, stated: String, recorded: String
  ) throws {
    let record =
      #"{"contractName":"X","chainId":56,"address":"0xI","proxyAddress":"0xP","implementationHash":"0xh"}"#
    let error = #expect(throws: StateError.self) {
      try entry(#"{\#(members),"record":\#(record)}"#, hashes: #"{"X":"\#(hash)"}"#)
    }
    #expect(error?.code == .serializationFailed)
    #expect(error?.message.contains(stated) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(recorded) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("56-X") == true)
  }

  @Test func aHashThatTheRecordDoesNotHaveIsAContradiction() throws {
    let record = #"{"contractName":"X","chainId":56,"address":"0xI"}"#
    #expect(throws: StateError.self) {
      try entry(
        #"{"implementation":"0xI","proxy":"0xI","record":\#(record)}"#, hashes: #"{"X":"0xh"}"#)
    }
  }

  @Test func theCaseOfHexDigitsIsNoContradiction() throws {
    let contract = try entry(
      #"{"proxy":"0xab","implementation":"0xcd","record":{"contractName":"X","chainId":56,"address":"0xCD","proxyAddress":"0xAB"}}"#
    )
    #expect(contract.address == "0xCD")
    #expect(contract.proxyAddress == "0xAB")
  }

  @Test(arguments: [
    #"{"proxy":"0xP","implementation":"0xI","proxyAddress":"0xQ"}"#,
    #"{"implementation":"0xI","proxyAddress":"0xQ"}"#,
    #"{"proxy":"0xP","implementation":"0xI","proxyAddress":""}"#,
    #"{"proxy":"0xP","implementation":"0xI","proxyAddress":null}"#,
    #"{"proxy":"0xP","implementation":"0xI","proxyAddress":5}"#,
    // hardhat-deploy's form of a proxied contract: `address` is the proxy.
    #"{"address":"0xP","implementation":"0xI"}"#,
    #"{"proxy":"0xP","address":"0xI"}"#,
  ])
  func entriesWithTwoLiveAddressesAreFaults(json: String) throws {
    let error = #expect(throws: StateError.self) { try entry(json) }
    #expect(error?.code == .serializationFailed)
  }
}
