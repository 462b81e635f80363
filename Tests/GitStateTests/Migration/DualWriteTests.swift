import GitStateTesting
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// Dual writes whose steps fail, or are the last of their process.
@Suite(.scratchDirectory) struct DualWriteTests {
  private static let cases: [(MigrationPhase, FaultPlan.Fault, MigrationEffect)] =
    [MigrationPhase.dualWrite, .cutover].flatMap { phase in
      FaultPlan.Fault.allCases.flatMap { fault in
        MigrationEffect.allCases.map { (phase, fault, $0) }
      }
    }

  @Test(arguments: cases)
  func aFaultAtAnyStepLosesNothing(
    phase: MigrationPhase, fault: FaultPlan.Fault, effect: MigrationEffect
  ) async throws {
    let fixture = try await MigrationFixture()
    let (old, new) = (record("Token", 1), record("Token", 2))
    try fixture.backend(in: .dualWrite).change(.put(old), .put(record("Other")))
    if phase == .cutover { _ = try fixture.backend().cutOver() }
    let plan = FaultPlan(fault, effect)
    let answer = Result {
      try fixture.backend(plan).change(.put(new), .delete(record("Other").key))
    }
    let after = try fixture.backend()
    let found = try after.contract(new.key)
    if plan.isDead {
      // Nobody was answered: wholly there, or wholly absent.
      #expect(found == old || found == new)
    } else {
      switch answer {
      case .success(let result):
        #expect(found == new)
        if plan.hasHappened, effect == .git || effect == .source {
          #expect(!result.warnings.isEmpty)
        }
      case .failure:
        #expect(found == old)
        #expect(try fixture.inGit()[old.key] == old)
        #expect(try fixture.inSource()[old.key] == old)
      }
    }
    #expect((try after.contract(record("Other").key) == nil) == (found == new))
    // The next write brings both in step, whatever was left.
    try after.change(.put(record("Next")))
    #expect(try after.contract(new.key) == found)
    #expect(try fixture.inGit() == fixture.inSource())
    #expect(try after.status()?.pending == [.git: 0, .source: 0])
    #expect(try after.compare().isEqual)
  }

