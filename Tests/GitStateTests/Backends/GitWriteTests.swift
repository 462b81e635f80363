import Git
import GitState
import SystemPackage
import TestSupport
import Testing

/// What a write does to the repository around it, checked with the git program.
@Suite(.scratchDirectory) struct GitWriteTests {
  @Test func aPutIsOneCommitThatReadsWell() async throws {
    let project = try await Project()
    let answer = try project.put("Token", "1", reason: "first one\n\nwith a reason")
    #expect(try await project.git("rev-list", "--count", "HEAD") == "1")
    #expect(try await project.git("rev-parse", "HEAD") == answer.changes.to)
    #expect(answer.changes.from == nil)
    #expect(
      try await project.git("log", "-1", "--format=%B") == """
        bscmainnet: add Token

        first one

        with a reason

        networkName          bscmainnet
        implementation       0x1111111111111111111111111111111111111111
        factoryByteCodeHash  ""
        timestamp            1

        GitState-Operation: put
        GitState-Contract: 56-Token

        """)
    #expect(
      try await project.git("log", "-1", "--format=%(trailers:key=GitState-Contract,valueonly)")
        .hasPrefix("56-Token"))
    try await project.expectSound()
  }

  @Test func namesInTrailersAreEncoded() async throws {
    let project = try await Project()
    let odd = Contract(
      name: "100%\u{202E}x", chainID: 56, networkName: "n", address: Project.address("1"),
      timestamp: 1)
    _ = try project.backend.apply([
      Operation(.importing, [.importRecord(odd, overwrite: false)])
    ])[0].get()
    let message = try await project.git("log", "-1", "--format=%B")
    #expect(message.contains("GitState-Contract: 56-100%25%E2%80%AEx"))
    #expect(!message.contains("\u{202E}"))
  }

  @Test func aNoOpIsNoCommitAndATransactionIsOne() async throws {
    let project = try await Project()
    let contracts = ["A", "B", "C"].map {
      Contract(
        name: $0, chainID: 56, networkName: "bscmainnet", address: Project.address("1"),
        timestamp: 1)
    }
    for _ in 0..<2 {
      _ = try project.backend.apply([Operation(.transaction, contracts.map { .put($0) })])[0].get()
    }
    #expect(try await project.git("rev-list", "--count", "HEAD") == "1")
    #expect(
      try await project.git("log", "-1", "--format=%s") == "bscmainnet: add 3 contracts")
  }

  @Test func newFilesArePrivateAndOldOnesKeepTheirMode() async throws {
    let project = try await Project()
    try project.put("A", "1")
    #expect(try project.mode("deployments") == 0o700)
    #expect(try project.mode("deployments/bscmainnet.json") == 0o600)
    try project.setMode("deployments/bscmainnet.json", 0o664)
    try project.put("B", "1")
    #expect(try project.mode("deployments/bscmainnet.json") == 0o664)
  }

  @Test func whatTheUserHasBesidesIsNotTouched() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.write("tracked.txt", "one\n")
    try project.write("other.txt", "one\n")
    try project.write("skipped.txt", "one\n")
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "files of the user's")
    try project.write("staged.txt", "new\n")
    try await project.git("add", "staged.txt")
    try project.write("tracked.txt", "two\n")
    try await project.git("add", "tracked.txt")
    try project.write("tracked.txt", "three\n")
    try project.write("other.txt", "two\n")
    try project.write("untracked.txt", "x\n")
    try project.write("intended.txt", "x\n")
    try await project.git("add", "--intent-to-add", "intended.txt")
    try await project.git("update-index", "--skip-worktree", "skipped.txt")
    let status = try await project.git("status", "--porcelain")
    let index = try await project.git("ls-files", "-s", "-t", "--", ":!deployments")

    try project.put("B", "2")

    #expect(try await project.git("status", "--porcelain") == status)
    #expect(try await project.git("ls-files", "-s", "-t", "--", ":!deployments") == index)
    #expect(
      try await project.git("show", "--format=", "--name-only") == "deployments/bscmainnet.json")
    #expect(try project.read("tracked.txt") == "three\n")
    // A plain commit of the user's afterwards keeps our record.
    try await project.git("commit", "-qm", "the user's own")
    #expect(try project.names() == ["A", "B"])
    #expect(
      try await project.git("show", "--format=", "--name-only", "HEAD")
        == "staged.txt\ntracked.txt")
  }

  @Test func stateOnABranchOfItsOwnLeavesTheWorkingTreeAlone() async throws {
    let project = try await Project(branch: "state")
    try project.write("code.txt", "x\n")
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "code")
    let head = try await project.git("rev-parse", "main")
    try project.put("A", "1")
    try project.put("B", "1")
    #expect(try await project.git("rev-parse", "main") == head)
    #expect(try await project.git("rev-list", "--count", "state") == "2")
    #expect(try await project.git("status", "--porcelain") == "")
    #expect(!exists(project.path.appending("deployments")))
    #expect(try project.names() == ["A", "B"])
  }

  @Test func eachCommitKeepsWhatItsTreeHas() async throws {
    let project = try await Project()
    try project.write("deployments/notes/readme.md", "x\n")
    try project.write("src/main.txt", "x\n")
    try project.write("deployments/config.json", "{\"a\": 1}")
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "files")
    try project.put("A", "1")
    try await project.expectSound()
    #expect(
      try await project.git("ls-tree", "-r", "--name-only", "HEAD") == """
        deployments/bscmainnet.json
        deployments/config.json
        deployments/notes/readme.md
        src/main.txt
        """)
  }

  @Test(arguments: ["merge", "rebase", "cherry-pick"])
  func anOperationUnderWayIsRefused(operation: String) async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.write("f.txt", "base\n")
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "base")
    try await project.git("checkout", "-qb", "side")
    try project.write("f.txt", "side\n")
    try await project.git("commit", "-qam", "side")
    try await project.git("checkout", "-q", "main")
    try project.write("f.txt", "main\n")
    try await project.git("commit", "-qam", "main")
    _ = try await runProgram("git", [operation, "side"], in: project.path)
    let status = try await project.git("status", "--porcelain")

    let error = #expect(throws: StateError.self) { try project.put("B", "1") }
    #expect(error?.code == .writeFailed)
    #expect(
      error?.message.contains(operation) == true || error?.message.contains("detached") == true)
    #expect(try await project.git("status", "--porcelain") == status)
    #expect(try project.names(at: "main") == ["A"])
  }

  @Test func aBranchCheckedOutElsewhereIsRefused() async throws {
    let project = try await Project(branch: "state")
    try project.put("A", "1")
    try await project.git("worktree", "add", "-q", "../other", "state")
    let error = #expect(throws: StateError.self) { try project.put("B", "1") }
    #expect(error?.message.contains("other") == true)
  }

  @Test func aWorktreeHasItsOwnIndexAndFiles() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try await project.git("worktree", "add", "-q", "-b", "second", "../second")
    let second = try Project(opening: project.path.removingLastComponent().appending("second"))
    try second.put("B", "1")
    try await second.expectSound()
    try await project.expectSound()
    #expect(try second.names() == ["A", "B"])
    #expect(try project.names() == ["A"])
  }
}

