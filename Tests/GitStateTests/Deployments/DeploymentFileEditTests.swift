import LosslessJSON
import Testing

@testable import GitState

/// A write changes the lines of the contracts that it writes, and the separators beside them.
@Suite struct DeploymentFileEditTests {
  private let file = """
    {
      "version": 1.0,
      "network": "bsc",
      "chainId": "56",
      "contracts": {
        "B": {
          "proxy": "0xB1",
          "implementation": "0xB1",
          "timestamp": 1
        },
        "D": "0xD1",
        "F": { "address": "0xF1", "abi": [ 1e400, -0, "\\u00e9\\/" ] }
      },
      "implementationHashes": {
        "B": "0xb",
        "F": "0xf"
      },
      "lastDeployed": "2025-07-25",
      "\\u0061": "\\ud83d\\ude00"
    }

    """

  private func record(_ name: String, _ address: String, hash: String? = nil) -> Contract {
    Contract(
      name: name, chainID: 56, networkName: "bsc", address: address,
      factoryByteCodeHash: hash ?? "", implementationHash: hash, timestamp: 2)
  }

  private func entryLines(_ name: String, _ address: String, comma: Bool) -> [String] {
    [
      "    \"\(name)\": {\n", "      \"proxy\": \"\(address)\",\n",
      "      \"implementation\": \"\(address)\",\n", "      \"timestamp\": 2\n",
      comma ? "    },\n" : "    }\n",
    ]
  }

  /// Applies changes, expects that what was written reads back, and compares lines.
  private func expect(
    _ changes: [(name: String, contract: Contract?)], in text: String, remove removed: [String],
    insert inserted: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try deployment(text)
    let after = try deployment(try before.applying(changes).bytes)
    let diff = lineDiff(before.bytes, after.bytes)
    #expect(diff.removed == removed, sourceLocation: sourceLocation)
    #expect(diff.inserted == inserted, sourceLocation: sourceLocation)
    for (name, contract) in changes {
      #expect(try after.contract(named: name) == contract, sourceLocation: sourceLocation)
    }
  }

  @Test func insertsBeforeTheFirstGreaterKey() throws {
    try expect(
      [("A", record("A", "0xA"))], in: file, remove: [], insert: entryLines("A", "0xA", comma: true)
    )
    try expect(
      [("C", record("C", "0xC"))], in: file, remove: [], insert: entryLines("C", "0xC", comma: true)
    )
    try expect(
      [("E", record("E", "0xE", hash: "0xe"))], in: file, remove: [],
      insert: entryLines("E", "0xE", comma: true) + ["    \"E\": \"0xe\",\n"])
  }

  @Test func insertsAtTheEndWhereNoKeyIsGreater() throws {
    let last = "    \"F\": { \"address\": \"0xF1\", \"abi\": [ 1e400, -0, \"\\u00e9\\/\" ] }"
    try expect(
      [("G", record("G", "0xA", hash: "0xa"))], in: file,
      remove: [last + "\n", "    \"F\": \"0xf\"\n"],
      insert: [last + ",\n"] + entryLines("G", "0xA", comma: false)
        + ["    \"F\": \"0xf\",\n", "    \"G\": \"0xa\"\n"])
  }

  @Test func insertsIntoUnsortedLists() throws {
    let text = """
      {
        "chainId": 56,
        "network": "bsc",
        "contracts": {
          "Z": "0xZ",
          "B": "0xB",
          "M": "0xM"
        }
      }
      """
    let after = try deployment(text).applying([
      ("A", record("A", "0x1")), ("N", record("N", "0x2")), ("a", record("a", "0x3")),
      ("C", record("C", "0x4")),
    ])
    // All of them before Z but "a", which is greater than every key.
    #expect(after.contractNames == ["A", "C", "N", "Z", "B", "M", "a"])
    #expect(lineDiff(Array(text.utf8), after.bytes).removed == ["    \"M\": \"0xM\"\n"])
  }

  @Test func replacesInPlace() throws {
    try expect(
      [("B", record("B", "0xB2", hash: "0xb"))], in: file,
      remove: [
        "      \"proxy\": \"0xB1\",\n", "      \"implementation\": \"0xB1\",\n",
        "      \"timestamp\": 1\n",
      ],
      insert: [
        "      \"proxy\": \"0xB2\",\n", "      \"implementation\": \"0xB2\",\n",
        "      \"timestamp\": 2\n",
      ])
    try expect(
      [("D", record("D", "0xD2"))], in: file, remove: ["    \"D\": \"0xD1\",\n"],
      insert: entryLines("D", "0xD2", comma: true))
  }

