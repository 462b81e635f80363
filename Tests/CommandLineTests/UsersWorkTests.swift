import SystemPackage
import TestSupport
import Testing

/// Writes in repositories that are set up in other ways than most.
@Suite(.scratchDirectory) struct UsersWorkTests {
  private let file = "deployments/bscmainnet.json"

  @Test func aSparseCheckoutStaysSparse() async throws {
    let project = try await sampleRepository()
    try await commit(["code/a.txt": "a\n", "docs/b.txt": "b\n"], in: project)
    try await git("sparse-checkout", "set", "--no-cone", "/code/", in: project)
    #expect(!exists(project.appending(file)))
    let result = try await gitstate(
      "put", "56-New", "--address", address("7"), "--timestamp", time, in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("is not in the sparse checkout"))
    #expect(!exists(project.appending(file)))
    #expect(try await git("show", "--name-only", "--format=", in: project) == file)
    #expect(try await git("ls-files", "-t", file, in: project) == "S \(file)")
    try await expectSound(project)
    // The user's next commit takes nothing back.
    try writeFile(project.appending("code/a.txt"), "two\n")
    try await git("commit", "-qam", "mine", in: project)
    #expect(try await git("show", "--name-only", "--format=", in: project) == "code/a.txt")
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
    // With the folder checked out again, the file is what was written.
    try await git("sparse-checkout", "disable", in: project)
    #expect(try text(project.appending(file)).contains(address("7")))
    try await expectSound(project)
  }

  @Test func submodulesStayAsTheyAre() async throws {
    let library = try await repository(["lib.txt": "1\n"], "library")
    let project = try await sampleRepository()
    try await git(
      "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.string, "lib",
      in: project)
    try await git("commit", "-qm", "submodule", in: project)
    let inner = project.appending("lib")
    try writeFile(inner.appending("lib.txt"), "2\n")
    try await git("commit", "-qam", "inner", in: inner)
    try writeFile(inner.appending("lib.txt"), "3\n")
    let status = try await git("status", "--porcelain", in: project)
    #expect(status.contains("lib"))
    try await put("New", "7", in: project)
    #expect(try await git("status", "--porcelain", in: project) == status)
    #expect(try await git("show", "--name-only", "--format=", in: project) == file)
    #expect(try text(inner.appending("lib.txt")) == "3\n")
    // In the submodule itself the state is the submodule's.
    try await put("Inner", "8", in: inner)
    #expect(try await git("log", "-1", "--format=%s", in: inner) == "bscmainnet: add Inner")
    #expect(try await gitstate("get", "56-Inner", in: project).status == 3)
  }

  @Test func hooksOfTheUserAreNotRun() async throws {
    let project = try await sampleRepository()
    for hook in ["pre-commit", "commit-msg", "post-commit", "reference-transaction"] {
      let path = project.appending(".git/hooks/\(hook)")
      try writeFile(path, "#!/bin/sh\ntouch \"\(scratch.string)/ran\"\nexit 1\n")
      try setPermissions(0o755, of: path)
    }
    try await put("New", "7", in: project)
    #expect(!exists(scratch.appending("ran")))
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
  }

  @Test(arguments: ["filter=crypt", "working-tree-encoding=UTF-16", "text eol=crlf", "ident"])
  func filesThatGitWouldConvertAreRefused(attributes: String) async throws {
    let project = try await sampleRepository()
    try await commit([".gitattributes": "deployments/* \(attributes)\n"], in: project)
    try await git("config", "filter.crypt.clean", "tr a-z n-za-m", in: project)
    try await git("config", "filter.crypt.smudge", "tr a-z n-za-m", in: project)
    if attributes == "ident" {
      let path = project.appending(file)
      try writeFile(path, try text(path).replacing("\"network\"", with: "\"$Id$\": 1, \"network\""))
      try await git("commit", "-qam", "ident", in: project)
    }
    let before = try TreeRecord(project)
    let result = try await gitstate(
      "put", "56-New", "--address", address("7"), "--timestamp", time, in: project)
    #expect(result.status == 1)
    #expect(result.errors.contains("nothing was written: git would convert \(file)"))
    #expect(result.errors.contains(".gitattributes"))
    #expect(before.differences(to: try TreeRecord(project)).allSatisfy { $0.contains("gitstate") })
  }