/// A repository and the git backend on it.
struct Project {
  let path: FilePath
  let backend: GitBackend

  init(_ name: String = "project", branch: String? = nil) async throws {
    path = ScratchDirectory.current.path.appending(name)
    backend = try GitBackend(try await GitFixture.options(at: path.string, branch: branch))
  }

  init(opening path: FilePath, lockTimeout: Duration = .seconds(10)) throws {
    self.path = path
    backend = try GitBackend(
      GitBackendOptions(
        directory: path.string, durability: .none, lockTimeout: lockTimeout, staleness: .zero))
  }

  static func address(_ digit: Character) -> String { "0x" + String(repeating: digit, count: 40) }

  @discardableResult
  func put(
    _ name: String, _ digit: Character, chain: ChainID = 56, network: String = "bscmainnet",
    reason: String? = nil, time: Int64 = 1
  ) throws -> WriteResult {
    let contract = Contract(
      name: name, chainID: chain, networkName: network, address: Self.address(digit),
      timestamp: time)
    return try backend.apply([Operation(.put, [.put(contract)], reason: reason)])[0].get()
  }

  /// The names of all contracts as committed.
  func names(at revision: String? = nil) throws -> [String] {
    try backend.snapshot(at: revision).contracts().map(\.name)
  }

  /// The address of a contract on chain 56.
  func address(_ name: String) throws -> String? {
    try backend.contract(ContractKey(56, name))?.address
  }

  @discardableResult
  func git(_ arguments: String...) async throws -> String {
    try await TestSupport.git(arguments: arguments, in: path)
  }

  func read(_ file: String) throws -> String {
    String(decoding: try readFile(path.appending(file)), as: UTF8.self)
  }

  func write(_ file: String, _ text: String) throws {
    let target = path.pushing(FilePath(file))
    try makeFolders(target.removingLastComponent())
    try writeFile(target, text)
  }

  /// Replaces text in a file.
  func edit(_ file: String, _ old: String, _ new: String) throws {
    let text = try read(file)
    #expect(text.contains(old))
    try write(file, text.replacing(old, with: new))
  }

  /// git finds the objects sound and the working tree as committed.
  func expectSound(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await git("fsck", "--strict")
    let status = try await git("status", "--porcelain")
    #expect(status == "", sourceLocation: sourceLocation)
  }

  func mode(_ file: String) throws -> UInt16 { try permissions(of: path.pushing(FilePath(file))) }

  func setMode(_ file: String, _ mode: UInt16) throws {
    try setPermissions(mode, of: path.pushing(FilePath(file)))
  }
}
