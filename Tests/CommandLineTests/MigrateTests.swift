import LevelDB
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// A migration as a team goes through it, with the built program.
@Suite(.scratchDirectory) struct MigrateTests {
  private let leveldb = scratch.appending("old")

  /// A repository with files, and a LevelDB folder that has one contract more.
  private func project() async throws -> FilePath {
    let project = try await sampleRepository()
    try await succeed("export", "--format", "leveldb", "--to", "../old", in: project)
    try write(["97-Faucet": recordText("Faucet", chain: 97, "6")])
    return project
  }

  private func recordText(_ name: String, chain: Int, _ digit: Character) -> String {
    """
    {"contractName":"\(name)","chainId":\(chain),"networkName":"bsctestnet",\
    "address":"\(address(digit))","factoryByteCodeHash":"\(hash("a"))","timestamp":9}
    """
  }

  /// Writes pairs as an old script does.
  private func write(_ pairs: [String: String]) throws {
    let database = try Database(path: leveldb.string)
    for (key, value) in pairs { try database.put(Array(value.utf8), forKey: Array(key.utf8)) }
  }

  private func pairs() throws -> [String: String] {
    let copy = try DatabaseCopy(of: leveldb.string)
    var pairs: [String: String] = [:]
    try copy.database.forEach { key, value in
      pairs[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
      return .next
    }
    return pairs
  }

  @Test func aWholeMigration() async throws {
    let project = try await project()
    #expect(try await json("migrate", "status", in: project)["phase"] == .null)
    let start = try await json("migrate", "start", "--from", "leveldb:../old", in: project)
    #expect(start["onlyInSource"] == ["97-Faucet"])
    // Reads come from LevelDB, and leave its folder as it is.
    let before = try TreeRecord(leveldb, withTimes: true)
    #expect(
      try await succeed("get", "97-Faucet", "--field", "address", in: project) == address("6"))
    #expect(try await json("list", in: project).array?.count == 4)
    #expect(try await json("verify", in: project)["contractCount"] == 4)
    #expect(before.differences(to: try TreeRecord(leveldb, withTimes: true)) == [])
    // A put goes to both.
    try await put("Vault", "7", in: project)
    #expect(try pairs()["56-Vault"]?.contains(address("7")) == true)
    #expect(
      try await git("show", "HEAD:deployments/bscmainnet.json", in: project).contains("Vault"))

