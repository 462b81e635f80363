import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct StateTests {
  /// A repository with two branches that conflict in the file `a`, on `main`.
  func conflicting() async throws -> FilePath {
    let path = try await newRepository()
    try await commitFile("a", "base\n", in: path)
    try await git("checkout", "--quiet", "-b", "side", in: path)
    try await commitFile("a", "side\n", in: path, second: 1)
    try await commitFile("b", "more\n", in: path, second: 2)
    try await git("checkout", "--quiet", "main", in: path)
    try await commitFile("a", "main\n", in: path, second: 3)
    return path
  }

  /// Runs git where it is to stop with a conflict.
  func stop(_ arguments: String..., in path: FilePath) async throws {
    let result = try await runProgram("git", arguments, in: path)
    #expect(result.status != 0)
  }

  @Test func headKinds() async throws {
    let path = try await newRepository()
    let unborn = try open(path).head()
    #expect(unborn == .branch(name: "refs/heads/main", target: nil))
    #expect(unborn.target == nil)
    let id = try await commitFile("a", "1", in: path)
    #expect(try open(path).head() == .branch(name: "refs/heads/main", target: id))
    try await git("pack-refs", "--all", in: path)
    #expect(try open(path).head() == .branch(name: "refs/heads/main", target: id))
    try await git("checkout", "--quiet", "--detach", in: path)
    #expect(try open(path).head() == .detached(id))
  }

  @Test func aDamagedBranchIsNotUnborn() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    try writeFile(path.appending(".git/refs/heads/main"), "")
    let repository = try open(path)
    #expect(try failure { _ = try repository.head() } != nil)
  }

  @Test func nothingInProgress() async throws {
    let path = try await conflicting()
    #expect(try open(path).operationInProgress() == nil)
  }

  @Test func merge() async throws {
    let path = try await conflicting()
    try await stop("merge", "side", in: path)
    let operation = try open(path).operationInProgress()
    #expect(operation == RepositoryOperation(kind: .merge, branch: nil))
  }

  @Test(arguments: [["--merge"], ["--apply"], ["--interactive"]])
  func rebaseNamesItsBranch(options: [String]) async throws {
    let path = try await conflicting()
    try await git("checkout", "--quiet", "side", in: path)
    let result = try await runProgram(
      "git", ["rebase"] + options + ["main"], in: path, environment: ["GIT_SEQUENCE_EDITOR": "true"]
    )
    #expect(result.status != 0)
    let repository = try open(path)
    let operation = try repository.operationInProgress()
    #expect(operation == RepositoryOperation(kind: .rebase, branch: "refs/heads/side"))
    guard case .detached = try repository.head() else {
      throw Unexpected("a rebase detaches HEAD")
    }
  }

  @Test func cherryPickAndItsPauses() async throws {
    let path = try await conflicting()
    try await stop("cherry-pick", "side~1", "side", in: path)
    #expect(try open(path).operationInProgress()?.kind == .cherryPick)
    // Resolved and committed, but the second commit waits.
    try writeFile(path.appending("a"), "both\n")
    try await git("commit", "--quiet", "-a", "-m", "picked", in: path)
    #expect(!exists(path.appending(".git/CHERRY_PICK_HEAD")))
    #expect(try open(path).operationInProgress()?.kind == .cherryPick)
    try await git("cherry-pick", "--continue", in: path)
    #expect(try open(path).operationInProgress() == nil)
  }

  @Test func revert() async throws {
    let path = try await conflicting()
    try await commitFile("a", "again\n", in: path, second: 4)
    try await stop("revert", "--no-edit", "HEAD~1", in: path)
    #expect(try open(path).operationInProgress()?.kind == .revert)
  }

  @Test func applyMailbox() async throws {
    let path = try await conflicting()
    let patch = try await git("format-patch", "-1", "--stdout", "side~1", in: path)
    try writeFile(scratch.appending("patch"), patch + "\n")
    try await stop("am", "--quiet", scratch.appending("patch").string, in: path)
    #expect(try open(path).operationInProgress()?.kind == .applyMailbox)
  }

  @Test func bisectionNamesItsBranch() async throws {
    let path = try await conflicting()
    try await git("bisect", "start", "HEAD", "HEAD~1", in: path)
    let operation = try open(path).operationInProgress()
    #expect(operation == RepositoryOperation(kind: .bisect, branch: "refs/heads/main"))
  }

  @Test func worktreesNameTheirBranches() async throws {
    let path = try await conflicting()
    let linked = scratch.appending("linked")
    try await git("worktree", "add", "--quiet", linked.string, "side", in: path)
    let detached = scratch.appending("detached")
    try await git("worktree", "add", "--quiet", "--detach", detached.string, "side", in: path)

    let fromMain = try open(path).linkedWorktreeHeads()
    #expect(fromMain.map(\.path) == [linked.string])
    #expect(fromMain.map(\.branch) == ["refs/heads/side"])
    let fromLinked = try open(linked).linkedWorktreeHeads()
    #expect(fromLinked.map(\.path) == [path.string])
    #expect(fromLinked.map(\.branch) == ["refs/heads/main"])

    try await stop("rebase", "main", in: linked)
    let rebasing = try open(path).linkedWorktreeHeads()
    #expect(rebasing.map(\.branch) == ["refs/heads/side"])
  }

  @Test func theHeadOfABareRepositoryIsCheckedOutNowhere() async throws {
    let path = try await conflicting()
    let bare = scratch.appending("store.git")
    try await git("clone", "--quiet", "--bare", path.string, bare.string, in: scratch)
    let linked = scratch.appending("linked")
    try await git("worktree", "add", "--quiet", linked.string, "side", in: bare)
    #expect(try open(linked).linkedWorktreeHeads().map(\.branch) == [])
    #expect(try open(bare).linkedWorktreeHeads().map(\.branch) == ["refs/heads/side"])
  }
}
