import Foundation
import GitStateTesting
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// What LevelDB answers and takes while git's side cannot be read.
@Suite(.scratchDirectory) struct UnreadableGitTests {
  private let key = record("Token").key

  @Test func theFallbackTrustsNothingThatAnotherProgramWrote() async throws {
    let fixture = try await MigrationFixture.inStep(in: .cutover)
    try fixture.backend().change(.put(record("Token", 2)))
    let notices = Mutex<[String]>([])
    let backend = try MigrationBackend(
      fixture.options,
      options: MigrationOptions(notice: { text in notices.withLock { $0 += [text] } }))
    _ = try await Damage.objects.begin(in: fixture.repository)
    #expect(try backend.contract(key) == record("Token", 2))
    #expect(try backend.contract(record("Nobody").key) == nil)
    #expect(try backend.contracts(matching: ContractQuery()).count == 2)
    #expect(notices.withLock { $0.count } == 3)
    // An old record, and one removed, by an old script.
    try fixture.writeSource(.put(record("Token", 1)), .delete(record("Other").key))
    for key in [key, record("Other").key] {
      let error = #expect(throws: StateError.self) { try backend.contract(key) }
      #expect(error?.code == .backendUnavailable)
      #expect(error?.message.contains("another program has written to it") == true)
    }
    #expect(throws: StateError.self) { try backend.contracts(matching: ContractQuery()) }
  }

  @Test func theFallbackGivesNoRecordOlderThanGitsLastOne() async throws {
    let fixture = try await MigrationFixture.inStep(in: .cutover)
    try fixture.writeGit(.put(record("Token", 2)))
    _ = try await Damage.file.begin(in: fixture.repository)
    #expect(throws: StateError.self) { try fixture.backend().contract(key) }
  }

  @Test func whatGitHasAnewAndCannotTellIsNoAnswer() async throws {
    let fixture = try await MigrationFixture.inStep(in: .dualWrite)
    try fixture.writeGit(.put(record("Token", 2)), .put(record("New", 1)))
    _ = try await Damage.objects.begin(in: fixture.repository)
    for name in ["Token", "New", "Nobody"] {
      #expect(throws: StateError.self) { try fixture.backend().contract(record(name).key) }
    }
    #expect(throws: StateError.self) { try fixture.backend().contracts(matching: ContractQuery()) }
    try await Damage.objects.end(in: fixture.repository)
    #expect(try fixture.backend().contract(key) == record("Token", 2))
  }

  /// That git cannot be asked does not prove that its branch was set back.
  @Test(arguments: ["refs/heads/main", "HEAD"])
  func aBranchThatCannotBeReadHasLostNothing(reference: String) async throws {
    let fixture = try await MigrationFixture.inStep(in: .dualWrite)
    let path = fixture.repository.appending(".git/\(reference)")
    try writeFile(path, "damaged\n")
    #expect(try fixture.backend().status()?.lostCommit == nil)
  }

  @Test(arguments: [MigrationPhase.dualWrite, .cutover])
  func aRepositoryThatCannotBeOpenedStopsNeitherReadsNorWritesNorTheWayBack(phase: MigrationPhase)
    async throws
  {
    let fixture = try await MigrationFixture.inStep(in: phase)
    let objects = fixture.repository.appending(".git/objects").string
    try FileManager.default.moveItem(atPath: objects, toPath: objects + ".away")
    #expect(throws: StateError.self) { try GitBackend(fixture.options) }
    let backend = try fixture.backend()
    #expect(try backend.phase() == phase)
    if phase == .dualWrite {
      #expect(try backend.contract(key) == record("Token", 1))
      #expect(try backend.contract(record("Nobody").key) == nil)
    } else {
      // What git's branch has now is not known.
      #expect(throws: StateError.self) { try backend.contract(key) }
      _ = try backend.rollBack(acceptsDifferences: true)
      #expect(try fixture.backend().contract(key) == record("Token", 1))
    }
    let answer = try fixture.backend().change(.put(record("Token", 2)))
    #expect(answer.warnings.contains { $0.contains("that half is pending") })
    #expect(try fixture.inSource()[key] == record("Token", 2))
    try FileManager.default.moveItem(atPath: objects + ".away", toPath: objects)
    #expect(try fixture.backend().sync().conflicts.isEmpty)
    #expect(try fixture.inGit()[key] == record("Token", 2))
  }