  @Test func keepsTheOrderOfAnEntrysMembers() throws {
    let text = """
      {
        "network": "bsc",
        "chainId": 56,
        "contracts": {
          "X": {
            "note": "kept",
            "timestamp": 1,
            "implementation": "0x1",
            "proxy": "0x2"
          }
        }
      }
      """
    var contract = try #require(try deployment(text).contract(named: "X"))
    contract.timestamp = 3
    contract.address = "0x9"
    try expect(
      [("X", contract)], in: text,
      remove: ["      \"timestamp\": 1,\n", "      \"implementation\": \"0x1\",\n"],
      insert: ["      \"timestamp\": 3,\n", "      \"implementation\": \"0x9\",\n"])
  }

  @Test func removesHashesWithTheirContractsAndWithoutThem() throws {
    try expect(
      [("B", record("B", "0xB1"))], in: file,
      remove: ["      \"timestamp\": 1\n", "    \"B\": \"0xb\",\n"],
      insert: ["      \"timestamp\": 2\n"])
    try expect(
      [("B", nil)], in: file,
      remove: [
        "    \"B\": {\n", "      \"proxy\": \"0xB1\",\n", "      \"implementation\": \"0xB1\",\n",
        "      \"timestamp\": 1\n", "    },\n", "    \"B\": \"0xb\",\n",
      ], insert: [])
    try expect([("D", nil)], in: file, remove: ["    \"D\": \"0xD1\",\n"], insert: [])
    let last = "    \"F\": { \"address\": \"0xF1\", \"abi\": [ 1e400, -0, \"\\u00e9\\/\" ] }\n"
    try expect(
      [("F", nil)], in: file,
      remove: ["    \"D\": \"0xD1\",\n", last, "    \"B\": \"0xb\",\n", "    \"F\": \"0xf\"\n"],
      insert: ["    \"D\": \"0xD1\"\n", "    \"B\": \"0xb\"\n"])
  }

