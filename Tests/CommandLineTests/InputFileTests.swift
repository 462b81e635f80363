import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Keys, networks and files as people give them to `put` and `import json`.
@Suite(.scratchDirectory) struct InputFileTests {
  private func record(_ name: String, _ digit: Character, chain: String = "56") -> String {
    """
    {"contractName":"\(name)","chainId":\(chain),"networkName":"bscmainnet",\
    "address":"\(address(digit))","factoryByteCodeHash":"","timestamp":1}
    """
  }

  @Test func aFileThatCannotBeReadIsNamed() async throws {
    let project = try await sampleRepository()
    for command in [["put", "--file"], ["import", "json"]] {
      let missing = try await gitstate(command + ["nowhere.json"], in: project)
      #expect(missing.status == 64)
      #expect(
        missing.errors == "gitstate: nowhere.json could not be read: No such file or directory\n")
      let folder = try await gitstate(command + ["deployments"], in: project)
      #expect(folder.status == 64)
      #expect(folder.errors.contains("deployments could not be read: Is a directory"))
    }
  }

  @Test func aFileIsLookedForWhereTheCommandWorks() async throws {
    let project = try await sampleRepository()
    try writeFile(project.appending("record.json"), record("New", "7"))
    try await succeed("-C", "project", "put", "--file", "record.json", in: scratch)
    try writeFile(project.appending("record.json"), record("Other", "7"))
    try await succeed("-C", "project", "import", "json", "record.json", in: scratch)
    #expect(try await json("list", "56", in: project).array?.count == 4)
    try await expectSound(project, status: "?? record.json")
  }

  @Test(arguments: [
    ("\"chainId\":56", "\"chainId\":\"0x38\"", "chainId", "0x38"),
    ("\"chainId\":56", "\"chainId\":0", "chainId", "0"),
    ("\"chainId\":56", "\"chainId\":5.6e1", "chainId", "5.6e1"),
    ("\"contractName\":\"New\"", "\"contractName\":\"\"", "contractName", "\"\""),
    ("\"contractName\":\"New\"", "\"contractName\":5", "contractName", "5"),
    ("\"networkName\":\"bscmainnet\"", "\"networkName\":\"../x\"", "networkName", "../x"),
    ("\"factoryByteCodeHash\":\"\"", "\"factoryByteCodeHash\":\"0x1\"", "Hash", "0x1"),
    ("\"timestamp\":1", "\"timestamp\":\"now\"", "timestamp", "now"),
  ])
  func aMalformedRecordStopsAllOfThem(old: String, new: String, field: String, value: String)
    async throws
  {
    let project = try await sampleRepository()
    let input = "[\(record("Good", "7")),\(record("New", "7").replacing(old, with: new))]"
    let refused = try await refusalLeavingAll(
      of: project, "put", "--file", "-", input: input)
    #expect(refused.status == 1)
    #expect(refused.code == "VALIDATION_FAILED")
    #expect(refused.message.contains(field) && refused.message.contains(value))
  }

  @Test func aDocumentThatIsNoneIsNamedWithItsPlace() async throws {
    let project = try await sampleRepository()
    try writeFile(project.appending("x.json"), "{\n  \"a\": 01}")
    for command in [["put", "--file", "x.json"], ["import", "json", "x.json"]] {
      let result = try await gitstate(command + ["--json"], in: project)
      let error = try #require(try JSONValue(parsing: result.output)["error"]?.object)
      #expect(result.status == 1)
      #expect(error.keys == ["code", "message", "file", "line", "column"])
      #expect(error["code"] == "SERIALIZATION_FAILED")
      #expect(error["file"] == "x.json")
      #expect(error["line"] == 2)
    }
    for document in [
      "5", "[5]", "{\"format\":\"json\",\"contracts\":{\"56-A\":\(record("B", "1"))}}",
    ] {
      let refused = try await refusalLeavingAll(of: project, "put", "--file", "-", input: document)
      #expect(refused.code == "VALIDATION_FAILED")
    }
  }

  @Test func aDocumentWithTwoRecordsOfOneContractIsRefused() async throws {
    let project = try await sampleRepository()
    let input = "[\(record("New", "7")),\(record("Other", "7")),\(record("New", "8"))]"
    let refused = try await refusalLeavingAll(of: project, "put", "--file", "-", input: input)
    #expect(refused.code == "VALIDATION_FAILED")
    #expect(refused.message.contains("56-New"))
    // An import would keep the last one, without a word about the other.
    let unimported = try await refusalLeavingAll(
      of: project, "import", "json", "-", "--overwrite", input: input)
    #expect(unimported.message.contains("56-New"))
  }

  @Test func aRecordThatIsNoneIsNamedWithItsFileAndPlace() async throws {
    let project = try await sampleRepository()
    let unnamed = record("New", "8").replacing("\"contractName\":\"New\",", with: "")
    for (document, place) in [
      ("[\(record("New", "7")),{\"contractName\":\"Q\"}]", "record 2"),
      ("[\(record("New", "7")),5]", "record 2"), (unnamed, "the record"),
      ("{\"contracts\":{\"56-New\":\(unnamed)}}", "\"56-New\""),
      ("{\"contracts\":{\"56-Old\":\(record("New", "7"))}}", "\"56-Old\""),
    ] {
      try writeFile(project.appending("x.json"), document)
      for command in [["put", "--file", "x.json"], ["import", "json", "x.json"]] {
        let before = try TreeRecord(project)
        let result = try await gitstate(command + ["--json"], in: project)
        let error = try JSONValue(parsing: result.output)["error"]
        #expect(result.status == 1)
        #expect(error?["file"] == "x.json", "\(result.text)")
        #expect(error?["message"]?.string?.contains("x.json: ") == true, "\(result.text)")
        #expect(error?["message"]?.string?.contains(place) == true, "\(result.text)")
        #expect(before.differences(to: try TreeRecord(project)) == [])
      }
    }
    let empty = try await refusal("import", "json", "-", in: project)
    #expect(empty.message.contains("standard input is no JSON"))
  }

  @Test func aFileOfOneRecordThatIsThereIsSpokenOfAsOne() async throws {
    let project = try await sampleRepository()
    try await succeed("put", "--file", "-", in: project, input: record("New", "7"))
    #expect(
      try await succeed("put", "--file", "-", in: project, input: record("New", "7"))
        == "nothing to record: 56-New is recorded so already")
  }

  @Test func anEmptyDocumentIsNothingToRecord() async throws {
    let project = try await sampleRepository()
    #expect(
      try await succeed("put", "--file", "-", in: project, input: "[]")
        == "nothing to record: standard input has no records")
    let answer = try await json("import", "json", "-", in: project, input: "[]")
    #expect(answer["read"] == 0 && answer["to"] == .null)
    #expect(try await commitCount(in: project) == 1)
  }

  @Test func anImportKeepsWhatIsThereUnlessToldOtherwise() async throws {
    let project = try await sampleRepository()
    let input = "[\(record("Token", "8")),\(record("New", "7"))]"
    let before = try TreeRecord(project)
    let trial = try await json("import", "json", "-", "--dry-run", in: project, input: input)
    #expect(trial["added"] == 1 && trial["kept"] == 1 && trial["to"] == .null)
    #expect(before.differences(to: try TreeRecord(project)) == [])
    let report = try await json("import", "json", "-", "-m", "from CI", in: project, input: input)
    #expect(report["added"] == 1 && report["kept"] == 1)
    #expect(report["differences"]?[0]?["key"] == "56-Token")
    #expect(
      try await git("log", "-1", "--format=%B", in: project)
        .hasPrefix("Import: bscmainnet: add New\n\nfrom CI\n"))
    let overwritten = try await json(
      "import", "json", "-", "--overwrite", in: project, input: input)
    #expect(overwritten["updated"] == 1 && overwritten["unchanged"] == 1)
    #expect(try await succeed("get", "56-Token", "--field", "address", in: project) == address("8"))
    try await expectSound(project)
  }

  @Test func aNetworkNamesItsChainUnlessSeveralHaveTheName() async throws {
    let project = try await sampleRepository()
    try await succeed("put", "bscmainnet/a/b.sol:C", "--address", address("1"), in: project)
    #expect(try await json("get", "56-a/b.sol:C", in: project)["contractName"] == "a/b.sol:C")
    let unknown = try await refusalLeavingAll(
      of: project, "put", "nonet/A", "--address", address("1"))
    #expect(unknown.status == 64)
    #expect(unknown.message.contains("nonet"))
    #expect(unknown.message.contains("chain ID"))
    let nameless = try await refusalLeavingAll(of: project, "put", "5-A", "--address", address("1"))
    #expect(nameless.code == "VALIDATION_FAILED")
    #expect(nameless.message.contains("--network"))
    try await commit(
      ["deployments/copy.json": "{\"network\":\"bscmainnet\",\"chainId\":57,\"contracts\":{}}"],
      in: project)
    let ambiguous = try await refusalLeavingAll(
      of: project, "put", "bscmainnet/A", "--address", address("1"))
    #expect(ambiguous.status == 64)
    #expect(ambiguous.message.contains("deployments/bscmainnet.json"))
    #expect(ambiguous.message.contains("deployments/copy.json"))
    try await succeed("put", "56/A", "--address", address("1"), in: project)
  }

  @Test func aChainThatIsNoneIsNamedAsSuch() async throws {
    let project = try await sampleRepository()
    for (arguments, status) in [
      (["query", "--chain", "0"], 64), (["list", "007"], 64),
      (["export", "--chain", "18446744073709551616"], 64), (["log", "0"], 64),
      (["log", "0-Token"], 1), (["log", "18446744073709551616-Token"], 1),
      (["diff", "HEAD", "--only", "0/Token"], 1),
    ] {
      let result = try await gitstate(arguments, in: project)
      #expect(Int(result.status) == status, "\(arguments)")
      #expect(result.errors.contains("2^64-1"), "\(result.errors)")
    }
    let nameless = try await refusal("log", "56-", in: project)
    #expect(nameless.message.contains("contractName is empty"))
    // A network may be called like anything.
    try await commit(
      ["deployments/odd.json": "{\"network\":\"0-net\",\"chainId\":57,\"contracts\":{}}"],
      in: project)
    try await put("A", "1", in: project, chain: "57", network: nil)
    #expect(try await json("log", "0-net", in: project).array?.count == 1)
  }

  @Test func aFreshStartWithoutAnAddressIsRefusedAsSuch() async throws {
    let project = try await sampleRepository()
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-Token", "--replace", "--proxy", address("7"))
    #expect(refused.message.contains("--replace"))
    #expect(!refused.message.contains("not recorded"))
  }

  @Test func anEmptyProxyRemovesIt() async throws {
    let project = try await sampleRepository()
    let answer = try await json(
      "put", "56-Token", "--proxy", "", "--timestamp", time, in: project)
    #expect(answer["changes"]?[0]?["kind"] == "redeployed")
    let fields = answer["changes"]?[0]?["fields"]?.array
    #expect(fields?.last == ["path": "proxyAddress", "old": .string(address("1"))])
    #expect(
      try await succeed("get", "56-Token", "--field", "liveAddress", in: project) == address("2"))
    #expect(
      try await refusal("get", "56-Token", "--field", "proxyAddress", in: project).status == 3)
  }
}
