import SystemPackage
import TestSupport
import Testing

/// Deployments folders in which a file cannot just be moved from where the repository is, or would be
/// another one then.
@Suite(.scratchDirectory) struct MountedFolderTests {
  /// Puts, kills a put at each of its renames, and looks with git after the first look of ours.
  private func expectSoundPuts(in project: FilePath) async throws {
    try await put("Second", "2", in: project)
    try await expectSound(project)
    for number in 1...24 {
      let result = try await runProgram(
        "strace",
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
          "inject=rename:signal=KILL:when=\(number)", gitstateProgram.string, "put",
          "56-Killed\(number)", "--address", address("3"), "--quiet",
        ], in: project)
      try await succeed("list", in: project)
      try await expectSound(project)
      if result.status == 0 { break }
      #expect(number < 24)
    }
    let left = try entries(of: project.appending("deployments"))
    #expect(left == ["bscmainnet.json"])
  }

  @Test(.enabled(if: mayMount, "only root can mount a disk of its own"))
  func aWorkingTreeOnAnotherDiskFollows() async throws {
    try await withTinyDisk(1000) { disk in
      let store = try await newRepository()
      try await put("First", "1", in: store)
      let project = disk.appending("second")
      try await git("worktree", "add", "-q", "-b", "second", project.string, in: store)
      try await expectSoundPuts(in: project)
    }
  }

  /// The git directory is elsewhere, and what is beside it is not ours.
  @Test func aSeparateGitDirectoryHasItsFilesWhereTheUserHas() async throws {
    let (project, store) = (
      scratch.appending("project"), try makeFolder(scratch.appending("store"))
    )
    try await git(
      "init", "-q", "-b", "main", "--separate-git-dir", store.appending("r.git").string,
      project.string, in: scratch)
    try await put("First", "1", in: project)
    try await expectSoundPuts(in: project)
    #expect(try entries(of: store) == ["r.git"])
    // What the user's own .gitattributes say holds.
    try await commit([".gitattributes": "deployments/* text eol=crlf\n"], in: project)
    let refused = try await refusal(
      "put", "56-Third", "--address", address("3"), in: project)
    #expect(refused.message.contains("git would convert"))
  }

  /// To the two mounts of a file system no file can be moved, though it is the same one.
  @Test(.enabled(if: mayMount, "only root can mount a disk of its own"))
  func aFolderThatIsMountedOnceMoreFollows() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let folder = project.appending("deployments").string
    let mounted = try await runProgram("mount", ["--bind", folder, folder], in: scratch)
    try #require(mounted.status == 0, "\(mounted.errors)")
    let result: Result<Void, any Error>
    do {
      result = .success(try await expectSoundPuts(in: project))
    } catch {
      result = .failure(error)
    }
    let unmounted = try await runProgram("umount", [folder], in: scratch)
    #expect(unmounted.status == 0, "\(unmounted.errors)")
    try result.get()
  }

  /// A folder whose files are to be of its own group, as teams have them.
  @Test(.enabled(if: mayMount, "only root has groups to give"))
  func theFolderGivesItsGroupAndTheFileKeepsItsMode() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    _ = try await runProgram(
      "sh", ["-c", "chgrp 12345 deployments && chmod 2775 deployments && chmod 640 deployments/*"],
      in: project)
    try await expectSoundPuts(in: project)
    let shown = try await runProgram(
      "stat", ["-c", "%g %a", "deployments/bscmainnet.json"], in: project)
    #expect(shown.line == "12345 640")
  }
}