  @Test func theWayBackNeedsNoObjectsOfGitWhereLevelDBIsInStep() async throws {
    let fixture = try await MigrationFixture.inStep(in: .cutover)
    try fixture.backend().change(.put(record("Token", 2)))
    _ = try await Damage.objects.begin(in: fixture.repository)
    let step = try fixture.backend().rollBack()
    #expect(step.phase == .dualWrite && step.commit == nil)
    #expect(try fixture.backend().contract(key) == record("Token", 2))
  }

  @Test(arguments: ["", "{\"agreed\":\"another\"}\n", nil])
  func aDamagedNoteOfWhatAgreedProvesNothing(content: String?) async throws {
    let fixture = try await MigrationFixture.inStep(in: .cutover)
    try fixture.writeSource(.delete(record("Other").key))
    let note = fixture.repository.appending(".git/gitstate/migration/agreed.jsonl")
    if let content {
      try writeFile(note, content)
    } else {
      // The line of one contract is lost.
      let lines = String(decoding: try readFile(note), as: UTF8.self).split(separator: "\n")
      try writeFile(note, lines.filter { !$0.contains("Other") }.joined(separator: "\n") + "\n")
    }
    _ = try await Damage.objects.begin(in: fixture.repository)
    for name in ["Token", "Other"] {
      #expect(throws: StateError.self) { try fixture.backend().contract(record(name).key) }
    }
  }

  @Test func aWriteGoesToLevelDBWhereGitCannotBeRead() async throws {
    for phase in [MigrationPhase.dualWrite, .cutover] {
      let fixture = try await MigrationFixture(named: "state-\(phase)")
      try fixture.backend(in: .dualWrite).change(.put(record("Token", 1)), .put(record("Other")))
      if phase == .cutover { _ = try fixture.backend().cutOver() }
      _ = try await Damage.objects.begin(in: fixture.repository)
      let answer = try fixture.backend(breakerFailures: 5).change(
        .put(record("Token", 2)), .put(record("New", 1)), .delete(record("Other").key))
      #expect(answer.warnings.contains { $0.contains("that half is pending") })
      #expect(try fixture.inSource()[key] == record("Token", 2))
      try await Damage.objects.end(in: fixture.repository)
      let report = try fixture.backend().sync()
      #expect(report.conflicts.isEmpty, "\(phase): \(report.conflicts)")
      #expect(try fixture.inGit()[key] == record("Token", 2))
      #expect(try fixture.backend().compare().isEqual)
    }
  }

  @Test func whatIsPendingForLevelDBIsReadFromTheJournalWhereGitCannotBe() async throws {
    let fixture = try await MigrationFixture.inStep(in: .cutover)
    try fixture.backend().change(.put(record("Other", 1)))
    let plan = FaultPlan(.fail, .source)
    let backend = try fixture.backend(plan)
    try backend.change(.delete(key))
    let pending = FaultPlan(.fail, .openSource)
    try fixture.backend(pending).change(.put(record("Other", 2)))
    let file = fixture.repository.appending("deployments/bscmainnet.json")
    try writeFile(file, "{ broken")
    try await git("commit", "--quiet", "--all", "-m", "Break", in: fixture.repository)
    // LevelDB has both as they were before.
    #expect(try fixture.inSource()[key] == record("Token", 1))
    #expect(throws: StateError.self) { try fixture.backend().contract(key) }
    #expect(try fixture.backend().contract(record("Other").key) == record("Other", 2))
  }

  @Test func gitThatCannotBeReadIsReplacedByLevelDBForWhatItHas() async throws {
    let fixture = try await MigrationFixture.inStep(in: .cutover)
    try fixture.backend().change(.put(record("Elsewhere", chain: 97)))
    try await git("-C", fixture.options.directory, "show", "HEAD", in: fixture.repository)
    let file = fixture.repository.appending("deployments/bscmainnet.json")
    try writeFile(file, "{ broken")
    try await git("commit", "--quiet", "--all", "-m", "Break", in: fixture.repository)
    #expect(try fixture.backend().contract(key) == record("Token", 1))
    // LevelDB says absent, but git has moved on, so that this proves nothing.
    #expect(throws: StateError.self) {
      try fixture.backend().contract(record("Nobody").key)
    }
    #expect(throws: StateError.self) {
      try fixture.backend().contracts(matching: ContractQuery(chainID: 56))
    }
    #expect(
      try fixture.backend().contract(record("Elsewhere", chain: 97).key)
        == record("Elsewhere", chain: 97))
  }
}
