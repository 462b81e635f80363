import Glibc
import LevelDB
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Full disks and broken files while a migration is under way.
@Suite(.scratchDirectory) struct MigrationTroubleTests {
  /// Which side is on the disk that fills up.
  enum Place: CaseIterable { case git, leveldb, both }

  private func putArguments(
    _ name: String, _ network: (chain: Int, name: String) = (56, "bscmainnet")
  )
    -> [String]
  {
    [
      "put", "\(network.chain)-\(name)", "--network", network.name, "--address", address("1"),
      "--timestamp", time, "--json",
    ]
  }

  private func names(in project: FilePath) async throws -> [String] {
    try await json("list", in: project).array?.compactMap { $0["contractName"]?.string } ?? []
  }

  /// What LevelDB itself has.
  private func pairs(_ folder: FilePath) throws -> Set<String> {
    let copy = try DatabaseCopy(of: folder.string)
    var keys: Set<String> = []
    try copy.database.forEach { key, _ in
      keys.insert(String(decoding: key, as: UTF8.self))
      return .next
    }
    return keys
  }

  /// Begins a migration, both sides having what `project` has.
  private func migrate(_ project: FilePath, from leveldb: FilePath, phase: Int) async throws {
    try await succeed("export", "--format", "leveldb", "--to", leveldb.string, in: project)
    try await succeed("migrate", "start", "--from", "leveldb:\(leveldb.string)", in: project)
    if phase == 2 { try await succeed("migrate", "cutover", in: project) }
  }

  @Test(
    .enabled(if: mayMount, "only root can mount a tiny disk"), arguments: [1, 2], Place.allCases)
  func aFullDiskLosesNothing(phase: Int, place: Place) async throws {
    try await withTinyDisk(2000) { disk in
      let project = (place == .leveldb ? scratch : disk).appending("project")
      let leveldb = (place == .git ? scratch : disk).appending("old")
      try makeFolders(project)
      try await git("init", "-q", "-b", "main", in: project)
      let first = try await gitstate(putArguments("First"), in: project)
      try #require(first.status == 0, "\(first.errors)")
      try await migrate(project, from: leveldb, phase: phase)
      var (expected, troubles) = (["First"], 0)
      for free in [0, 4, 12, 20, 32, 48] {
        let fill = try await runProgram(
          "sh", ["-c", "cat /dev/zero > fill 2>/dev/null; truncate -s -\(free)K fill"], in: disk)
        #expect(fill.status == 0, "\(fill.errors)")
        let put = try await gitstate(
          putArguments("Next\(free)") + ["--arg", String(repeating: "x", count: 20_000)],
          in: project)
        if put.status == 0 {
          expected.append("Next\(free)")
          if !put.errors.isEmpty { troubles += 1 }
        } else {
          troubles += 1
          let error = try JSONValue(parsing: put.output)["error"]
          #expect(error?["code"] == "STATE_WRITE_FAILED", "\(free): \(put.text)")
        }
        try removeFile(disk.appending("fill"))
        // What was answered is there, by way of the journal where a side has it not.
        #expect(try await names(in: project) == expected.sorted(), "\(free): \(put.text)")
        let after = try await gitstate(putArguments("After\(free)"), in: project)
        #expect(after.status == 0 && after.errors.isEmpty, "\(free): \(after.text)")
        expected.append("After\(free)")
        #expect(try await json("migrate", "verify", in: project)["isEqual"] == true)
      }
      #expect(troubles > 0)
      #expect(try await names(in: project) == expected.sorted())
      #expect(try pairs(leveldb) == Set(expected.map { "56-\($0)" }))
      try await expectSound(project)
    }
  }

  @Test(
    arguments: [1, 2],
    [
      "{\"invalid\": json}", "{\"network\":\"bscmainnet\",\"chainId\":56,\"contr",
      "{\"network\":\"bscmainnet\",\"chainId\":\"not-a-number\",\"contracts\":{}}",
      "{\"network\":\"bscmainnet\",\"chainId\":56,\"contracts\":null}", "\u{FEFF}{}",
      "{\"network\":\"bscmainnet\",\"chainId\":56,\"contracts\":{},\"a\":"
        + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000) + "}",
    ])
  func aBrokenFileStopsItsNetworkAlone(phase: Int, content: String) async throws {
    let project = try await sampleRepository()
    let leveldb = scratch.appending("old")
    try await migrate(project, from: leveldb, phase: phase)
    try await commit(["deployments/bscmainnet.json": content], in: project, message: "Break")
    // What LevelDB has is an answer in both phases, what it has not is none in phase 2.
    #expect(
      try await json("get", "56-Token", in: project)["contractName"] == "Token")
    let missing = try await gitstate("get", "56-Missing", "--json", in: project)
    #expect(missing.status == (phase == 1 ? 3 : 1), "\(missing.text)")
    if phase == 2 {
      #expect(
        try JSONValue(parsing: missing.output)["error"]?["file"] == "deployments/bscmainnet.json")
    }
    // Other networks go on.
    let other = try await gitstate(putArguments("Other", (84532, "base-sepolia")), in: project)
    #expect(other.status == 0, "\(other.text)")
    #expect(try pairs(leveldb).contains("84532-Other"))
    // The file stays as it is, and what is written to its network waits for it.
    let put = try await gitstate(putArguments("New"), in: project)
    if put.status == 0 {
      #expect(put.errors.contains("deployments/bscmainnet.json"), "\(put.errors)")
      #expect(try await json("get", "56-New", in: project)["contractName"] == "New")
      #expect(try await json("migrate", "status", in: project)["pending"]?["git"] == 1)
    }
    #expect(
      try readFile(project.appending("deployments/bscmainnet.json")) == Array(content.utf8))
    #expect(try await gitstate("migrate", "cutover", in: project).status != 0)
    try await git("revert", "--no-edit", "HEAD^{/^Break}", in: project)
    let last = try await gitstate(putArguments("Last"), in: project)
    #expect(last.status == 0 && last.errors.isEmpty, "\(last.text)")
    #expect(try await json("migrate", "verify", in: project)["isEqual"] == true)
    let found = try await names(in: project)
    #expect(found.contains("Last"))
    #expect(found.contains("New") == (put.status == 0))
    try await expectSound(project)
  }

  @Test(arguments: [1, 2, 3]) func aRecordInTheFileOfAnotherChainIsNamed(phase: Int) async throws {
    let project = try await sampleRepository()
    let leveldb = scratch.appending("old")
    try await migrate(project, from: leveldb, phase: min(phase, 2))
    if phase == 3 { try await succeed("migrate", "complete", in: project) }
    let file = project.appending("deployments/bscmainnet.json")
    let text = String(decoding: try readFile(file), as: UTF8.self)
    let stray = text.replacing("\"Token\": {", with: "\"Token\": { \"chainId\": 97,")
    try #require(stray != text)
    try await commit(["deployments/bscmainnet.json": stray], in: project)
    // In phase 1 LevelDB is right, where the record is under its own key; the comparison tells then.
    let command = phase == 1 ? ["migrate", "verify"] : ["verify"]
    let verified = try await gitstate(command, in: project)
    #expect(verified.status == 4, "\(verified.text)")
    for word in ["56-Token", "97"] { #expect(verified.text.contains(word), "\(verified.text)") }
  }
}
