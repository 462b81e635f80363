import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// A write beside a user who is at work in the same repository.
@Suite(.scratchDirectory) struct WorkingTreeTests {
  private let file = "deployments/bscmainnet.json"

  @Test func whatTheUserStagedOrChangedStaysTheirs() async throws {
    let project = try await sampleRepository()
    try await commit(["code.txt": "one\n"], in: project)
    try writeFile(project.appending("code.txt"), "two\n")
    try writeFile(project.appending("new.txt"), "new\n")
    let other = project.appending("deployments/basesepolia.json")
    try writeFile(other, try text(other).replacing(address("5"), with: address("6")))
    try await git("add", ".", in: project)
    try writeFile(project.appending("code.txt"), "three\n")
    try writeFile(project.appending("untracked.txt"), "mine\n")
    let status = try await git("status", "--porcelain", in: project)
    let staged = try await git("diff", "--cached", in: project)
    let before = try TreeRecord(project)

    try await put("New", "7", in: project)
    #expect(try await git("show", "--name-only", "--format=", in: project) == file)
    #expect(try await git("status", "--porcelain", in: project) == status)
    #expect(try await git("diff", "--cached", in: project) == staged)
    let changed = before.differences(to: try TreeRecord(project))
    #expect(changed.filter { !$0.hasPrefix(".git") } == [file])
    // The staged edit of another network is not in the state before it is committed.
    #expect(
      try await succeed("get", "84532-Token", "--field", "address", in: project) == address("5"))

    // Taking it back touches nothing of theirs either.
    try await succeed("revert", "HEAD", in: project)
    #expect(try await git("diff", "--cached", in: project) == staged)
    try await git("commit", "-qm", "the user's own", in: project)
    #expect(
      try await git("show", "--name-only", "--format=", in: project)
        == "code.txt\ndeployments/basesepolia.json\nnew.txt")
    try await expectSound(project, status: " M code.txt\n?? untracked.txt")
  }

  @Test func anEditByHandIsCommittedFirst() async throws {
    let project = try await sampleRepository()
    let path = project.appending(file)
    try writeFile(path, try text(path).replacing(address("4"), with: address("9")))
    let result = try await gitstate(
      "put", "56-New", "--address", address("7"), "--timestamp", time, "--json", in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("edits made by hand"))
    #expect(
      try await git("log", "--format=%s", in: project)
        == "bscmainnet: add New\nAdopt edits by hand: bscmainnet: upgrade Oracle\nAdd files")
    let answer = try JSONValue(parsing: result.output)
    #expect(answer["changes"]?.array?.count == 1)
    #expect(answer["from"]?.string == (try await git("rev-parse", "HEAD~1", in: project)))
    #expect(
      try await git("log", "-1", "--format=%B", "HEAD~1", in: project)
        .contains("GitState-Operation: adopt\nGitState-Contract: 56-Oracle"))
    try await expectSound(project)
  }

  @Test func anEditOfAnotherNetworkIsLeftAlone() async throws {
    let project = try await sampleRepository()
    let other = project.appending("deployments/basesepolia.json")
    try writeFile(other, try text(other).replacing(address("5"), with: address("6")))
    try await put("New", "7", in: project)
    #expect(try await commitCount(in: project) == 2)
    try await expectSound(project, status: " M deployments/basesepolia.json")
  }

  @Test func aDeletedFileStaysDeleted() async throws {
    let project = try await sampleRepository()
    try removeFile(project.appending(file))
    let result = try await gitstate("put", "56-New", "--address", address("7"), in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("warning: \(file) is missing"))
    #expect(result.errors.contains("git checkout -- \(file)"))
    #expect(!exists(project.appending(file)))
    try await expectSound(project, status: " D \(file)")
    #expect(try await json("list", "56", in: project).array?.count == 3)
    // The way out that the warning names works, and the next write is in step again.
    try await git("checkout", "--", file, in: project)
    try await put("Next", "7", in: project)
    try await expectSound(project)
  }

  @Test(arguments: [
    "{\n  \"network\": \"bscmainnet\",\n  \"chainId\": 56,\n  \"contr", "",
    "<<<<<<< HEAD\n{}\n=======\n{\"a\":1}\n>>>>>>> side\n",
  ])
  func anUnreadableFileIsLeftAsItIs(content: String) async throws {
    let project = try await sampleRepository()
    try writeFile(project.appending(file), content)
    let result = try await gitstate("put", "56-New", "--address", address("7"), in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("warning: \(file)"))
    #expect(result.errors.contains("left as it is"))
    #expect(try text(project.appending(file)) == content)
    #expect(
      try await succeed("get", "56-New", "--field", "address", in: project) == address("7"))
    let shown = try await gitstate("diff", in: project)
    #expect(shown.status == 0)
    #expect(shown.errors.contains(file))
    try await expectSound(project, status: " M \(file)")
    try await git("checkout", "--", file, in: project)
    try await put("Next", "7", in: project)
    try await expectSound(project)
  }

  @Test func aBranchThatAnotherWorktreeHasIsWrittenThere() async throws {
    let project = try await sampleRepository()
    try await git("worktree", "add", "-q", "-b", "side", "../side", in: project)
    let side = scratch.appending("side")
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("7"), "--branch", "side")
    #expect(refused.status == 1)
    #expect(refused.message.contains(side.string))
    try await put("New", "7", in: side)
    try await expectSound(side)
    try await expectSound(project)
    #expect(try await gitstate("get", "56-New", in: project).status == 3)
    #expect(try await gitstate("get", "56-New", "--branch", "side", in: project).status == 0)
    // What the message says to do where it was deleted is enough.
    try removeFile(side)
    let gone = try await refusalLeavingAll(
      of: project, "put", "56-Later", "--address", address("8"), "--branch", "side")
    #expect(gone.status == 1)
    #expect(gone.message.hasSuffix(": git worktree prune"))
    try await git("worktree", "prune", in: project)
    try await succeed("put", "56-Later", "--address", address("8"), "--branch", "side", in: project)
  }

  @Test func lineEndsThatGitWouldConvertAreRefused() async throws {
    let project = try await sampleRepository()
    try await git("config", "core.autocrlf", "true", in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("7"))
    #expect(refused.status == 1)
    #expect(refused.message.contains(file))
    // What the message says to do is enough.
    let line = try #require(refused.message.split(separator: ": ").last)
    try await git("config", "core.autocrlf", "true", in: project)
    try await commit([".gitattributes": "\(line)\n"], in: project)
    try await put("New", "7", in: project)
    #expect(!(try text(project.appending(file))).contains("\r"))
    try await expectSound(project)
  }

  @Test func aLineEndRuleThatChangesNothingIsNoObstacle() async throws {
    let project = try await sampleRepository()
    try await commit([".gitattributes": "* text=auto\n"], in: project)
    try await put("New", "7", in: project)
    try await expectSound(project)
  }
}
