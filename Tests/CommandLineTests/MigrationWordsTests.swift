import LevelDB
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// What the steps of a migration and imports say, and what stops them.
@Suite(.scratchDirectory) struct MigrationWordsTests {
  private let leveldb = scratch.appending("old")

  private func project() async throws -> FilePath {
    let project = try await sampleRepository()
    try await succeed("export", "--format", "leveldb", "--to", "../old", in: project)
    try await succeed("migrate", "start", "--from", "leveldb:../old", in: project)
    try await succeed("migrate", "sync", in: project)
    return project
  }

  @Test func eachStepNamesTheWayBack() async throws {
    let project = try await project()
    let cutover = try await gitstate("migrate", "cutover", in: project)
    #expect(cutover.errors.contains("The way back: gitstate migrate rollback"))
    let rollback = try await gitstate("migrate", "rollback", in: project)
    #expect(rollback.errors.contains("gitstate migrate cutover"), "\(rollback.errors)")
    #expect(try await gitstate("migrate", "rollback", "--quiet", in: project).errors == "")
  }

  @Test func syncTellsWhatPendedAndIsDone() async throws {
    let project = try await project()
    try await succeed("migrate", "cutover", in: project)
    do {
      let held = try Database(path: leveldb.string)
      let pending = try await gitstate(
        "put", "56-New", "--address", address("7"), "--timestamp", time, "--lock-timeout", "1",
        in: project)
      #expect(pending.status == 0, "\(pending.errors)")
      _ = held
    }
    let synced = try await gitstate("migrate", "sync", in: project)
    #expect(synced.text.contains("1 pending before and done now"), "\(synced.text)")
    #expect(synced.text.contains("done     56-New"))
    let again = try await gitstate("migrate", "sync", in: project)
    #expect(!again.text.contains("done"), "\(again.text)")
  }

  /// As a put: git's branch has lost what LevelDB is in step with.
  @Test(arguments: ["revert", "rollback", "restore"])
  func undoingStopsWhereGitWasRewound(command: String) async throws {
    let project = try await project()
    try await put("One", "7", in: project)
    try await put("Two", "8", in: project)
    try await git("reset", "-q", "--hard", "HEAD~1", in: project)
    let head = try await git("rev-parse", "HEAD", in: project)
    let arguments =
      command == "restore"
      ? ["restore", "56-Token", "--from", "HEAD~1"]
      : [command, command == "revert" ? "HEAD" : "HEAD~1"]
    let refused = try await gitstate(arguments, in: project)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("gitstate migrate sync"), "\(refused.errors)")
    #expect(try await git("rev-parse", "HEAD", in: project) == head)
    try await succeed("migrate", "sync", in: project)
    if command == "revert" {
      try await succeed("revert", "HEAD", in: project)
    }
  }

  @Test func statusTellsThatGitWasSetBack() async throws {
    let project = try await project()
    try await put("One", "7", in: project)
    let lost = try await git("rev-parse", "HEAD", in: project)
    try await git("reset", "-q", "--hard", "HEAD~1", in: project)
    let status = try await gitstate("migrate", "status", in: project)
    #expect(status.text.contains("git's branch has lost \(lost.prefix(7))"), "\(status.text)")
    #expect(status.text.contains("gitstate migrate sync"))
    #expect(!status.text.contains("behind"))
    let told = try await json("migrate", "status", in: project)
    #expect(told["lostCommit"] == .string(lost) && told["isBehindGit"] == false)
    let synced = try await gitstate("migrate", "sync", in: project)
    #expect(
      synced.errors.contains("does not descend from \(lost.prefix(7)) any more"), "\(synced.errors)"
    )
    #expect(try await json("migrate", "status", in: project)["lostCommit"] == .null)
    #expect(try await gitstate("get", "56-One", in: project).status == 0)
  }

  @Test func whatAKillLeftInTheJournalIsSweptUp() async throws {
    let project = try await project()
    let journal = project.appending(".git/gitstate/migration/journal")
    for place in [journal, journal.removingLastComponent()] {
      try writeFile(place.appending(".gitstate-tmp-1-1"), "{")
    }
    try await put("One", "7", in: project)
    for place in [journal, journal.removingLastComponent()] {
      #expect(try entries(of: place).filter { $0.hasPrefix(".gitstate-tmp") } == [])
    }
  }

  @Test func anImportThatReplacesNamesTheWayBackOnce() async throws {
    let project = try await sampleRepository()
    try await succeed("export", "--to", "../all.json", in: project)
    try await put("Token", "9", in: project)
    let before = try await git("rev-parse", "--short=7", "HEAD", in: project)
    for quiet in [[], ["--quiet"]] {
      let result = try await gitstate(
        ["import", "json", "../all.json", "--overwrite"] + quiet, in: project)
      #expect(result.status == 0)
      #expect(
        (result.text + result.errors).split(separator: "gitstate rollback \(before)").count == 2,
        "\(result.text)\(result.errors)")
      try await git("reset", "-q", "--hard", before, in: project)
    }
  }
}