  /// Line ends that git would only change where there are carriage returns.
  @Test(arguments: ["attributes", "autocrlf"])
  func carriageReturnsThatGitWouldTakeOutAreRefused(by: String) async throws {
    let project = try await sampleRepository()
    if by == "attributes" {
      try await commit([".gitattributes": "* text=auto\n"], in: project)
    } else {
      try await git("config", "core.autocrlf", "input", in: project)
    }
    try await put("Plain", "6", in: project)
    let path = project.appending(file)
    let edited = try text(path).replacing("\n", with: "\r\n")
    try writeFile(path, edited)
    let result = try await gitstate("put", "56-New", "--address", address("7"), in: project)
    #expect(result.status == 1, "\(result.errors)")
    #expect(result.errors.contains("nothing was written: git would convert \(file)"))
    #expect(try text(path) == edited)
    try await git("checkout", "--", file, in: project)
    try await put("New", "7", in: project)
  }

  /// What is staged of the very file that is written stays staged, with the write's change in it.
  @Test func whatIsStagedOfTheWrittenFileStaysStaged() async throws {
    let project = try await sampleRepository()
    let path = project.appending(file)
    let committed = try text(path)
    try writeFile(path, committed.replacing(address("1"), with: address("9")))
    try await git("add", "--chmod=+x", file, in: project)
    try writeFile(path, committed)
    let staged = try await git("diff", "--cached", in: project)
    #expect(staged.contains(address("9")))
    try await put("New", "7", in: project)
    let after = try await git("diff", "--cached", in: project)
    #expect(after.contains("\"proxy\": \"\(address("9"))\""), "\(after)")
    #expect(after.contains("new mode 100755"))
    #expect(!after.contains(address("7")))
    let counts = try await git("diff", "--cached", "--numstat", in: project)
    #expect(counts.hasPrefix("1\t1\t"), "\(after)")
    try await expectSound(project, status: "MM \(file)")
  }

  @Test func aFileThatIsTakenOutOfTheIndexStaysOut() async throws {
    let project = try await sampleRepository()
    try await git("rm", "-q", "--cached", file, in: project)
    let result = try await gitstate("put", "56-New", "--address", address("7"), in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("git's index lacks \(file)"), "\(result.errors)")
    #expect(try await git("status", "--porcelain", in: project) == "D  \(file)\n?? \(file)")
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
  }

  /// As `git stash pop` leaves one, with no merge under way.
  @Test func aConflictInTheIndexStays() async throws {
    let project = try await sampleRepository()
    let path = project.appending(file)
    let committed = try text(path)
    try writeFile(path, committed.replacing(address("1"), with: address("8")))
    try await git("stash", "-q", in: project)
    try writeFile(path, committed.replacing(address("1"), with: address("9")))
    try await git("commit", "-qam", "two", in: project)
    #expect(try await runProgram("git", ["stash", "pop"], in: project).status == 1)
    let (stages, working) = (try await git("ls-files", "-s", in: project), try text(path))
    let result = try await gitstate("put", "56-New", "--address", address("7"), in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("git's index has a conflict in \(file)"), "\(result.errors)")
    #expect(try await git("ls-files", "-s", in: project) == stages)
    #expect(try text(path) == working)
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
  }

  @Test func anIgnoredFolderIsSaid() async throws {
    let project = try await newRepository()
    try await commit([".gitignore": "deployments/\n"], in: project)
    let result = try await gitstate(
      "put", "56-New", "--address", address("7"), "--network", "bscmainnet", in: project)
    #expect(result.status == 1)
    #expect(result.errors.contains("git ignores deployments/bscmainnet.json"))
    #expect(try await commitCount(in: project) == 1)
    #expect(!exists(project.appending(file)))
  }

  /// A write that a crash cut off after the branch had moved, in a repository that is then moved.
  @Test(arguments: ["mv", "cp -a"]) func aRepositoryThatWasMovedIsMendedWhereItIs(command: String)
    async throws
  {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await cutOffBeforeIndex(
      ["put", "56-Killed", "--network", "bscmainnet", "--address", address("2"), "--quiet"],
      in: project)
    let moved = scratch.appending("moved")
    _ = try await runProgram(
      "sh", ["-c", "\(command) \"$0\" \"$1\"", project.string, moved.string], in: scratch)
    let before = command == "mv" ? nil : try TreeRecord(project)
    if command != "mv" {
      // The copy's lock is another file, which is not known to be ours.
      try removeFile(moved.appending(".git/index.lock"))
    }
    let result = try await gitstate(
      "put", "56-After", "--network", "bscmainnet", "--address", address("3"), in: moved)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("an interrupted write was completed"))
    try await expectSound(moved)
    if let before { #expect(before.differences(to: try TreeRecord(project)) == []) }
  }
}
