import LevelDB
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Importing from and exporting to LevelDB folders and documents.
@Suite(.scratchDirectory) struct ImportExportTests {
  /// A LevelDB folder with pairs.
  private func levelDB(_ pairs: [String: String], _ name: String = "leveldb") throws -> FilePath {
    let path = scratch.appending(name)
    let database = try Database(path: path.string, options: .creatingNew)
    for (key, value) in pairs { try database.put(Array(value.utf8), forKey: Array(key.utf8)) }
    return path
  }

  private func record(_ name: String, chain: String = "56", network: String = "bscmainnet")
    -> String
  {
    "{\"contractName\":\"\(name)\",\"chainId\":\(chain),\"networkName\":\"\(network)\","
      + "\"address\":\"\(address("1"))\",\"factoryByteCodeHash\":\"\(hash("a"))\",\"timestamp\":1}"
  }

  @Test func invalidPairsStopTheImport() async throws {
    let project = try await sampleRepository()
    let source = try levelDB([
      "56-Good": record("Good"), "nonsense": "{}", "56-Array": "[]", "56-Broken": "{\"half",
      "56-Other": record("Name"), "56-Chain": record("Chain", chain: "97"), "056-X": record("X"),
    ])
    let before = try TreeRecord(source, withTimes: true)
    let refused = try await refusalLeavingAll(of: project, "import", "leveldb", source.string)
    let keys = ["nonsense", "56-Array", "56-Broken", "56-Other", "56-Chain", "056-X"]
    for key in keys {
      #expect(refused.text.contains("\n  \"\(key)\" "), "\(key)")
    }
    #expect(refused.text.contains("\n  \"56-Other\" says that its contractName is \"Name\"\n"))
    #expect(refused.text.contains("\n  \"56-Chain\" says that its chainId is 97\n"))
    #expect(refused.document["invalid"] == 6)
    let named = refused.document["invalidRecords"]?.array?.compactMap { $0["key"]?.string }
    #expect(named?.sorted() == keys.sorted())
    #expect(refused.message.contains("--skip-invalid"))
    let report = try await json("import", "leveldb", source.string, "--skip-invalid", in: project)
    #expect(report["read"] == 7)
    #expect(report["added"] == 1)
    #expect(report["invalid"] == 6)
    #expect(report["invalidRecords"]?.array?.count == 6)
    #expect(before.differences(to: try TreeRecord(source, withTimes: true)) == [])
    try await expectSound(project)
  }

  @Test func everyInvalidPairIsNamedHoweverMany() async throws {
    let project = try await sampleRepository()
    let pairs = Dictionary(uniqueKeysWithValues: (10..<60).map { ("bad\($0)", "{}") })
    let source = try levelDB(pairs)
    let refused = try await refusalLeavingAll(of: project, "import", "leveldb", source.string)
    for key in pairs.keys { #expect(refused.text.contains("\n  \"\(key)\" "), "\(key)") }
    #expect(refused.document["invalidRecords"]?.array?.count == 50)
  }

  @Test func recordsThatAPutWouldRefuseAreOdd() async throws {
    let project = try await newRepository()
    let source = try levelDB([
      "5-A": record("A", chain: "5", network: "../evil"),
      "8-B": record("B", chain: "\"8\""), "9-C": record("C", chain: "9"),
    ])
    let report = try await json("import", "leveldb", source.string, in: project)
    #expect(report["odd"] == 2)
    #expect(
      report["oddRecords"]?.array?.compactMap { $0["key"]?.string } == ["5-A", "8-B"])
    #expect(try await json("get", "8-B", in: project)["chainId"] == "8")
  }

