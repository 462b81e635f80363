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
  /// Which runs: more with `GITSTATE_MODEL_RUNS`, one alone with `GITSTATE_MODEL_SEED`.
  static let seeds: ClosedRange<Int> = {
    let environment = ProcessInfo.processInfo.environment
    if let seed = environment["GITSTATE_MODEL_SEED"].flatMap(Int.init) { return seed...seed }
    return 1...(environment["GITSTATE_MODEL_RUNS"].flatMap(Int.init) ?? 6)
  }()

  @Test(arguments: seeds) func nothingIsLost(seed: Int) async throws {
    try await run(seed: seed, withOthers: false)
  }

  @Test(arguments: seeds) func noDifferenceIsUnnoticed(seed: Int) async throws {
    try await run(seed: seed, withOthers: true)
  }

  @Test(arguments: seeds) func gitThatCannotBeReadIsNeverGuessed(seed: Int) async throws {
    try await run(seed: seed, withOthers: seed.isMultiple(of: 2), withDamage: true)
  }

  private func run(seed: Int, withOthers: Bool, withDamage: Bool = false) async throws {
    let fixture = try await MigrationFixture()
    var model = MigrationModel(fixture, seed: UInt64(seed) &* 7919, withOthers: withOthers)
    _ = try fixture.backend(in: .dualWrite)
    for _ in 0..<25 {
      if withDamage { try await model.changeDamage() }
      try model.step()
      try model.check()
    }
    try await model.mend()
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
  private var damage: Damage?
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

  /// Breaks git's side, or mends it, or leaves it as it is.
  mutating func changeDamage() async throws {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: try await mend()
    case 1 where damage == nil:
      let kind = Damage.allCases.randomElement(using: &random) ?? .objects
      guard try await kind.begin(in: fixture.repository) else { return }
      damage = kind
      log.append("damage: \(kind)")
    default: break
    }
  }

  /// Mends git's side.
  mutating func mend() async throws {
    guard let damage else { return }
    try await damage.end(in: fixture.repository)
    self.damage = nil
    log.append("mended")
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
        if let git = try answer({ try fixture.inGit() }) {
          #expect(try fixture.inSource() == git, "\(log.joined(separator: "\n"))")
        }
      }
    case 9: note("complete", plan, Result { try fixture.backend(plan).complete() })
    case 10: note("rollback", plan, Result { try fixture.backend(plan).rollBack() })
    case 11: if damage == nil { try writeAside(.git) }
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

  /// Every contract reads as one of what it may be, by itself and in the list, or not at all where git is
  /// damaged.
  mutating func check() throws {
    guard let backend = try answer({ try fixture.backend() }) else { return }
    let list = try answer { try backend.contracts(matching: ContractQuery()) }
      .map { Dictionary(uniqueKeysWithValues: $0.map { ($0.key, $0) }) }
    for (key, values) in allowed {
      guard let found = try answer({ try backend.contract(key) }) else { continue }
      let story = "\(log.joined(separator: "\n"))\n\(try journal())"
      #expect(values.contains(found), "\(key) is \(found?.timestamp ?? 0)\n\(story)")
      if let list { #expect(found == list[key], "\(log.joined(separator: "\n"))") }
      // What a killed write left is one or the other from now on.
      if !disturbed.contains(key) { allowed[key] = [found] }
    }
    guard let report = try answer({ try backend.compare() }),
      let git = try answer({ try fixture.inGit() })
    else { return }
    let source = try fixture.inSource()
    for key in allowed.keys where source[key] != git[key] {
      #expect(report.keys.contains(key), "unnoticed: \(key)\n\(log.joined(separator: "\n"))")
    }
  }

  /// The journal, for the log of a run that fails.
  private func journal() throws -> String {
    let path = fixture.repository.appending(".git/gitstate/migration/journal").string
    return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      .map { String(decoding: try readFile(FilePath("\(path)/\($0)")), as: UTF8.self) }
      .joined(separator: "\n")
  }

  /// What a read says; nil where it fails and git is damaged.
  private func answer<Value>(_ read: () throws -> Value) throws -> Value? {
    do {
      return try read()
    } catch let error as StateError where damage != nil {
      #expect(!error.message.isEmpty)
      return nil
    }
  }

  /// Brings everything in step, and finds nothing missing.
  mutating func end() throws {
    // Where no other program wrote, nothing but a replay is needed.
    if try fixture.backend().phase() == .complete {
      let result = Result { try fixture.backend().rollBack(acceptsDifferences: withOthers) }
      note("rollback", nil, result)
      #expect(result.failure == nil, "\(log.joined(separator: "\n"))")
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

/// What keeps git's side from being read.
enum Damage: CaseIterable {
  /// The objects are gone, the branch's name is there.
  case objects
  /// HEAD names nothing.
  case head
  /// The file of the chain is committed and no JSON.
  case file

  private static let broken = "{ broken"

  /// Brings it about.
  ///
  /// - Returns: Whether it could be.
  func begin(in repository: FilePath) async throws -> Bool {
    let file = repository.appending("deployments/bscmainnet.json")
    switch self {
    case .objects:
      try FileManager.default.moveItem(
        atPath: repository.appending(".git/objects").string,
        toPath: repository.appending("objects").string)
      try FileManager.default.createDirectory(
        atPath: repository.appending(".git/objects").string, withIntermediateDirectories: false)
    case .head: try writeFile(repository.appending(".git/HEAD"), "nothing")
    case .file:
      guard try await git("ls-files", "deployments/bscmainnet.json", in: repository) != "" else {
        return false
      }
      try writeFile(file, Self.broken)
      try await git("commit", "-q", "-m", "Break", "--", file.string, in: repository)
    }
    return true
  }

  /// Takes it back.
  func end(in repository: FilePath) async throws {
    switch self {
    case .objects:
      // What was written meanwhile stays.
      _ = try await runProgram("cp", ["-R", "objects/.", ".git/objects"], in: repository)
      try FileManager.default.removeItem(atPath: repository.appending("objects").string)
    case .head: try writeFile(repository.appending(".git/HEAD"), "ref: refs/heads/main\n")
    case .file:
      try await git("revert", "--no-edit", "HEAD^{/^Break}", in: repository)
    }
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
