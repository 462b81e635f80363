import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Kinds of repositories, and remotes.
@Suite(.scratchDirectory) struct RepositoryTests {
  @Test func initMakesARepositoryOnce() async throws {
    let folder = try makeFolder(scratch.appending("new"))
    #expect(try await json("init", in: folder)["created"] == true)
    let before = try TreeRecord(folder)
    #expect(try await json("init", in: folder)["created"] == false)
    #expect(before.differences(to: try TreeRecord(folder)) == [])
    try await put("A", "1", in: folder)
    try await expectSound(folder, status: "?? .gitattributes")
  }

  @Test func initKeepsBranchAndFolder() async throws {
    let project = try await newRepository()
    try await succeed("init", "--branch", "state", "--deployments", "ops/state", in: project)
    try await put("A", "1", in: project)
    #expect(
      try await git("ls-tree", "-r", "--name-only", "state", in: project)
        == "ops/state/bscmainnet.json")
    #expect(!exists(project.appending("ops")))
    #expect(try await refusal("init", "--deployments", "../x", in: project).status == 64)
  }

  @Test(arguments: [["--branch", "a b"], ["--branch", "refs/tags/x"], ["--deployments", "/abs"]])
  func aBadNameIsRefusedBeforeAnythingIsKept(options: [String]) async throws {
    let folder = try makeFolder(scratch.appending("new"))
    let result = try await gitstate(["init"] + options, in: folder)
    #expect(result.status == 64)
    #expect(result.errors.contains(options[1]))
    #expect(try entries(of: folder) == [])
    let project = try await sampleRepository()
    let before = try TreeRecord(project)
    #expect(try await gitstate(["init"] + options, in: project).status == 64)
    #expect(before.differences(to: try TreeRecord(project)) == [])
  }

  @Test func initSaysWhatIsReady() async throws {
    let folder = try makeFolder(scratch.appending("new"))
    #expect(
      try await json("init", "--branch", "state", in: folder) == [
        "repository": .string(folder.string), "created": true, "branch": "state",
        "deployments": "deployments",
      ])
    // An own branch that is not yet born, beside a HEAD that is not either.
    let commit = try await put("A", "1", in: folder)
    #expect(try await git("rev-parse", "state", in: folder) == commit)
    #expect(try await git("symbolic-ref", "HEAD", in: folder) != "refs/heads/state")
    #expect(try entries(of: folder) == [".git"])
    let below = try makeFolder(folder.appending("below"))
    #expect(try await json("init", in: below)["created"] == false)
    #expect(try entries(of: below) == [])
  }

  @Test func remotesAreNamedOnce() async throws {
    let project = try await sampleRepository()
    try await succeed("remote", "add", "origin", "../a", in: project)
    let taken = try await refusalLeavingAll(of: project, "remote", "add", "origin", "../b")
    #expect(taken.status == 64)
    #expect(taken.message.contains("../a") && taken.message.contains("remote remove origin"))
    let missing = try await refusalLeavingAll(of: project, "remote", "remove", "nope")
    #expect(missing.status == 64)
    #expect(missing.message.contains("\"nope\""))
    #expect(try await refusal("remote", "add", "a b", "../b", in: project).status == 64)
    #expect(try await refusal("push", "nope", in: project).status == 64)
    let unreachable = try await refusal("push", in: project)
    #expect(unreachable.status == 1)
    #expect(unreachable.code == "REMOTE_UNAVAILABLE")
    #expect(unreachable.message.contains("gitstate remote list"))
  }

  @Test func bareRepositoriesWork() async throws {
    let bare = try makeFolder(scratch.appending("bare.git"))
    try await git("init", "-q", "--bare", "-b", "main", in: bare)
    try await put("A", "1", in: bare)
    try await put("A", "2", in: bare)
    #expect(try await json("log", in: bare).array?.count == 2)
    try await git("fsck", "--strict", in: bare)
    #expect(
      try await git("ls-tree", "-r", "--name-only", "main", in: bare)
        == "deployments/bscmainnet.json")
  }

  @Test func aSettingsFileNamesTheBranch() async throws {
    let project = try await repository(
      ["deployments/.gitstate.json": "{\"format\": 1, \"branch\": \"state\"}"])
    try await put("A", "1", in: project)
    #expect(try await commitCount(in: project, "state") == 1)
    try await commit(["deployments/.gitstate.json": "{\"format\": 2}"], in: project)
    #expect(try await refusal("list", in: project).message.contains("format"))
  }

  @Test func pushesReachABareRepository() async throws {
    let project = try await newRepository()
    try await git("init", "-q", "--bare", "-b", "main", "../backup.git", in: project)
    #expect(try await refusal("push", in: project).status == 64)
    let commit = try await put("A", "1", in: project)
    #expect(try await refusal("push", in: project).message.contains("remote add"))
    try await succeed("remote", "add", "origin", "../backup.git", in: project)
    #expect(
      try await json("remote", "list", in: project)
        == [["name": "origin", "url": "../backup.git"]])
    let answer = try await json("push", in: project)
    #expect(answer == ["remote": "origin", "branch": "main", "commit": .string(commit)])
    let backup = scratch.appending("backup.git")
    #expect(try await git("rev-parse", "main", in: backup) == commit)

    // Somebody else pushes; our next push is refused and changes nothing.
    try await git("clone", "-q", "backup.git", "other", in: scratch)
    try await put("B", "1", in: scratch.appending("other"))
    let other = try await json("push", in: scratch.appending("other"))["commit"]?.string
    try await put("C", "1", in: project)
    let refused = try await refusal("push", in: project)
    #expect(refused.code == "REMOTE_REJECTED")
    #expect(try await git("rev-parse", "main", in: backup) == other)
    try await succeed("remote", "remove", "origin", in: project)
    #expect(try await json("remote", "list", in: project) == [])
  }

  @Test(arguments: [
    "https://ada:s3cret@example.org/x.git", "https://ghp_s3cret@example.org/x.git",
    "https://github_pat_s3cret@example.org", "https://glpat-s3cret@example.org/x.git",
    "http://00112233445566778899aabbs3cret@example.org/x.git",
  ])
  func aSecretInAURLIsTakenOut(url: String) async throws {
    let project = try await sampleRepository()
    let added = try await gitstate("remote", "add", "origin", url, in: project)
    #expect(added.status == 0)
    #expect(!(added.text + added.errors).contains("s3cret"))
    #expect(added.errors.contains("GITSTATE_TOKEN"))
    #expect(try await git("remote", "get-url", "origin", in: project).contains("example.org"))
    #expect(try await !git("config", "--list", in: project).contains("s3cret"))
    // Nor is one shown that git itself let in.
    try await git("remote", "set-url", "origin", url, in: project)
    #expect(try await !succeed("remote", "list", in: project).contains("s3cret"))
    #expect(try await !succeed("remote", "list", "--json", in: project).contains("s3cret"))
  }

  @Test(arguments: [
    "https://ada@example.org/x.git", "https://organisation-of-many-words@dev.azure.com/x",
    "ssh://git@example.org/x.git", "git@example.org:x.git", "../x.git", "/a@b:c/x.git",
  ])
  func aUserInAURLIsNoSecret(url: String) async throws {
    let project = try await sampleRepository()
    try await succeed("remote", "add", "origin", url, in: project)
    #expect(try await json("remote", "list", in: project)[0]?["url"] == .string(url))
  }

  @Test func aRelativeRemoteIsReachedFromAnywhere() async throws {
    let project = try await sampleRepository()
    try await git("init", "-q", "--bare", "-b", "main", "../backup.git", in: project)
    try await succeed("remote", "add", "origin", "../backup.git", in: project)
    let below = try makeFolder(project.appending("below"))
    try await succeed("push", in: below)
    try await put("A", "1", in: project)
    try await succeed("-C", "project", "push", in: scratch)
    #expect(
      try await git("rev-parse", "main", in: scratch.appending("backup.git"))
        == git("rev-parse", "main", in: project))
    // Pushes may go elsewhere.
    try await git("config", "remote.origin.pushurl", "../second.git", in: project)
    try await git("init", "-q", "--bare", "-b", "main", "../second.git", in: project)
    try await succeed("push", in: below)
    #expect(
      try await git("rev-parse", "main", in: scratch.appending("second.git"))
        == git("rev-parse", "main", in: project))
  }

  @Test(arguments: ["gone.git", "../gone.git", "/nowhere/gone.git"])
  func aRemoteThatIsNotThereIsNamed(path: String) async throws {
    let project = try await sampleRepository()
    try await succeed("remote", "add", "origin", path, in: project)
    let refused = try await refusalLeavingAll(of: project, "push")
    #expect(refused.code == "REMOTE_UNAVAILABLE")
    #expect(refused.message.contains(path), "\(refused.message)")
    #expect(refused.message.contains("no repository"), "\(refused.message)")
  }
}
