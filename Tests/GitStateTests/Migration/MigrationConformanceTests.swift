import GitStateTesting
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// The suite that every backend passes, on the migration backend in each phase.
@Suite(.scratchDirectory) struct MigrationConformanceTests {
  enum Stage: String, CaseIterable {
    case none, dualWrite, cutover, complete

    var phase: MigrationPhase? {
      switch self {
      case .none: nil
      case .dualWrite: .dualWrite
      case .cutover: .cutover
      case .complete: .complete
      }
    }
  }

  @Test(arguments: Stage.allCases, BackendConformance.Check.allCases)
  func conforms(stage: Stage, check: BackendConformance.Check) async throws {
    // Much work, and in these two stages git's alone, of which there is another test.
    if check == .volume, stage == .none || stage == .complete { return }
    let fixture = try await MigrationFixture()
    try BackendConformance(
      reopen: { _ in try MigrationBackend(fixture.options) },
      make: {
        guard let phase = stage.phase else { return try MigrationBackend(fixture.options) }
        return try fixture.backend(in: phase)
      }
    ).run(check)
    try await git("fsck", "--strict", in: fixture.repository)
    #expect(try await git("status", "--porcelain", in: fixture.repository) == "")
    guard stage == .dualWrite || stage == .cutover else { return }
    // What one side answered, the other has as well.
    #expect(try fixture.inSource() == fixture.inGit())
    #expect(try MigrationBackend(fixture.options).compare().isEqual)
    #expect(try fixture.backend().status()?.pending == [.git: 0, .source: 0])
  }
}