    let verified = try await gitstate("migrate", "verify", "--json", in: project)
    #expect(verified.status == 4)
    let refused = try await refusal("migrate", "cutover", in: project)
    #expect(refused.code == "MIGRATION_FAILED")
    #expect(refused.message.contains("97-Faucet"))
    let synced = try await json("migrate", "sync", in: project)
    #expect(synced["copied"] == ["97-Faucet"])
    #expect(synced["before"]?.string == (try await git("rev-parse", "HEAD~1", in: project)))
    #expect(try await json("migrate", "verify", in: project)["isEqual"] == true)
    #expect(try await json("migrate", "cutover", "-m", "agreed", in: project)["phase"] == 2)
    #expect(
      try await git(
        "log", "-1", "--format=%s|%(trailers:key=GitState-Phase,valueonly)", in: project
      )
      .hasPrefix("Migration: reads come from git|cutover"))
    try await put("Vault", "8", in: project)
    #expect(try pairs()["56-Vault"]?.contains(address("8")) == true)
    #expect(try await json("migrate", "complete", in: project)["phase"] == 3)
    try await put("Vault", "9", in: project)
    #expect(try pairs()["56-Vault"]?.contains(address("8")) == true)
    #expect(try await json("migrate", "rollback", in: project)["phase"] == 1)
    #expect(try pairs()["56-Vault"]?.contains(address("9")) == true)
    let status = try await json("migrate", "status", in: project)
    #expect(status["phaseName"] == "dual-write")
    #expect(status["pending"]?["leveldb"] == 0)
    try await expectSound(project)
  }

  @Test func aScriptThatHoldsLevelDBIsNamed() async throws {
    let project = try await project()
    try await succeed("migrate", "start", "--from", "leveldb:../old", in: project)
    try await succeed("migrate", "sync", in: project)
    try await withFileLocked(leveldb.appending("LOCK")) { process in
      // LevelDB is the truth: neither a read nor a write can do without it.
      for arguments in [
        ["get", "97-Faucet", "--lock-timeout", "0.1"],
        ["get", "97-Nobody", "--lock-timeout", "0.1"],
        ["list", "--lock-timeout", "0.1"],
        ["put", "97-Faucet", "--address", address("5"), "--lock-timeout", "0.1"],
      ] {
        let result = try await gitstate(arguments + ["--json"], in: project)
        #expect(result.status == 1)
        let error = try JSONValue(parsing: result.output)["error"]
        #expect(error?["code"] == "LOCK_TIMEOUT")
        #expect(error?["message"]?.string?.contains("\(process)") == true)
      }
    }
    let count = try await commitCount(in: project)
    try await succeed("migrate", "cutover", in: project)
    #expect(try await commitCount(in: project) == count + 1)
    try await withFileLocked(leveldb.appending("LOCK")) { process in
      let result = try await gitstate(
        "put", "97-Faucet", "--address", address("5"), "--timestamp", time, "--lock-timeout", "0.1",
        in: project)
      #expect(result.status == 0)
      #expect(result.errors.contains("LevelDB could not be written"))
      #expect(result.errors.contains("\(process)"))
      #expect(
        try await succeed("get", "97-Faucet", "--field", "address", in: project)
          == address("5"))
      let status = try await json("migrate", "status", in: project)
      #expect(status["pending"]?["leveldb"] == 1)
    }
    let refused = try await gitstate("migrate", "complete", in: project)
    #expect(refused.status == 0, "the entry is replayed first: \(refused.errors)")
    #expect(try pairs()["97-Faucet"]?.contains(address("5")) == true)
  }

  @Test func revertsGoThroughTheJournal() async throws {
    let project = try await project()
    try await succeed("migrate", "start", "--from", "leveldb:../old", in: project)
    try await succeed("migrate", "sync", in: project)
    let commit = try await put("Token", "7", in: project)
    try await succeed("revert", commit, in: project)
    // At once, since old scripts read LevelDB.
    #expect(try pairs()["56-Token"]?.contains(address("2")) == true)
    #expect(try await json("migrate", "status", in: project)["isBehindGit"] == false)
    #expect(
      try await succeed("get", "56-Token", "--field", "address", in: project) == address("2"))
    #expect(try await json("migrate", "verify", in: project)["isEqual"] == true)
  }

  @Test func aRevertDoesWhatPendsForGitFirst() async throws {
    let project = try await project()
    try await succeed("migrate", "start", "--from", "leveldb:../old", in: project)
    try await succeed("migrate", "sync", in: project)
    let lock = project.appending(".git/index.lock")
    try writeFile(lock, "")
    let put = try await gitstate(
      "put", "56-Token", "--address", address("7"), "--timestamp", time, "--lock-timeout", "0.1",
      in: project)
    #expect(put.status == 0 && put.errors.contains("git could not be written"), "\(put.text)")
    try removeFile(lock)
    try await succeed("revert", "HEAD", in: project)
    let field = try await succeed("get", "56-Token", "--field", "address", in: project)
    #expect(field != address("7"))
    #expect(try await json("migrate", "verify", in: project)["isEqual"] == true)
  }

  @Test func oddPairsAreTakenAsTheyAreAndOthersStay() async throws {
    let project = try await project()
    try write([
      "config": "{}", "56-Broken": "{half", "31337-Odd": recordText("Odd", chain: 31337, "x"),
    ])
    let start = try await json("migrate", "start", "--from", "leveldb:../old", in: project)
    #expect(start["otherPairs"]?[0]?["key"] == "config")
    #expect(start["oddRecords"]?[0]?["key"] == "31337-Odd")
    #expect(start["onlyInSourceOnRealNetworks"] == ["56-Broken", "97-Faucet"])
    let synced = try await gitstate("migrate", "sync", "--json", in: project)
    #expect(synced.status == 5)
    let report = try JSONValue(parsing: synced.output)
    #expect(report["copied"] == ["97-Faucet", "31337-Odd"])
    #expect(report["conflicts"]?[0]?["key"] == "56-Broken")
    // It cannot be read, so it is not absent, and nothing is switched over it unseen.
    #expect(try await refusal("get", "56-Broken", in: project).code == "SERIALIZATION_FAILED")
    #expect(try await refusal("migrate", "cutover", in: project).code == "MIGRATION_FAILED")
    try await put("Broken", "7", in: project, more: ["--replace"])
    try await succeed("migrate", "cutover", in: project)
    #expect(try pairs()["config"] == "{}")
  }

  @Test func argumentsThatMakeNoSenseAreRefused() async throws {
    let project = try await project()
    #expect(try await gitstate("migrate", "start", "--from", "../old", in: project).status == 64)
    #expect(
      try await refusal("migrate", "start", "--from", "leveldb:../nowhere", in: project).code
        == "BACKEND_UNAVAILABLE")
    #expect(try await refusal("migrate", "sync", in: project).message.contains("migrate start"))
    try await succeed("migrate", "start", "--from", "leveldb:../old", in: project)
    #expect(
      try await refusal("migrate", "sync", "--resolve", "56-Token=both", in: project).status == 64)
    #expect(try await refusal("migrate", "complete", in: project).code == "MIGRATION_FAILED")
  }
}
