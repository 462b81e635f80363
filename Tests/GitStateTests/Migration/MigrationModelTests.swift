import Foundation
import GitStateTesting
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// Random operations, failures and kills at every step, checked against what must be there.
///
/// The model has, for each contract, the records that may be read now: one, or several where a write was
/// killed before it was answered, or where another program wrote to a side.
@Suite(.scratchDirectory) struct MigrationModelTests {
  /// How many runs; more with `GITSTATE_MODEL_RUNS`.
  static let seeds =
    1...(ProcessInfo.processInfo.environment["GITSTATE_MODEL_RUNS"]
    .flatMap(Int.init) ?? 6)

  @Test(arguments: seeds) func nothingIsLost(seed: Int) async throws {
    try await run(seed: seed, withOthers: false)
  }

  @Test(arguments: seeds) func noDifferenceIsUnnoticed(seed: Int) async throws {
    try await run(seed: seed, withOthers: true)
  }

  private func run(seed: Int, withOthers: Bool) async throws {
    let fixture = try await MigrationFixture()
    var model = MigrationModel(fixture, seed: UInt64(seed) &* 7919, withOthers: withOthers)
    _ = try fixture.backend(in: .dualWrite)
    for _ in 0..<25 {
      try model.step()
      try model.check()
    }
    try model.end()
    try await git("fsck", "--strict", in: fixture.repository)
  }
}

/// One run: what was done, and what may be read because of it.
struct MigrationModel {
  private let fixture: MigrationFixture
  private let withOthers: Bool
  private var random: SeededGenerator
  private var version = 0
  private var allowed: [ContractKey: Set<Contract?>] = [:]
  /// Contracts that another program has written to on some side, since the sides last agreed.
  private var disturbed: Set<ContractKey> = []
  private var log: [String] = []
  private let names = ["A", "B", "C", "D"]

  init(_ fixture: MigrationFixture, seed: UInt64, withOthers: Bool) {
    self.fixture = fixture
    self.withOthers = withOthers
    random = SeededGenerator(seed: seed)
    for name in names { allowed[record(name).key] = [nil] }
  }

  private mutating func mutation() -> Mutation {
    let name = names.randomElement(using: &random) ?? "A"
    if Int.random(in: 0..<4, using: &random) == 0 { return .delete(record(name).key) }
    version += 1
    return .put(record(name, version))
  }

  private func after(_ mutation: Mutation) -> Contract? {
    if case .put(let contract) = mutation { contract } else { nil }
  }

  private mutating func plan() -> FaultPlan? {
    guard Bool.random(using: &random) else { return nil }
    return FaultPlan(
      FaultPlan.Fault.allCases.randomElement(using: &random) ?? .fail,
      MigrationEffect.allCases.randomElement(using: &random) ?? .git,
      number: Int.random(in: 1...3, using: &random))
  }

  mutating func step() throws {
    let plan = plan()
    switch Int.random(in: 0..<(withOthers ? 14 : 11), using: &random) {
    case 0..<6: try write(plan)
    case 6, 7:
      note("sync", plan, Result { try fixture.backend(plan).sync() })
    case 8:
      let result = Result { try fixture.backend(plan).cutOver() }
      note("cutover", plan, result)
      if case .success(let step) = result {
        #expect(step.parity?.isEqual == true)
        #expect(try fixture.inSource() == fixture.inGit(), "\(log.joined(separator: "\n"))")
      }
    case 9: note("complete", plan, Result { try fixture.backend(plan).complete() })
    case 10: note("rollback", plan, Result { try fixture.backend(plan).rollBack() })
    case 11: try writeAside(.git)
    case 12: try writeAside(.source)
    default:
      let side: MigrationSide = Bool.random(using: &random) ? .git : .source
      let result = Result { try fixture.backend().sync(resolving: [SyncResolution(nil, side)]) }
      note("resolve \(side)", nil, result)
    }
  }

