import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Clones, backups, and how a clone stands.
@Suite(.scratchDirectory) struct BackupTests {
  @Test func backupsAreBundlesThatGitReads() async throws {
    let project = try await sampleRepository()
    try await put("One", "8", in: project)
    let made = try await json("backup", "create", "../state.bundle", in: project)
    #expect(made["contractCount"]?.int == 4 && made["commitCount"]?.int == 2)
    let head = try await git("rev-parse", "HEAD", in: project)
    #expect(made["commit"]?.string == head)
    try await git("bundle", "verify", "--quiet", "../state.bundle", in: project)
    try await git("clone", "--quiet", "state.bundle", "byGit", in: scratch)
    #expect(try await git("rev-parse", "HEAD", in: scratch.appending("byGit")) == head)
    try await expectSound(scratch.appending("byGit"))

    let restored = try await json("backup", "restore", "state.bundle", "ours", in: scratch)
    #expect(restored["commit"]?.string == head)
    #expect(try await git("rev-parse", "HEAD", in: scratch.appending("ours")) == head)
    try await expectSound(scratch.appending("ours"))
    try await succeed("get", "56-One", in: scratch.appending("ours"))
    // Not over what is there.
    let again = try await gitstate("backup", "restore", "state.bundle", "ours", in: scratch)
    #expect(again.status == 64)
  }

  @Test func aBackupSinceARevisionBuildsOnTheOneBefore() async throws {
    let project = try await sampleRepository()
    try await succeed("backup", "create", "../all.bundle", in: project)
    let before = try await git("rev-parse", "HEAD", in: project)
    try await put("Later", "8", in: project)
    let made = try await json(
      "backup", "create", "../later.bundle", "--since", before, in: project)
    #expect(made["since"] == [.string(before)] && made["commitCount"]?.int == 1)
    try await git("bundle", "verify", "--quiet", "../later.bundle", in: project)
    #expect(
      try await refusal("backup", "create", "../x", "--since", "HEAD", in: project).status == 3)

