import Git
import GitState
import LevelDB
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The code of the documentation's articles, run.
@Suite(.scratchDirectory) struct ArticleTests {
  @Test func theMainJobInSwift() async throws {
    let project = ScratchDirectory.current.path.appending("project").string
    try await git("init", "-q", "-b", "main", project, in: ScratchDirectory.current.path)
    try await git(
      "config", "user.name", "Ada", in: ScratchDirectory.current.path.appending("project"))
    try await git(
      "config", "user.email", "ada@example.org",
      in: ScratchDirectory.current.path.appending("project"))
    try await git("init", "-q", "--bare", "backup.git", in: ScratchDirectory.current.path)
    try makeLevelDB(at: "\(project)/leveldb")

    _ = try GitBackend.prepare(project, branch: nil, deployments: nil)
    let state = try await StateManager(git: GitBackendOptions(directory: project))

    let report = try await state.withGit { git throws(StateError) in
      let records = try LevelDBRecords(copying: "\(project)/leveldb")
      return try RecordImporter(into: git).run(records, source: "leveldb")
    }
    #expect(report.read == 2)
    #expect(report.added == 2)
    #expect(report.kept == 0)

    var upgrade = ContractUpdate(ContractKey(56, "Token"), defaultTimestamp: 1_753_441_878_006)
    upgrade.address = "0xF978A855042D39a81cF620B9dB6730a41Ba36270"
    upgrade.implementationHash =
      "0x035df318e7b4d02767fc5d749d77c0cd1f8a24e45950df940b71de21b6b81d49"
    let answer = try await state.update(upgrade, reason: "fix the fee rounding")
    #expect(answer.changes.changes.map(\.kind) == [.upgraded])

    let token = try #require(try await state.contract(ContractKey(56, "Token")))
    #expect(token.liveAddress == "0x7d919E3ac306BBA4e5c85E40fB665126586C992d")
    #expect(token.address == "0xF978A855042D39a81cF620B9dB6730a41Ba36270")
    let newest = try await state.query(ContractQuery(sort: .timestamp, order: .descending))
    #expect(newest.map(\.name) == ["Token", "Oracle"])

    let log = try await state.withGit { git throws(StateError) in
      try git.log(LogQuery(selector: .contract(ContractKey(56, "Token"))))
    }
    #expect(
      log.entries.map(\.subject) == [
        "bscmainnet: upgrade Token", "Import: bscmainnet: add 2 contracts",
      ])

    let commit = try #require(answer.changes.to)
    let undone = try await state.withGit { git throws(StateError) in
      try git.revert([commit], reason: "the new implementation is broken")
    }
    #expect(undone.changes.summary == "bscmainnet: upgrade Token")
    #expect(
      try await state.contract(ContractKey(56, "Token"))?.address
        == "0x95e63b29ea7C3F3fA59316c773701dA8c5AD1c34")

    let backup = ScratchDirectory.current.path.appending("backup.git")
    let pushed = try await state.withGit { git throws(StateError) in
      try git.addRemote("origin", url: backup.string)
      return try git.push(to: "origin")
    }
    await state.close()
    #expect(try await git("rev-parse", "main", in: backup) == pushed.commit)
    #expect(
      try await git("log", "--format=%s", "main", in: backup).split(separator: "\n").count == 3)
  }

  @Test func migratingInSwift() async throws {
    let scratch = ScratchDirectory.current.path
    let project = scratch.appending("project").string
    let options = try await GitFixture.options(at: project)
    let old = scratch.appending("old-state").string
    try makeLevelDB(at: old)

    let backend = try MigrationBackend(options)
    let before = try backend.start(from: old)
    #expect(before.onlyInSource.count == 2)
    #expect(before.different.isEmpty)

    let report = try backend.sync()
    #expect(report.conflicts.isEmpty)
    #expect(report.copied.count == 2)

    let parity = try backend.compare()
    #expect(parity.agreement == 100)
    #expect(parity.soundness == 100)

    let state = StateManager(backend: backend)
    let answer = try await state.put(
      Contract(
        name: "Vault", chainID: 56, networkName: "bscmainnet",
        address: "0x9C03e7F8a12b6D5E4907c1B3f9D27C0b8E61a45D", timestamp: 1_753_441_878_006))
    #expect(answer.warnings.isEmpty)

    _ = try backend.cutOver(reason: "two weeks without a difference")
    _ = try backend.rollBack(reason: "the indexer still reads LevelDB")
    _ = try backend.cutOver()
    #expect(try backend.complete().parity?.agreeing == 3)
    await state.close()
  }

  private func makeLevelDB(at path: String) throws {
    let database = try Database(path: path, options: .creatingNew)
    for contract in [
      Contract(
        name: "Token", chainID: 56, networkName: "bscmainnet",
        address: "0x95e63b29ea7C3F3fA59316c773701dA8c5AD1c34",
        proxyAddress: "0x7d919E3ac306BBA4e5c85E40fB665126586C992d", timestamp: 1_753_432_566_706),
      Contract(
        name: "Oracle", chainID: 56, networkName: "bscmainnet",
        address: "0xdD09527aBef51a5fdfb19bCceA495AE2E5eaF0B0", timestamp: 1_753_432_592_027),
    ] {
      try database.put(contract.compactJSON, forKey: Array(contract.key.description.utf8))
    }
  }
}
