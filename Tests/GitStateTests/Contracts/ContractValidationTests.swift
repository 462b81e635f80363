import LosslessJSON
import Testing

@testable import GitState

private let address = "0xF978A855042D39a81cF620B9dB6730a41Ba36270"
private let hash = "0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49"

/// What a `put` refuses, and what other ways in only note.
@Suite struct ContractValidationTests {
  @Test(arguments: [
    "", #""factoryByteCodeHash":"","#, #""factoryByteCodeHash":null,"#,
    #""implementationHash":"","#,
    #""implementationHash":null,"#, #""proxyAddress":"","#, #""proxyAddress":null,"#,
    #""proxyAddress":"\#(address)","#,
    #""factoryByteCodeHash":"\#(hash)","implementationHash":"\#(hash)","#,
    #""networkName":"bscmainnet","#, #""networkName":"BSC Main.net-1","#, #""deploymentArgs":[],"#,
    #""deploymentArgs":[null,{"a":115792089237316195423570985008687907853269984665640564039457584007913129639935}],"#,
    #""timestamp":0,"#, #""timestamp":-62135596800000,"#, #""timestamp":253402300799999,"#,
    #""timestamp":9007199254740991,"#,
    #""abi":{},"#,
  ])
  func acceptsWhatDeploymentsAre(fields: String) throws {
    try contract(#"{\#(fields)"contractName":"X","chainId":56,"address":"\#(address)"}"#).validate()
  }

  @Test(arguments: [
    "0XF978A855042D39a81cF620B9dB6730a41Ba36270", "F978A855042D39a81cF620B9dB6730a41Ba36270",
    "\(address)0", "0xF978A855042D39a81cF620B9dB6730a41Ba3627", " \(address)", "\(address)\n", "",
    "0x",
    "0xG978A855042D39a81cF620B9dB6730a41Ba36270", "vitalik.eth", "\(address)\u{301}",
    "0xF978A855042D39a81cF620B9dB6730a41Ba3627０", "0xF978A855042D39a81cF620B9dB6730a41Ba362é",
  ])
  func refusesMalformedAddresses(value: String) throws {
    let json = JSONValue.string(value).text()
    try expectRefusal(#""address":\#(json)"#, field: "address", value)
    guard !value.isEmpty else { return }
    try expectRefusal(
      #""address":"\#(address)","proxyAddress":\#(json)"#, field: "proxyAddress", value)
  }

  @Test(arguments: [
    "035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49", "\(hash)0", address, "0x",
    "0X035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49", "none", " ", "\(hash) ",
    "0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d4", "0xZ35df318e7b4d027",
  ])
  func refusesMalformedHashes(value: String) throws {
    for field in ["factoryByteCodeHash", "implementationHash"] {
      try expectRefusal(
        #""address":"\#(address)","\#(field)":\#(JSONValue.string(value).text())"#, field: field,
        value)
    }
  }

  @Test(arguments: ["5", "true", "[]", #"{"a":1}"#, "1.50"])
  func refusesFieldsOfWrongTypes(json: String) throws {
    try expectRefusal(#""address":\#(json)"#, field: "address", json)
    for field in ["proxyAddress", "factoryByteCodeHash", "implementationHash", "networkName"] {
      try expectRefusal(#""address":"\#(address)","\#(field)":\#(json)"#, field: field, json)
    }
    if json != "[]" {
      try expectRefusal(
        #""address":"\#(address)","deploymentArgs":\#(json)"#, field: "deploymentArgs", json)
    }
  }

  @Test func refusesRecordsWithoutAddress() throws {
    try expectRefusal(#""x":1"#, field: "address", "")
    try expectRefusal(#""address":null"#, field: "address", "null")
    try expectRefusal(#""proxyAddress":"\#(address)""#, field: "address", "")
  }

  @Test(arguments: [
    "a\u{0}", "a\n", "\u{1b}[31m", "\u{7f}", "a\u{9b}b", "a\u{202e}b", "\u{2028}", " a", "a ",
    "\u{a0}a",
    String(repeating: "a", count: 1001),
  ])
  func refusesMalformedNames(name: String) throws {
    let contract = Contract(
      name: name, chainID: 56, networkName: "bsc", address: address, timestamp: 1)
    let error = #expect(throws: StateError.self) { try contract.validate() }
    #expect(error?.code == .validationFailed)
    #expect(error?.message.contains("contractName") == true)
    #expect(error?.key == contract.key)
    #expect(
      error?.message.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E } == false)
  }

  @Test(
    arguments: RecordGenerator.names.filter { name in
      !name.unicodeScalars.contains {
        $0.value < 0x21 || $0.value == 0x7F || $0.value == 0x2028 || $0.value == 0xFEFF
      }
    })
  func acceptsOddButPrintableNames(name: String) throws {
    try Contract(name: name, chainID: 56, networkName: "bsc", address: address, timestamp: 1)
      .validate()
  }

  @Test(arguments: [
    "a/b", "/", "a\\b", ".", "..", ".x", ".\u{301}x", "a\u{0}", "a\nb", "\u{1b}[31m", "a\u{7f}",
    "a\u{202e}b", "/\u{301}",
  ])
  func refusesMalformedNetworkNames(network: String) throws {
    try expectRefusal(
      #""address":"\#(address)","networkName":\#(JSONValue.string(network).text())"#,
      field: "networkName", network.escapingUnprintable)
  }

  @Test(arguments: [
    "null", #""1753441878006""#, #""2025-07-25""#, "true", "[]", "1.5", "1e3", "1e400",
    "-62135596800001", "9007199254740992", "99999999999999999999",
  ])
  func refusesMalformedTimestamps(json: String) throws {
    try expectRefusal(
      #""address":"\#(address)","timestamp":\#(json)"#, field: "timestamp",
      json.replacing("\"", with: ""))
  }

  @Test func notesWhatIsOddAboutRecordsThatAreKept() throws {
    let odd = try contract(
      #"{"contractName":"a\u001b","chainId":31337,"address":"0x1","factoryByteCodeHash":"","proxyAddress":"p"}"#
    )
    #expect(
      odd.oddities.map(\.field)
        == ["contractName", "address", "proxyAddress", "factoryByteCodeHash", "timestamp"])
    #expect(odd.oddities.map(\.severity) == [.error, .error, .error, .warning, .warning])
    #expect(odd.oddities[1].description.contains("0x1"))
    #expect(!odd.oddities[0].description.unicodeScalars.contains("\u{1b}"))
    let sound = try contract(
      #"{"contractName":"A","chainId":1,"address":"\#(address)","factoryByteCodeHash":"\#(hash)","timestamp":1}"#
    )
    #expect(sound.oddities.isEmpty)
  }

  private func expectRefusal(_ fields: String, field: String, _ value: String) throws {
    let contract = try contract(#"{"contractName":"X","chainId":56,\#(fields)}"#)
    let error = #expect(throws: StateError.self) { try contract.validate() }
    #expect(error?.code == .validationFailed)
    #expect(error?.key == contract.key)
    let message = error?.message ?? ""
    #expect(message.contains("its \(field) "), "\(message)")
    #expect(
      Array(message.utf8).contains(Array(value.escapingUnprintable.utf8)), "\(message)")
  }
}