    let other = try await repository(["deployments/base.json": basesepolia], "other")
    let lost = try await refusal("backup", "verify", "../later.bundle", in: other)
    #expect(lost.status == 3 && lost.message.contains("backup before"))
    try await succeed("backup", "restore", "all.bundle", "back", in: scratch)
    let back = scratch.appending("back")
    try await put("Meanwhile", "7", in: back)
    try await succeed("backup", "restore", "../later.bundle", in: back)
    for name in ["Later", "Meanwhile"] { try await succeed("get", "56-\(name)", in: back) }
    try await expectSound(back)
    #expect(
      try await succeed("backup", "restore", "../later.bundle", in: back).contains("nothing"))
  }

  @Test func damagedBackupsAreNoBackups() async throws {
    let project = try await sampleRepository()
    try await succeed("backup", "create", "../state.bundle", in: project)
    let bytes = try readFile(scratch.appending("state.bundle"))
    var flipped = bytes
    flipped[bytes.count - 60] ^= 1
    for (number, damaged) in [
      Array(bytes.dropLast(25)), Array(bytes.prefix(40)), [], flipped, Array("PK".utf8),
    ].enumerated() {
      try writeFile(scratch.appending("damaged"), damaged)
      let refused = try await refusal("backup", "verify", "../damaged", in: project)
      #expect(refused.status == 1, "\(number): \(refused.message)")
      let restored = try await gitstate("backup", "restore", "damaged", "none", in: scratch)
      #expect(restored.status == 1 && !exists(scratch.appending("none")), "\(number)")
    }
    #expect(try await refusal("backup", "verify", "../gone", in: project).status == 1)
    try await expectSound(project)
  }

  @Test func clonesAreLikeGits() async throws {
    let project = try await sampleRepository()
    try await git("branch", "else", in: project)
    let answer = try await json("clone", "project", "copy", in: scratch)
    let copy = scratch.appending("copy")
    #expect(answer["branch"] == "main")
    #expect(try await git("rev-parse", "HEAD", in: copy) == git("rev-parse", "HEAD", in: project))
    #expect(try await git("branch", "-r", in: copy) == "  origin/else\n  origin/main")
    #expect(try await git("status", "--short", "--branch", in: copy) == "## main...origin/main")
    try await expectSound(copy)
    try await succeed("fetch", in: copy)
    try await git("fetch", "--quiet", in: copy)
    let taken = try await gitstate("clone", "project", "copy", in: scratch)
    #expect(taken.status == 64)
    let missing = try await gitstate("clone", "nothing.git", "none", in: scratch)
    #expect(missing.status == 1 && !exists(scratch.appending("none")))
    try await git("init", "--quiet", "--bare", "empty.git", in: scratch)
    try await succeed("clone", "empty.git", in: scratch)
    try await put("First", "1", in: scratch.appending("empty"))
    try await succeed("sync", in: scratch.appending("empty"))
  }

  @Test func aCloneMakesTheBranchThatHasTheState() async throws {
    let project = try await newRepository()
    try await commit(["README": "code"], in: project)
    try await put("Token", "1", in: project, more: ["--branch", "state"])
    try await succeed("clone", "project", "copy", "--branch", "state", in: scratch)
    let copy = scratch.appending("copy")
    try await succeed("get", "56-Token", in: copy)
    try await put("Other", "2", in: copy)
    try await git("config", "receive.denyCurrentBranch", "ignore", in: project)
    try await succeed("sync", in: copy)
    #expect(
      try await git("rev-parse", "state", in: project) == git("rev-parse", "state", in: copy))
    #expect(try entries(of: copy) == [".git", "README"])
  }

  @Test func statusTellsWhatIsNotShared() async throws {
    let project = try await sampleRepository()
    #expect(try await json("status", in: project)["remote"] == .null)
    try await git("clone", "--quiet", "--bare", "project", "store.git", in: scratch)
    for name in ["one", "two"] { try await git("clone", "--quiet", "store.git", name, in: scratch) }
    let (one, two) = (scratch.appending("one"), scratch.appending("two"))
    try await put("One", "8", in: one)
    try await put("Two", "7", in: two)
    try await succeed("push", in: two)
    #expect(try await json("status", in: one)["remote"]?["behind"]?.int == 0)
    try await succeed("fetch", in: one)
    let standing = try await json("status", in: one)["remote"]
    #expect(standing?["ahead"]?.int == 1 && standing?["behind"]?.int == 1)
    let file = one.appending("deployments/basesepolia.json")
    try writeFile(
      file,
      try text(file).replacingOccurrences(
        of: "0x5555555555555555555555555555555555555555", with: address("6")))
    let status = try await json("status", in: one)
    #expect(status["edits"]?["changes"]?.array?.count == 1)
    #expect(try await succeed("status", in: one).contains("Edited by hand"))
    try await succeed("sync", in: one)
    let after = try await json("status", in: one)["remote"]
    #expect(after?["ahead"]?.int == 0 && after?["behind"]?.int == 0)
    #expect(try await succeed("status", in: one).contains("In step with origin"))
  }

  @Test func putWaitsForTheRemotesYes() async throws {
    _ = try await sampleRepository()
    try await git("clone", "--quiet", "--bare", "project", "store.git", in: scratch)
    for name in ["one", "two"] { try await git("clone", "--quiet", "store.git", name, in: scratch) }
    let (one, two, store) = (
      scratch.appending("one"), scratch.appending("two"), scratch.appending("store.git")
    )
    try await put("Two", "7", in: two, more: ["--push"])
    let answer = try await json(
      "put", "56-One", "--address", address("8"), "--push", in: one)
    #expect(
      answer["shared"]?["commit"]?.string == (try await git("rev-parse", "main", in: store)))
    try await succeed("get", "56-Two", in: one)

    let hook = store.appending("hooks/pre-receive")
    try writeFile(hook, "#!/bin/sh\necho 'closed' >&2\nexit 1\n")
    try setPermissions(0o755, of: hook)
    try await git("config", "gitstate.push", "true", in: one)
    let refused = try await gitstate(
      "put", "56-Kept", "--address", address("9"), "--json", in: one)
    #expect(refused.status == 1)
    let error = try JSONValue(parsing: refused.output)["error"]
    #expect(error?["code"] == "REMOTE_REJECTED")
    #expect(error?["message"]?.string?.contains("safe here as") == true)
    #expect(error?["message"]?.string?.contains("closed") == true)
    try await succeed("get", "56-Kept", in: one)
    try await succeed("put", "56-Local", "--address", address("9"), "--no-push", in: one)
    try removeFile(hook)
    #expect(try await json("sync", in: one)["pushed"]?.int == 2)
  }
}