  @Test func removesTheOnlyContract() throws {
    let text = """
      {
        "chainId": 56,
        "contracts": {
          "X": "0x1"
        },
        "implementationHashes": {
          "X": "0xh"
        }
      }
      """
    let empty = try deployment(text).applying([("X", nil)])
    #expect(
      String(decoding: empty.bytes, as: UTF8.self)
        == "{\n  \"chainId\": 56,\n  \"contracts\": {},\n  \"implementationHashes\": {}\n}")
    let again = try empty.applying([("Y", record("Y", "0x2", hash: "0xh"))])
    #expect(
      String(decoding: again.bytes, as: UTF8.self).contains(
        "  \"contracts\": {\n    \"Y\": {\n      \"proxy\": \"0x2\",\n"))
  }

  @Test func removesAHashWithoutContractAndNoOther() throws {
    let text =
      #"{"chainId":56,"contracts":{"A":"0xA"},"implementationHashes":{"A":"0xa","X":"0xx","Y":"0xy"}}"#
    let after = try deployment(text).applying([("X", nil), ("Missing", nil)])
    #expect(
      String(decoding: after.bytes, as: UTF8.self)
        == #"{"chainId":56,"contracts":{"A":"0xA"},"implementationHashes":{"A":"0xa","Y":"0xy"}}"#)
    // A new contract does not inherit the hash that an old one of its name left behind.
    let put = try deployment(text).applying([("X", record("X", "0x1"))])
    #expect(try LegacyReader(put.bytes).hasHashMember("X") == false)
    for empty in [#""""#, "null"] {
      let odd = text.replacing(#""0xx""#, with: empty)
      let put = try deployment(odd).applying([("X", record("X", "0x1"))])
      #expect(try LegacyReader(put.bytes).hasHashMember("X") == false)
    }
  }

  @Test func createsHashesAfterContracts() throws {
    let text = """
      {
        "chainId": 56,
        "network": "bsc",
        "contracts": {
          "X": "0x1"
        },
        "lastDeployed": 5
      }
      """
    try expect(
      [("Y", record("Y", "0x2", hash: "0xy")), ("A", record("A", "0x3", hash: "0xa"))], in: text,
      remove: ["    \"X\": \"0x1\"\n"],
      insert: entryLines("A", "0x3", comma: true) + ["    \"X\": \"0x1\",\n"]
        + entryLines("Y", "0x2", comma: false) + [
          "  },\n", "  \"implementationHashes\": {\n", "    \"A\": \"0xa\",\n",
          "    \"Y\": \"0xy\"\n",
        ])
    let without = try deployment(text).applying([("Y", record("Y", "0x2"))])
    #expect(!String(decoding: without.bytes, as: UTF8.self).contains("implementationHashes"))
    let null = text.replacing("\"lastDeployed\": 5", with: "\"implementationHashes\": null")
    try expect(
      [("X", record("X", "0x1", hash: "0xh"))], in: null,
      remove: ["    \"X\": \"0x1\"\n", "  \"implementationHashes\": null\n"],
      insert: entryLines("X", "0x1", comma: false) + [
        "  \"implementationHashes\": {\n", "    \"X\": \"0xh\"\n", "  }\n",
      ])
  }

  @Test(arguments: [
    // Tabs, CRLF, no final newline; four spaces; everything on one line, dense and loose.
    (
      "{\r\n\t\"chainId\": 56,\r\n\t\"network\": \"bsc\",\r\n\t\"contracts\": {\r\n\t\t\"A\": \"0xA\"\r\n\t}\r\n}",
      "{\r\n\t\"chainId\": 56,\r\n\t\"network\": \"bsc\",\r\n\t\"contracts\": {\r\n\t\t\"A\": \"0xA\",\r\n\t\t\"B\": {\r\n\t\t\t\"proxy\": \"0xB\",\r\n\t\t\t\"implementation\": \"0xB\",\r\n\t\t\t\"timestamp\": 2\r\n\t\t}\r\n\t},\r\n\t\"implementationHashes\": {\r\n\t\t\"B\": \"0xb\"\r\n\t}\r\n}"
    ),
    (
      "{\n    \"chainId\" : 56,\n    \"network\" : \"bsc\",\n    \"contracts\" : {}\n}\n\n",
      "{\n    \"chainId\" : 56,\n    \"network\" : \"bsc\",\n    \"contracts\" : {\n        \"B\" : {\n            \"proxy\" : \"0xB\",\n            \"implementation\" : \"0xB\",\n            \"timestamp\" : 2\n        }\n    },\n    \"implementationHashes\" : {\n        \"B\" : \"0xb\"\n    }\n}\n\n"
    ),
    (
      #"{"chainId":56,"network":"bsc","contracts":{"A":"0xA","C":"0xC"}}"#,
      #"{"chainId":56,"network":"bsc","contracts":{"A":"0xA","B":{"proxy":"0xB","implementation":"0xB","timestamp":2},"C":"0xC"},"implementationHashes":{"B":"0xb"}}"#
    ),
    (
      #"{ "chainId": 56, "network": "bsc", "contracts": { "A": "0xA" }, "x": 1.0 }"# + "\n",
      #"{ "chainId": 56, "network": "bsc", "contracts": { "A": "0xA", "B": {"proxy": "0xB", "implementation": "0xB", "timestamp": 2} }, "implementationHashes": {"B": "0xb"}, "x": 1.0 }"#
        + "\n"
    ),
  ])
  func keepsTheFilesLayout(before: String, after: String) throws {
    let file = try deployment(before).applying([("B", record("B", "0xB", hash: "0xb"))])
    #expect(String(decoding: file.bytes, as: UTF8.self) == after)
    #expect(try deployment(file.bytes).contract(named: "B") == record("B", "0xB", hash: "0xb"))
  }

  @Test func changesThatChangeNothingLeaveTheBytes() throws {
    let file = try deployment(file)
    #expect(try file.applying([]).bytes == file.bytes)
    #expect(try file.applying([("Missing", nil)]).bytes == file.bytes)
    let written = try file.applying([("B", record("B", "0x1", hash: "0xb"))])
    #expect(try written.applying([("B", record("B", "0x1", hash: "0xb"))]).bytes == written.bytes)
  }

  @Test func whatIsPutAndRemovedAgainLeavesTheBytes() throws {
    let file = try deployment(file)
    for name in ["A", "C", "E", "G", "\u{e9}"] {
      let there = try file.applying([(name, record(name, "0x1", hash: "0xh"))])
      #expect(there.bytes != file.bytes)
      #expect(try there.applying([(name, nil)]).bytes == file.bytes, "\(name)")
    }
  }

  @Test func recordsThatNestTooDeepAreRefusedWhole() throws {
    let deep = String(repeating: "[", count: 510) + String(repeating: "]", count: 510)
    let record = try contract(
      #"{"contractName":"X","chainId":56,"address":"0x1","deploymentArgs":\#(deep)}"#)
    let file = try deployment(file)
    let error = #expect(throws: StateError.self) { try file.applying([("X", record)]) }
    #expect(error?.code == .serializationFailed)
  }

  @Test func findsInfrastructure() throws {
    let file = try deployment(
      #"{"chainId":56,"contracts":{"a.sol:LookCoin":"0x1","b":{"proxy":"0xAB","implementation":"0x2"},"c":"0xab"},"infrastructureContracts":{"lookcoin":"0x9"},"protocolContracts":{"Other":"0xaB"}}"#
    )
    let found = try file.allContracts().filter(file.isInfrastructure).map(\.name)
    #expect(found == ["a.sol:LookCoin", "b"])
  }
}