  @Test(arguments: [MigrationPhase.dualWrite, .cutover])
  func aJournalThatCannotBeWrittenStopsTheWrite(phase: MigrationPhase) async throws {
    let fixture = try await MigrationFixture()
    _ = try fixture.backend(in: phase)
    let error = #expect(throws: StateError.self) {
      try fixture.backend(FaultPlan(.fail, .journal)).change(.put(record("Token")))
    }
    #expect(error?.code == .writeFailed)
    #expect(try fixture.inGit().isEmpty)
    #expect(try fixture.inSource().isEmpty)
  }

  @Test func aManagerMadeBeforeTheMigrationFollowsIt() async throws {
    let fixture = try await MigrationFixture()
    let manager = try await StateManager(git: fixture.options)
    #expect(manager.backendType == "git")
    _ = try fixture.backend(in: .dualWrite)
    let contract = Contract(
      name: "Token", chainID: 56, networkName: "bscmainnet",
      address: "0x1111111111111111111111111111111111111111", timestamp: 1)
    try await manager.put(contract)
    #expect(manager.backendType == "migration")
    #expect(try fixture.inSource()[contract.key] == contract)
    await manager.close()
  }

  @Test func bothSidesFailingIsAnErrorAndLeavesNothing() async throws {
    let fixture = try await MigrationFixture()
    try fixture.backend(in: .dualWrite).change(.put(record("Token", 1)))
    _ = try fixture.backend().cutOver()
    var settings = MigrationOptions(sourceTimeout: .zero)
    settings.faults = MigrationFaults(
      before: { effect throws(StateError) in
        guard effect == .git || effect == .source else { return }
        throw StateError(.writeFailed, "\(effect) is full")
      }, after: { _ in })
    let backend = try MigrationBackend(fixture.options, options: settings)
    let error = #expect(throws: StateError.self) { try backend.change(.put(record("Token", 2))) }
    #expect(error?.message.contains("git is full") == true)
    #expect(try fixture.backend().status()?.pending == [.git: 0, .source: 0])
    #expect(try fixture.backend().contract(record("Token").key) == record("Token", 1))
  }

  @Test func aDeletedRecordDoesNotRiseAgain() async throws {
    let fixture = try await MigrationFixture()
    try fixture.backend(in: .dualWrite).change(.put(record("Token")))
    _ = try fixture.backend().cutOver()
    // LevelDB keeps it for now; git says absent, and that is the answer.
    let plan = FaultPlan(.fail, .source)
    let answer = try fixture.backend(plan).change(.delete(record("Token").key))
    #expect(answer.warnings.contains { $0.contains("pending") })
    #expect(try fixture.inSource()[record("Token").key] != nil)
    #expect(try fixture.backend().contract(record("Token").key) == nil)
    #expect(try fixture.backend().contracts(matching: ContractQuery()).isEmpty)
    #expect(try fixture.backend().status()?.pending == [.git: 0, .source: 1])
    #expect(throws: StateError.self) { try fixture.backend(plan).complete() }
    try fixture.backend().change(.put(record("Next")))
    #expect(try fixture.inSource()[record("Token").key] == nil)
  }

  @Test func writesThatPendAreDoneInOrder() async throws {
    let fixture = try await MigrationFixture()
    _ = try fixture.backend(in: .cutover)
    let plan = FaultPlan(.fail, .openSource)
    for version in 1...3 { try fixture.backend(plan).change(.put(record("Token", version))) }
    try fixture.backend(plan).change(.delete(record("Token").key))
    try fixture.backend(plan).change(.put(record("Token", 9)))
    #expect(try fixture.inSource().isEmpty)
    #expect(try fixture.backend().status()?.pending[.source] == 5)
    try fixture.backend().change(.put(record("Next")))
    #expect(try fixture.inSource()[record("Token").key] == record("Token", 9))
    #expect(try fixture.backend().compare().isEqual)
  }

  @Test func gitThatFailsPendsAndIsReadFromTheJournal() async throws {
    let fixture = try await MigrationFixture()
    _ = try fixture.backend(in: .cutover)
    let plan = FaultPlan(.fail, .git)
    for version in 1...2 { try fixture.backend(plan).change(.put(record("Token", version))) }
    #expect(try fixture.inGit().isEmpty)
    #expect(try fixture.backend().contract(record("Token").key) == record("Token", 2))
    #expect(try fixture.backend().contracts(matching: ContractQuery()) == [record("Token", 2)])
    try fixture.backend().change(.put(record("Next")))
    #expect(try fixture.inGit()[record("Token").key] == record("Token", 2))
    // Every write that was answered is a commit of its own in the end.
    let log = try GitBackend(fixture.options).log(
      LogQuery(selector: .contract(record("Token").key)))
    #expect(log.entries.count == 2)
  }

  @Test func theBreakerLeavesASideAloneForAWhile() async throws {
    let fixture = try await MigrationFixture()
    _ = try fixture.backend(in: .cutover)
    let plan = FaultPlan(.fail, .openSource)
    let backend = try fixture.backend(plan, breakerFailures: 2)
    for version in 1...2 { try backend.change(.put(record("Token", version))) }
    #expect(backend.breakers[.source]?.state == .open)
    let answer = try backend.change(.put(record("Token", 3)))
    #expect(answer.warnings.contains { $0.contains("left alone") })
    #expect(!backend.health().problems.isEmpty)
    #expect(try backend.contract(record("Token").key) == record("Token", 3))
    #expect(try backend.status()?.pending[.source] == 3)
  }

  @Test(arguments: [MigrationEffect.openSource, .git])
  func whatASideMissedIsWrittenOnceItsBreakerLetsItTryAgain(effect: MigrationEffect) async throws {
    let fixture = try await MigrationFixture()
    _ = try fixture.backend(in: .cutover)
    let plan = FaultPlan(.fail, effect)
    let backend = try fixture.backend(plan, breakerFailures: 2, breakerPause: .zero)
    let side = effect == .git ? MigrationSide.git : .source
    for version in 1...3 { try backend.change(.put(record("Token", version))) }
    // Git can be read all the while.
    #expect(backend.breakers[side]?.state == (side == .git ? .closed : .halfOpen))
    #expect(try backend.status()?.pending[side] == 3)
    plan.heal()
    let answer = try backend.change(.put(record("Token", 4)))
    #expect(answer.warnings.isEmpty)
    #expect(backend.breakers[side]?.state == .closed)
    #expect(try backend.status()?.pending == [.git: 0, .source: 0])
    #expect(try fixture.inGit() == [record("Token").key: record("Token", 4)])
    #expect(try fixture.inSource() == fixture.inGit())
  }

  @Test func theBreakerOpensAndClosesByItsClock() throws {
    let clock = TestClock()
    let breaker = CircuitBreaker(failures: 2, pause: .seconds(10), now: { clock.now })
    let failure = StateError(.writeFailed, "full")
    breaker.fail(failure)
    #expect(breaker.state == .closed)
    breaker.succeed()
    breaker.fail(failure)
    breaker.fail(failure)
    #expect(breaker.state == .open)
    #expect(throws: StateError.self) { try breaker.enter() }
    clock.advance(by: .seconds(10))
    #expect(breaker.state == .halfOpen)
    try breaker.enter()
    #expect(throws: StateError.self, "one tries, the others wait") { try breaker.enter() }
    breaker.fail(failure)
    #expect(breaker.state == .open)
    clock.advance(by: .seconds(10))
    try breaker.enter()
    breaker.succeed()
    #expect(breaker.state == .closed)
  }
}
