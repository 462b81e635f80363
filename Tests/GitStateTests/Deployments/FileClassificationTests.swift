import LosslessJSON
import Testing

@testable import GitState

/// Telling networks' files from foreign and from broken ones.
@Suite struct FileClassificationTests {
  @Test(arguments: [
    ("56", 56), (#""56""#, 56), ("1", 1), ("18446744073709551615", UInt64.max),
    (#""18446744073709551615""#, UInt64.max),
  ])
  func readsChainIDs(json: String, chainID: UInt64) throws {
    let file = try deployment(#"{"chainId":\#(json),"contracts":{}}"#)
    #expect(file.chainID.rawValue == chainID)
    #expect(file.contractNames.isEmpty)
  }

  @Test(arguments: [
    "0", "-1", "1.5", "1e2", "56.0", "-0", "18446744073709551616", "1e400",
    "99999999999999999999999999", #""056""#, #""0""#, #""""#, #"" 56""#, #""56 ""#, #""+56""#,
    #""0x38""#, #""5_6""#, #""٥٦""#, #""not-a-number""#, "null", "true", "[56]", "{}",
  ])
  func filesWithOtherChainIDsAreBroken(json: String) throws {
    let error = try broken(#"{"chainId":\#(json),"contracts":{}}"#)
    #expect(error.code == .backendUnavailable)
    #expect(error.file == "x.json")
    #expect(error.message.contains("x.json"))
    #expect(error.message.contains("chainId"))
  }

  @Test(arguments: ["null", "[]", #""x""#, "5", "false", #"[{"LookCoin":{}}]"#])
  func filesWhoseContractsAreNoObjectAreBroken(json: String) throws {
    let error = try broken(#"{"chainId":56,"contracts":\#(json)}"#)
    #expect(error.message.contains("contracts"))
    #expect(error.file == "x.json")
  }

  @Test(arguments: [
    #""implementationHashes":[]"#, #""implementationHashes":"0xh""#, #""network":5"#,
    #""network":["bsc"]"#,
  ])
  func filesWithOtherMembersOfWrongTypesAreBroken(member: String) throws {
    let error = try broken(#"{"chainId":56,"contracts":{},\#(member)}"#)
    #expect(error.message.contains(member.split(separator: "\"")[0]))
  }

  @Test(arguments: [
    "{}", "[]", "5", "null", "true", #""x""#, #"{"chainId":56}"#, #"{"contracts":{}}"#,
    #"{"chainId":"not-a-number"}"#, #"{"contracts":[]}"#, #"[{"chainId":56,"contracts":{}}]"#,
    #"{"ChainId":56,"contracts":{}}"#, #"{"config":{"chainId":56,"contracts":{}}}"#,
  ])
  func jsonThatLacksAChainOrContractsIsForeign(text: String) throws {
    guard case .foreign = DeploymentFile.parse(name: "x.json", bytes: Array(text.utf8)) else {
      Issue.record("\(text) is not taken for foreign")
      return
    }
  }

  @Test(arguments: [
    // The text, and where its fault is.
    (#"{"invalid": json}"#, 1, 13), (#"{"chainId":56,"contracts":{"#, 1, 28), ("", 1, 1),
    ("\n \n", 3, 1),
    ("{\n  \"chainId\": 56,\n  \"contracts\": {},\n}", 4, 1),
    ("{\"chainId\":56,\"contracts\":{}} x", 1, 31),
    ("{\"chainId\":56,\n\"contracts\":{\"A\":1,\n\"A\":2}}", 3, 1),
    ("{\"chainId\":56,\n\"contracts\":{\"A\":1,\n \"\\u0041\":2}}", 3, 2),
    ("{\"chainId\":56,\r\n\"chainId\":97,\r\n\"contracts\":{}}", 2, 1),
    ("\u{feff}{\"chainId\":56,\"contracts\":{}}", 1, 1),
    ("{'chainId':56,'contracts':{}}", 1, 2), ("{\"chainId\":56,\"contracts\":{},// x\n}", 1, 30),
    ("{\"chainId\":056,\"contracts\":{}}", 1, 13),
    ("{\"chainId\":56,\"contracts\":{\"A\":\"\\ud800\"}}", 1, 33),
    ("{\"chainId\":56,\"contracts\":{\"A\":NaN}}", 1, 32),
    (String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000), 1, 513),
    ("{\"chainId\":56,\"contracts\":{\"A\":\"\u{1}\"}}", 1, 33),
    (
      "{\n  \"chainId\": 56,\n<<<<<<< HEAD\n  \"contracts\": {}\n=======\n  \"contracts\": {\"A\":1}\n>>>>>>> x\n}\n",
      3, 1
    ),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n", 1, 1),
  ])
  func textThatDoesNotParseIsBrokenAtItsPlace(text: String, line: Int, column: Int) throws {
    let error = try broken(text)
    #expect(error.code == .backendUnavailable)
    #expect(error.file == "x.json")
    #expect(error.message.contains("x.json"))
    #expect(error.line == line)
    #expect(error.column == column)
  }

  @Test func bytesThatAreNoUTF8AreBroken() throws {
    let bytes = Array("{\"chainId\":56,\n\"contracts\":{\"A".utf8) + [0xFF] + Array("\":1}}".utf8)
    let error = try broken(bytes)
    #expect(error.line == 2)
    #expect(error.column == 16)
    let wide = "{\"chainId\":56,\"contracts\":{}}".utf16.flatMap {
      [UInt8($0 & 0xFF), UInt8($0 >> 8)]
    }
    #expect(try broken([0xFF, 0xFE] + wide).line == 1)
    #expect(try broken(wide).line == 1)
    #expect(try broken([0]).line == 1)
  }

  @Test func saysWhatBrokenFilesAre() throws {
    #expect(
      try broken("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n").message
        .contains("LFS"))
    let conflict = try broken("{\r\n<<<<<<< HEAD\r\n=======\r\n>>>>>>> x\r\n}\r\n")
    #expect(conflict.message.contains("conflict"))
    #expect(conflict.message.contains("line 2"))
    #expect(try broken(#"{"A":1,"A":2}"#).message.contains("duplicate"))
  }

  @Test func filesOfAllSortsOfLayoutAreRead() throws {
    for text in [
      "{\"contracts\":{},\"chainId\":56}", "\t{\r\n\"chainId\"\r:56 ,\n\"contracts\":{ } }\n\n",
      "{\"ch\\u0061inId\":56,\"contr\\u0061cts\":{}}",
    ] {
      #expect(try deployment(text).chainID == 56)
    }
  }

  private func broken(_ text: String) throws -> StateError { try broken(Array(text.utf8)) }

  private func broken(_ bytes: [UInt8]) throws -> StateError {
    guard case .broken(let error) = DeploymentFile.parse(name: "x.json", bytes: bytes) else {
      throw Unexpected(what: "the file is not taken for broken")
    }
    return error
  }
}
