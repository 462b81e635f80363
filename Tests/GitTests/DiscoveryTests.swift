import Git
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct DiscoveryTests {
  func discover(_ path: FilePath, _ environment: [String: String] = [:]) throws -> String? {
    try isolate()
    return try Repository.discover(from: path.string, environment: environment)
  }

  @Test func findsFromASubfolderAndFromWithinGitsOwn() async throws {
    let path = try await newRepository()
    let folder = try makeFolder(path.appending("deployments"))
    let expected = path.appending(".git").string
    #expect(try discover(path) == expected)
    #expect(try discover(folder) == expected)
    #expect(try discover(path.appending(".git")) == expected)
    #expect(try discover(path.appending(".git/refs")) == expected)
  }

  @Test func findsThroughALink() async throws {
    let path = try await newRepository()
    let folder = try makeFolder(path.appending("inner"))
    #expect(symlink(folder.string, scratch.appending("link").string) == 0)
    #expect(try discover(scratch.appending("link")) == path.appending(".git").string)
  }

  @Test func nothingIsNil() throws {
    #expect(try discover(scratch) == nil)
    // A stray file named HEAD is no repository.
    try writeFile(scratch.appending("HEAD"), "ref: refs/heads/main\n")
    #expect(try discover(scratch) == nil)
  }

  @Test func aFolderThatIsNotThereIsAnError() throws {
    let error = try failure { _ = try discover(scratch.appending("missing")) }
    #expect(error?.code == .notFound)
    #expect(error?.context == scratch.appending("missing").string)
  }

  @Test func aBrokenRepositoryIsNotAbsent() async throws {
    _ = try await newRepository()
    let inner = try makeFolder(scratch.appending("repository/inner"))
    try makeFolder(inner.appending(".git"))
    #expect(try code { _ = try discover(inner) } == .unreadable)

    let other = try makeFolder(scratch.appending("other"))
    try writeFile(other.appending(".git"), "gitdir: /nowhere/at/all\n")
    #expect(try code { _ = try discover(other) } == .unreadable)

    let third = try makeFolder(scratch.appending("third"))
    try writeFile(third.appending(".git"), "")
    #expect(try failure { _ = try discover(third) } != nil)
  }

  @Test func aDanglingLinkNamedDotGitIsNotAbsent() throws {
    #expect(symlink("/nowhere/at/all", scratch.appending(".git").string) == 0)
    #expect(try failure { _ = try discover(scratch) } != nil)
  }

  @Test func findsALinkedWorktree() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    let linked = scratch.appending("linked")
    try await git("worktree", "add", "--quiet", "-b", "side", linked.string, in: path)
    let found = try #require(try discover(linked))
    #expect(found == path.appending(".git/worktrees/linked").string)
    let repository = try open(FilePath(found))
    #expect(repository.isLinkedWorktree == true)
    #expect(repository.gitDirectory == found)
    #expect(repository.commonDirectory == path.appending(".git").string)
    #expect(repository.workingDirectory == linked.string)
    let head = try repository.head()
    #expect(head == .branch(name: "refs/heads/side", target: head.target))
  }

  /// The git directory is elsewhere, and does not know where its working tree is.
  @Test func findsAWorkingTreeOfASeparateGitDirectory() async throws {
    let path = try makeFolder(scratch.appending("tree"))
    let store = scratch.appending("store")
    try await git(
      "init", "--quiet", "--initial-branch=main", "--separate-git-dir", store.string, in: path)
    let found = try #require(try discover(path))
    let repository = try open(FilePath(found))
    #expect(repository.gitDirectory == store.string)
    #expect(repository.workingDirectory == path.string)
    // A submodule's does.
    try await commitFile("a", "1", in: path)
    let outer = try await newRepository("outer")
    try await git(
      "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", path.string, "inner",
      in: outer)
    let inner = try #require(try discover(outer.appending("inner")))
    #expect(inner == outer.appending(".git/modules/inner").string)
    #expect(try open(FilePath(inner)).workingDirectory == outer.appending("inner").string)
  }

  @Test func findsABareRepository() async throws {
    try await git("init", "--quiet", "--bare", "store.git", in: scratch)
    let path = scratch.appending("store.git")
    #expect(try discover(path) == path.string)
    #expect(try discover(path.appending("objects")) == path.string)
    let repository = try open(path)
    #expect(repository.isBare == true)
    #expect(repository.workingDirectory == nil)
    #expect(repository.gitDirectory == path.string)
  }

  @Test func aCeilingEndsTheSearch() async throws {
    let path = try await newRepository()
    let folder = try makeFolder(path.appending("a"))
    #expect(try discover(folder, ["GIT_CEILING_DIRECTORIES": path.string]) == nil)
    #expect(
      try discover(folder, ["GIT_CEILING_DIRECTORIES": "/elsewhere:\(scratch.string)"]) != nil)
  }

  @Test func theEnvironmentNamesTheRepository() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    let variables = [
      "GIT_DIR": path.appending(".git").string, "GIT_WORK_TREE": scratch.string,
    ]
    let found = try #require(try discover(FilePath("/"), variables))
    #expect(found == path.appending(".git").string)
    let repository = try open(FilePath(found), environment: variables)
    #expect(repository.workingDirectory == scratch.string)
    #expect(
      try failure { _ = try discover(path, ["GIT_DIR": scratch.string]) } != nil,
      "what GIT_DIR names must be a repository")
  }

  @Test func openingDoesNotSearchAbove() async throws {
    let path = try await newRepository()
    let folder = try makeFolder(path.appending("inner"))
    #expect(try code { _ = try open(folder) } == .notFound)
    let repository = try open(path)
    #expect(repository.workingDirectory == path.string)
    #expect(!repository.isBare && !repository.isShallow && !repository.isLinkedWorktree)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a folder away"))
  func aRepositoryOfAnotherUserIsRefusedByName() async throws {
    let path = try await newRepository()
    try await git("config", "user.name", "x", in: path)
    for file in [path, path.appending(".git")] { #expect(chown(file.string, 65534, 65534) == 0) }
    let error = try #require(try failure { _ = try discover(path) })
    #expect(error.code == .owner)
    #expect(error.message.contains("git config --global --add safe.directory \(path)"))
    #expect(error.message.contains("user 65534"))
    #expect(try code { _ = try open(path) } == .owner)
    #expect(try code { _ = try open(path.appending(".git")) } == .owner)
  }

  @Test func aTextWithNULIsRefused() throws {
    #expect(try code { _ = try Repository(opening: "/\0x") } == .invalid)
    #expect(try code { _ = try Repository.discover(from: "/\0x", environment: [:]) } == .invalid)
  }
}