  private mutating func note(
    _ what: String, _ plan: FaultPlan?, _ result: Result<some Any, any Error>
  ) {
    log.append("\(what) \(plan?.text ?? "") \(result.failure.map { "\($0)" } ?? "ok")")
  }

  private mutating func write(_ plan: FaultPlan?) throws {
    var mutations: [ContractKey: Mutation] = [:]
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      let mutation = mutation()
      mutations[mutation.key] = mutation
    }
    let operation = Operation(.transaction, Array(mutations.values))
    let result = Result { try fixture.backend(plan).apply([operation])[0].get() }
    note(
      "write \(mutations.values.map { "\($0.key.name) \(after($0)?.timestamp ?? 0)" })", plan,
      result)
    for (key, mutation) in mutations {
      if plan?.isDead == true {
        allowed[key, default: []].insert(after(mutation))
      } else if case .success = result {
        let old = allowed[key] ?? []
        allowed[key] = disturbed.contains(key) ? old.union([after(mutation)]) : [after(mutation)]
      }
    }
  }

  /// Writes past the migration.
  private mutating func writeAside(_ side: MigrationSide) throws {
    let mutation = mutation()
    switch side {
    case .git: try fixture.writeGit(mutation)
    case .source: try fixture.writeSource(mutation)
    }
    log.append("aside \(side) \(mutation.key.name) \(after(mutation)?.timestamp ?? 0)")
    allowed[mutation.key, default: []].insert(after(mutation))
    disturbed.insert(mutation.key)
  }

  /// Every contract reads as one of what it may be, by itself and in the list.
  mutating func check() throws {
    let backend = try fixture.backend()
    let list = Dictionary(
      uniqueKeysWithValues: try backend.contracts(matching: ContractQuery()).map { ($0.key, $0) })
    for (key, values) in allowed {
      let found = try backend.contract(key)
      #expect(
        values.contains(found), "\(key) is \(found?.timestamp ?? 0)\n\(log.joined(separator: "\n"))"
      )
      #expect(found == list[key], "\(log.joined(separator: "\n"))")
      // What a killed write left is one or the other from now on.
      if !disturbed.contains(key) { allowed[key] = [found] }
    }
    let report = try backend.compare()
    let (source, git) = (try fixture.inSource(), try fixture.inGit())
    for key in allowed.keys where source[key] != git[key] {
      #expect(report.keys.contains(key), "unnoticed: \(key)\n\(log.joined(separator: "\n"))")
    }
  }

  /// Brings everything in step, and finds nothing missing.
  mutating func end() throws {
    // Where no other program wrote, nothing but a replay is needed.
    if try fixture.backend().phase() == .complete {
      _ = try fixture.backend().rollBack(acceptsDifferences: withOthers)
    }
    let first = try fixture.backend().sync()
    if withOthers {
      let (source, git) = (try fixture.inSource(), try fixture.inGit())
      for key in allowed.keys where source[key] != git[key] {
        #expect(
          first.conflicts.contains { $0.key == key },
          "neither copied nor reported: \(key)\n\(log.joined(separator: "\n"))")
        #expect(throws: StateError.self) {
          let backend = try fixture.backend()
          _ = try backend.phase() == .dualWrite ? backend.cutOver() : backend.complete()
        }
      }
      _ = try fixture.backend().sync(resolving: [SyncResolution(nil, .source)])
    } else {
      #expect(first.conflicts.isEmpty, "\(first.conflicts)\n\(log.joined(separator: "\n"))")
    }
    try check()
    #expect(try fixture.inSource() == fixture.inGit(), "\(log.joined(separator: "\n"))")
    #expect(try fixture.backend().status()?.pending == [.git: 0, .source: 0])
    if try fixture.backend().phase() == .dualWrite { _ = try fixture.backend().cutOver() }
    _ = try fixture.backend().complete()
    try check()
  }
}

extension FaultPlan {
  /// The plan as the log of a run has it.
  var text: String { "\(description), \(hasHappened ? "happened" : "not reached")" }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
