import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct CreationTests {
  @discardableResult
  func create(
    _ name: String, bare: Bool = false, branch: String? = nil, environment: [String: String] = [:]
  ) throws -> String {
    try isolate()
    return try Repository.create(
      at: scratch.appending(name).string, bare: bare, initialBranch: branch,
      environment: environment)
  }

  @Test func gitAcceptsWhatIsCreated() async throws {
    let directory = try create("a/b", branch: "state")
    let path = scratch.appending("a/b")
    #expect(directory == path.appending(".git").string)
    try await fsck(path)
    #expect(try await git("symbolic-ref", "HEAD", in: path) == "refs/heads/state")
    #expect(try await git("status", "--porcelain", in: path) == "")
    let head = try open(path).head()
    #expect(head == .branch(name: "refs/heads/state", target: nil))
  }

  @Test func bareHasNoWorkingTree() async throws {
    try create("store.git", bare: true)
    let path = scratch.appending("store.git")
    #expect(try await git("rev-parse", "--is-bare-repository", in: path) == "true")
    #expect(try open(path).isBare == true)
  }

  @Test func theDefaultBranchComesFromConfiguration() async throws {
    try writeFile(scratch.appending("global"), "[init]\n\tdefaultBranch = trunk\n")
    let variables = ["GIT_CONFIG_GLOBAL": scratch.appending("global").string]
    try create("one", environment: variables)
    try create("two")
    let head = try open(scratch.appending("one")).head()
    #expect(head == .branch(name: "refs/heads/trunk", target: nil))
    let plain = try open(scratch.appending("two")).head()
    #expect(plain == .branch(name: "refs/heads/master", target: nil))
  }

  @Test func neverReinitialises() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    #expect(try code { try create("repository") } == .exists)
    #expect(try code { try create("repository", bare: true) } == .exists)
    try makeFolder(scratch.appending("empty"))
    try makeFolder(scratch.appending("empty/.git"))
    #expect(try code { try create("empty") } == .exists)
    try await git("init", "--quiet", "--bare", "store.git", in: scratch)
    #expect(try code { try create("store.git") } == .exists)
    #expect(try code { try create("store.git", bare: true) } == .exists)
    try await fsck(path)
  }

  @Test(arguments: ["-x", "a..b", "a b", "", "HEAD", "a\0b"])
  func badBranchNamesAreRefused(name: String) throws {
    #expect(try failure { try create("new", branch: name) } != nil)
    #expect(!exists(scratch.appending("new/.git")))
  }
}
