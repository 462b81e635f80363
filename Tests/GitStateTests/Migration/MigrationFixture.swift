import GitStateTesting
import LosslessJSON
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// A repository and a LevelDB folder beside it, with a migration between them.
struct MigrationFixture: Sendable {
  let options: GitBackendOptions
  let source: String

  /// Makes both, empty.
  init(named name: String = "state") async throws {
    let scratch = ScratchDirectory.current.path
    options = try await GitFixture.options(at: scratch.appending(name).string)
    source = scratch.appending("\(name)-leveldb").string
    LevelDBBackend.closing(
      try LevelDBBackend(path: source, createsIfMissing: true, isDurable: false))
  }

  /// Both sides with the contracts Token and Other, in a phase.
  static func inStep(in phase: MigrationPhase) async throws -> MigrationFixture {
    let fixture = try await MigrationFixture()
    try fixture.backend(in: .dualWrite).change(.put(record("Token", 1)), .put(record("Other")))
    if phase != .dualWrite { _ = try fixture.backend().cutOver() }
    if phase == .complete { _ = try fixture.backend().complete() }
    return fixture
  }

  var repository: FilePath { FilePath(options.directory) }

  /// The backend as a process has it that begins now.
  func backend(
    _ plan: FaultPlan? = nil, breakerFailures: Int = 1000, breakerPause: Duration = .seconds(1000)
  ) throws -> MigrationBackend {
    var settings = MigrationOptions(
      breakerFailures: breakerFailures, breakerPause: breakerPause, batchSize: 2,
      sourceTimeout: .milliseconds(50))
    settings.faults = plan?.faults
    return try MigrationBackend(options, options: settings)
  }

  /// The backend in a phase.
  func backend(in phase: MigrationPhase) throws -> MigrationBackend {
    let backend = try MigrationBackend(options)
    _ = try backend.start(from: source)
    if phase != .dualWrite { _ = try backend.cutOver() }
    if phase == .complete { _ = try backend.complete() }
    return backend
  }

  /// Writes to LevelDB as an old script does.
  func writeSource(_ mutations: Mutation...) throws { try writeSource(mutations) }

  /// Writes to LevelDB as an old script does.
  func writeSource(_ mutations: [Mutation]) throws {
    let backend = try LevelDBBackend(path: source, isDurable: false)
    defer { backend.close() }
    _ = try backend.apply([Operation(.transaction, mutations)])[0].get()
  }

  /// Writes to git as a command does that knows of no migration.
  func writeGit(_ mutations: Mutation...) throws {
    _ = try GitBackend(options).apply([Operation(.transaction, mutations)])[0].get()
  }

  /// What LevelDB itself has.
  func inSource() throws -> [ContractKey: Contract] {
    Dictionary(
      uniqueKeysWithValues: try LevelDBRecords(copying: source).contracts.map { ($0.key, $0) })
  }

  /// What git itself has.
  func inGit() throws -> [ContractKey: Contract] {
    Dictionary(
      uniqueKeysWithValues: try GitBackend(options).contracts(matching: ContractQuery())
        .map { ($0.key, $0) })
  }
}

extension LevelDBBackend {
  fileprivate static func closing(_ backend: LevelDBBackend) { backend.close() }
}

/// What goes wrong in a run: one effect fails, or is the last thing that a process does.
final class FaultPlan: Sendable, CustomStringConvertible {
  enum Fault: String, CaseIterable, Sendable {
    /// The effect does not happen and fails.
    case fail
    /// The effect happens and fails all the same.
    case failAfter
    /// The process ends before the effect.
    case killBefore
    /// The process ends after the effect.
    case killAfter
  }

  private struct State {
    var count = 0
    var isDead = false
    var isHealed = false
    var hasHappened = false
  }

  private let fault: Fault
  private let effect: MigrationEffect
  private let number: Int
  private let state = Mutex(State())

  init(_ fault: Fault, _ effect: MigrationEffect, number: Int = 1) {
    self.fault = fault
    self.effect = effect
    self.number = number
  }

  var description: String { "\(fault.rawValue) \(effect.rawValue) \(number)" }

  /// Whether the process has ended.
  var isDead: Bool { state.withLock { $0.isDead } }
  /// Ends the fault.
  func heal() { state.withLock { $0.isHealed = true } }
  /// Whether the fault has come about.
  var hasHappened: Bool { state.withLock { $0.hasHappened } }

  var faults: MigrationFaults {
    MigrationFaults(
      before: { effect throws(StateError) in try self.reach(effect, [.fail, .killBefore]) },
      after: { effect throws(StateError) in try self.reach(effect, [.failAfter, .killAfter]) })
  }

  private func reach(_ effect: MigrationEffect, _ faults: [Fault]) throws(StateError) {
    let (isDead, isFailing) = state.withLock { state in
      if state.isDead { return (true, false) }
      guard !state.isHealed, effect == self.effect, faults.contains(fault) else {
        return (false, false)
      }
      state.count += 1
      // A side that fails goes on failing for the rest of the operation.
      guard state.count == number || (fault == .fail && state.count > number) else {
        return (false, false)
      }
      state.hasHappened = true
      if fault == .killBefore || fault == .killAfter { state.isDead = true }
      return (state.isDead, !state.isDead)
    }
    if isDead { throw StateError(StateError.Code(rawValue: "KILLED"), "the process has ended") }
    if isFailing {
      throw StateError(
        effect == .openSource ? .lockTimeout : .writeFailed, "\(effect) fails by order of the test")
    }
  }
}

/// A well-formed record for tests of the migration.
func record(_ name: String, _ version: Int = 1, chain: ChainID = 56) -> Contract {
  let digits = String(version)
  return Contract(
    name: name, chainID: chain, networkName: chain == 56 ? "bscmainnet" : "bsctestnet",
    address: "0x" + String(repeating: "0", count: 40 - digits.count) + digits,
    factoryByteCodeHash: "0x" + String(repeating: "a", count: 64), timestamp: Int64(version))
}

extension StateBackend {
  /// Does some changes as one operation.
  @discardableResult
  func change(_ mutations: Mutation...) throws -> WriteResult {
    try apply([Operation(.transaction, mutations)])[0].get()
  }
}