  @Test func aDeploymentOfTheYear9999HasItsDateInTheLog() async throws {
    let project = try await newRepository()
    let late = record("Late", chain: "5").replacing(
      "\"timestamp\":1}", with: "\"timestamp\":253402300799999}")
    let source = try levelDB(["5-Late": late, "5-Now": record("Now", chain: "5")])
    try await succeed("import", "leveldb", source.string, "--history", in: project)
    #expect(try await git("log", "--format=%at %s", in: project).hasPrefix("253402300799 "))
    #expect(
      try await git("log", "-1", "--format=%an <%ae> %cn %ct", in: project)
        == "Ada Deployer <ada@example.org> Ada Deployer 1753441878")
    try await expectSound(project)
  }

  @Test func aDryRunWritesNothing() async throws {
    let project = try await sampleRepository()
    let source = try levelDB(["56-Good": record("Good"), "56-Token": record("Token")])
    let before = try TreeRecord(project)
    let report = try await json("import", "leveldb", source.string, "--dry-run", in: project)
    #expect(report["added"] == 1)
    #expect(report["kept"] == 1)
    #expect(report["to"] == .null)
    #expect(before.differences(to: try TreeRecord(project)) == [])
  }

  @Test func aNetworkNameThatNamesNoFileIsKeptInTheRecord() async throws {
    let project = try await newRepository()
    let source = try levelDB(["5-A": record("A", chain: "5", network: "../evil")])
    try await succeed("import", "leveldb", source.string, in: project)
    #expect(try entries(of: project.appending("deployments")) == ["chain5.json"])
    #expect(try await json("get", "5-A", in: project)["networkName"] == "../evil")
    try await expectSound(project)
  }

  @Test func exportsGoBack() async throws {
    let project = try await newRepository()
    let pairs = [
      "56-contracts/x.sol:X": record("contracts/x.sol:X"), "97-Y": record("Y", chain: "97"),
      "1-é": record("é", chain: "1", network: "main"),
    ]
    let source = try levelDB(pairs)
    try await succeed("import", "leveldb", source.string, in: project)
    try await succeed("export", "--format", "leveldb", "--to", "out", in: project)
    let copy = try DatabaseCopy(of: project.appending("out").string)
    var found: [String: String] = [:]
    try copy.database.forEach { key, value in
      found[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
      return .next
    }
    #expect(found == pairs)
    let document = try await json("export", in: project)
    #expect(document["format"] == "json")
    #expect(document["totalContracts"] == 3)
    #expect(document["contracts"]?.object?.keys == ["1-é", "56-contracts/x.sol:X", "97-Y"])
    #expect(
      try await json("export", "--chain", "97", in: project)["contracts"]?.object?.keys == ["97-Y"])
    #expect(
      try await gitstate("export", "--format", "leveldb", "--to", "out", in: project).status == 1)

    let other = try await newRepository("other")
    try await succeed("export", "--to", "../export.json", in: project)
    let report = try await json("import", "json", "../export.json", in: other)
    #expect(report["added"] == 3)
    #expect(try await json("list", in: other) == json("list", in: project))
  }

  @Test func aFolderThatIsOpenElsewhereIsRefused() async throws {
    let project = try await sampleRepository()
    let source = try levelDB(["56-Good": record("Good")])
    try await withFileLocked(source.appending("LOCK")) { process in
      let refused = try await refusalLeavingAll(of: project, "import", "leveldb", source.string)
      #expect(refused.code == "LOCK_TIMEOUT")
      #expect(refused.message.contains(source.string))
      #expect(refused.message.contains("\(process)"))
    }
    try await succeed("import", "leveldb", source.string, in: project)
  }

  @Test func brokenFoldersAreNamed() async throws {
    let project = try await sampleRepository()
    let source = try levelDB(["56-Good": record("Good")])
    try writeFile(source.appending("CURRENT"), "<<<<<<< HEAD\nMANIFEST-000002\n=======\n")
    let markers = try await refusalLeavingAll(of: project, "import", "leveldb", source.string)
    #expect(markers.message.contains("CURRENT") && markers.message.contains("conflict markers"))
    #expect(markers.code == "BACKEND_UNAVAILABLE")
    try removeFile(source.appending("CURRENT"))
    #expect(
      try await refusalLeavingAll(of: project, "import", "leveldb", source.string).code
        == "BACKEND_UNAVAILABLE")
    let nowhere = try await refusalLeavingAll(of: project, "import", "leveldb", "nowhere")
    #expect(nowhere.message.contains("nowhere"))

    let second = try levelDB(["56-Good": record("Good")], "second")
    try Database(path: second.string).compact()
    let tables = try entries(of: second).filter { $0.hasSuffix(".ldb") }
    for table in tables { try removeFile(second.appending(table)) }
    let missing = try await refusalLeavingAll(of: project, "import", "leveldb", second.string)
    #expect(tables.contains { missing.message.contains($0.prefix(6)) }, "\(missing.message)")
  }
}
