import Git
import GitState
import GitStateTesting
import SystemPackage
import TestSupport
import Testing

/// Every backend of ours, and every way in which the git backend can keep its state.
@Suite(.scratchDirectory) struct ConformanceTests {
  enum Kind: String, CaseIterable {
    case gitOnHead, gitOnOwnBranch, gitBare, levelDB, memory
  }

  @Test(arguments: Kind.allCases, BackendConformance.Check.allCases)
  func conforms(kind: Kind, check: BackendConformance.Check) async throws {
    let path = ScratchDirectory.current.path.appending("state").string
    let options: GitBackendOptions?
    switch kind {
    case .gitOnHead:
      options = try await GitFixture.options(at: path)
    case .gitOnOwnBranch:
      options = try await GitFixture.options(at: path, branch: "state")
    case .gitBare:
      options = try await GitFixture.options(at: path, isBare: true)
    case .levelDB, .memory: options = nil
    }
    if let options {
      try BackendConformance(
        reopen: { _ in try GitBackend(options) }, make: { try GitBackend(options) }
      ).run(check)
      let folder = FilePath(path)
      try await git("fsck", "--strict", in: folder)
      if kind == .gitOnHead {
        #expect(try await git("status", "--porcelain", in: folder) == "")
      }
    } else if kind == .levelDB {
      try BackendConformance(
        reopen: { _ in try LevelDBBackend(path: path) },
        make: { try LevelDBBackend(path: path, createsIfMissing: true, isDurable: false) }
      ).run(check)
    } else {
      try BackendConformance { InMemoryBackend() }.run(check)
    }
  }

  @Test func aBackendThatLosesARecordFails() throws {
    struct Forgetful: StateBackend {
      let type = "forgetful"
      let memory = InMemoryBackend()
      func contract(_ key: ContractKey) -> Contract? { nil }
      func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
        try memory.contracts(matching: query)
      }
      func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
        memory.apply(operations)
      }
      func verify() -> VerificationReport { memory.verify() }
    }
    #expect(throws: ConformanceFailure.self) {
      try BackendConformance { Forgetful() }.run(.putAndGet)
    }
  }
}

/// Repositories for tests of the git backend, with an identity of their own.
enum GitFixture {
  /// A new repository's options.
  static func options(at path: String, branch: String? = nil, isBare: Bool = false) async throws
    -> GitBackendOptions
  {
    let parent = FilePath(path).removingLastComponent()
    try Library.useConfiguration(searchPath: "")
    try await git(
      arguments: ["init", "-q", "-b", "main"] + (isBare ? ["--bare"] : []) + [path], in: parent)
    try await git("config", "user.name", "Ada Deployer", in: FilePath(path))
    try await git("config", "user.email", "ada@example.org", in: FilePath(path))
    return GitBackendOptions(
      directory: path, branch: branch, durability: .none, staleness: .zero)
  }
}
