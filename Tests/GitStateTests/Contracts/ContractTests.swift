import LosslessJSON
import Testing

@testable import GitState

/// Records as values.
@Suite struct ContractTests {
  @Test func fieldsAreInOneOrderAndOthersFollowAsFound() throws {
    let contract = try contract(
      #"{"z":1,"timestamp":5,"proxyAddress":"0xP","a":2,"address":"0xA","chainId":56,"contractName":"X","deploymentArgs":[{"b":1,"a":2}],"networkName":"n","implementationHash":"0xh","factoryByteCodeHash":"0xf"}"#
    )
    #expect(
      String(decoding: contract.compactJSON, as: UTF8.self)
        == #"{"contractName":"X","chainId":56,"networkName":"n","address":"0xA","factoryByteCodeHash":"0xf","implementationHash":"0xh","proxyAddress":"0xP","deploymentArgs":[{"b":1,"a":2}],"timestamp":5,"z":1,"a":2}"#
    )
  }

  @Test func orderCountsBelowTheTopLevelOnly() throws {
    let record = try contract(#"{"contractName":"X","chainId":56,"a":{"x":1,"y":2},"b":1}"#)
    #expect(record == (try contract(#"{"b":1,"a":{"x":1,"y":2},"chainId":56,"contractName":"X"}"#)))
    #expect(record != (try contract(#"{"contractName":"X","chainId":56,"a":{"y":2,"x":1},"b":1}"#)))
    #expect(
      record != (try contract(#"{"contractName":"X","chainId":56,"a":{"x":1,"y":2},"b":1.0}"#)))
    #expect(
      record != (try contract(#"{"contractName":"X","chainId":"56","a":{"x":1,"y":2},"b":1}"#)))
    #expect(record != (try contract(#"{"contractName":"X","chainId":56,"a":{"x":1,"y":2}}"#)))
    #expect(
      (try contract(#"{"contractName":"X","chainId":56,"a":"\u00e9"}"#))
        != (try contract(#"{"contractName":"X","chainId":56,"a":"e\u0301"}"#)))
    let shuffled = try contract(#"{"b":1,"chainId":56,"a":{"x":1,"y":2},"contractName":"X"}"#)
    #expect(record.hashValue == shuffled.hashValue)
  }

  @Test(arguments: [
    (#""address":"0xA","proxyAddress":"0xP""#, "0xP"), (#""address":"0xA""#, "0xA"),
    (#""address":"0xA","proxyAddress":"""#, "0xA"),
    (#""address":"0xA","proxyAddress":null"#, "0xA"),
    (#""proxyAddress":"0xP""#, "0xP"), (#""address":"""#, nil), (#""address":null"#, nil),
    (#""x":"0xA""#, nil),
  ])
  func theLiveAddressIsTheProxysOrElseTheAddress(fields: String, live: String?) throws {
    #expect(try contract(#"{"contractName":"X","chainId":56,\#(fields)}"#).liveAddress == live)
  }

  @Test(arguments: [
    #"{"chainId":56}"#, #"{"contractName":"","chainId":56}"#,
    #"{"contractName":null,"chainId":56}"#,
    #"{"contractName":5,"chainId":56}"#, #"{"contractName":"X"}"#,
    #"{"contractName":"X","chainId":"056"}"#,
    #"{"contractName":"X","chainId":0}"#, #"{"contractName":"X","chainId":56.0}"#, "{}",
    #"{"contractName":"X","chainId":null}"#, #"{"ContractName":"X","chainId":56}"#,
  ])
  func recordsOfNoContractAreRefused(json: String) throws {
    let record = try JSONObject(json: json)
    let error = #expect(throws: StateError.self) { try Contract(record: record) }
    #expect(error?.code == .validationFailed)
  }

  @Test(arguments: [
    ("1753441878006", 1_753_441_878_006), ("-1", -1), ("1.753441878006e12", 1_753_441_878_006),
    ("1e400", 0),
    ("-0", 0), ("99999999999999999999", 0), (#""1""#, 0), ("null", 0), ("1.4", 1),
  ])
  func readsTimestamps(json: String, milliseconds: Int64) throws {
    let contract = try contract(#"{"contractName":"X","chainId":56,"timestamp":\#(json)}"#)
    #expect(contract.timestamp == milliseconds)
    #expect(contract.record["timestamp"]?.text() == json)
  }

  @Test func fieldsCanBeSetAndRemoved() throws {
    var contract = Contract(
      name: "X", chainID: 56, networkName: "bsc", address: "0xA", timestamp: 1,
      additionalFields: ["salt": "0x1"])
    contract["note"] = 1
    contract.proxyAddress = "0xP"
    contract.implementationHash = "0xh"
    contract["salt"] = Optional<JSONValue>.none
    contract.deploymentArgs = []
    #expect(
      String(decoding: contract.compactJSON, as: UTF8.self)
        == #"{"contractName":"X","chainId":56,"networkName":"bsc","address":"0xA","factoryByteCodeHash":"","implementationHash":"0xh","proxyAddress":"0xP","deploymentArgs":[],"timestamp":1,"note":1}"#
    )
    contract.proxyAddress = nil
    contract.implementationHash = nil
    contract.deploymentArgs = nil
    #expect(
      contract.record.keys == [
        "contractName", "chainId", "networkName", "address", "factoryByteCodeHash", "timestamp",
        "note",
      ])
  }
}
