import SystemPackage
import TestSupport
import Testing

/// What a write that was cut off has left, after others have changed the repository.
@Suite(.scratchDirectory) struct LeftWriteTests {
  @Test func aPutThatWasCutOffAndPrunedIsTakenBack() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await put("Second", "2", in: project)
    // The branch is about to be locked.
    let lock = project.appending(".git/refs/heads/main.lock")
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-P", lock.string, "-e", "trace=renameat2", "-e",
        "inject=renameat2:signal=KILL", gitstateProgram.string, "put", "56-Cut", "--network",
        "bscmainnet", "--address", address("3"), "--timestamp", time, "--quiet",
      ], in: project, environment: reportingTroubleItself)
    #expect(result.status != 0 && exists(project.appending(".git/gitstate/intent.json")))
    // Nothing names its objects.
    try await git("gc", "--quiet", "--prune=now", in: project)
    let next = try await gitstate(
      [
        "put", "56-Next", "--network", "bscmainnet", "--address", address("4"), "--timestamp", time,
      ], in: project)
    #expect(next.status == 0, "\(next.errors)")
    #expect(next.errors.contains("an interrupted write was taken back"), "\(next.errors)")
    for lock in ["index.lock", "refs/heads/main.lock"] {
      #expect(!exists(project.appending(".git/\(lock)")))
    }
    #expect(try await gitstate(["list"], in: project).text.contains("Next"))
    #expect(try await !gitstate(["list"], in: project).text.contains("Cut"))
    try await expectSound(project)
  }

  @Test func aPutWhoseBranchWasRenamedIsCompleted() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await cutOffBeforeIndex(
      [
        "put", "56-Cut", "--network", "bscmainnet", "--address", address("2"), "--timestamp", time,
        "--quiet",
      ], in: project)
    try await git("branch", "-m", "main", "trunk", in: project)
    let list = try await gitstate(["list"], in: project)
    #expect(list.text.contains("Cut"))
    #expect(list.errors.contains("an interrupted write was completed"), "\(list.errors)")
    try await expectSound(project)
  }

  @Test func aDiskErrorIsNoLock() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    // A file of a new network, for which libgit2 writes the index.
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
        "inject=rename:error=ENOSPC:when=1+", gitstateProgram.string, "put", "1-New", "--network",
        "mainnet", "--address", address("3"), "--timestamp", time, "--json",
      ], in: project, environment: reportingTroubleItself)
    #expect(result.status != 0)
    #expect(result.text.contains("STATE_WRITE_FAILED"), "\(result.text)")
    #expect(result.text.contains("free some space"), "\(result.text)")
    try await expectSound(project)
  }
}
