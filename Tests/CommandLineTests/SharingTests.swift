import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Several clones that share one remote, as a team and its robots do.
@Suite(.scratchDirectory) struct SharingTests {
  /// A bare repository with the sample state, and clones of it.
  func team(_ clones: Int) async throws -> (store: FilePath, clones: [FilePath]) {
    let first = try await sampleRepository("first")
    try await git("clone", "--quiet", "--bare", first.string, "store.git", in: scratch)
    let store = scratch.appending("store.git")
    var folders: [FilePath] = []
    for number in 0..<clones {
      try await git("clone", "--quiet", store.string, "clone\(number)", in: scratch)
      folders.append(scratch.appending("clone\(number)"))
    }
    return (store, folders)
  }

  @Test(arguments: [2, 10]) func nothingIsLostWhenManyPush(count: Int) async throws {
    let (store, clones) = try await team(count)
    try await shareInRounds(
      clones, of: store, rounds: longRounds ?? (count == 2 ? 4 : 2), transport: "file")
  }

  @Test func ofRacingPushesToAPathOneWinsAndTheOtherHearsIt() async throws {
    let (store, clones) = try await team(2)
    for round in 0..<8 {
      for (number, clone) in clones.enumerated() {
        try await put("Race\(round)By\(number)", "9", in: clone)
      }
      async let first = gitstate("push", "--json", in: clones[0])
      async let second = gitstate("push", "--json", in: clones[1])
      let results = try await [first, second]
      #expect(results.map(\.status).sorted() == [0, 1], "\(results.map(\.text))")
      let winner = results[0].status == 0 ? 0 : 1
      #expect(
        try JSONValue(parsing: results[1 - winner].output)["error"]?["code"] == "REMOTE_REJECTED")
      #expect(
        try await git("rev-parse", "main", in: store)
          == git("rev-parse", "HEAD", in: clones[winner]))
      for number in [1 - winner, winner] { try await succeed("sync", in: clones[number]) }
    }
    #expect(try await json("list", "56", in: clones[0]).array?.count == 2 + 16)
    try await git("fsck", "--strict", "--no-dangling", in: store)
  }

  @Test func aTrueConflictIsDataAndChangesNothing() async throws {
    let (store, clones) = try await team(2)
    try await put("Token", "7", in: clones[0])
    try await succeed("sync", in: clones[0])
    try await put("Token", "8", in: clones[1])
    try await put("Other", "8", in: clones[1])
    let before = try await git("rev-parse", "HEAD", in: clones[1])
    for command in ["sync", "pull"] {
      let refused = try await refusal(command, in: clones[1])
      #expect(refused.status == 5 && refused.code == "MERGE_CONFLICT")
      let conflicts = try #require(refused.document["conflicts"]?.array)
      #expect(conflicts.count == 1)
      #expect(conflicts.first?["key"] == "56-Token" && conflicts.first?["field"] == "address")
      #expect(conflicts.first?["ours"]?.string == address("8"))
      #expect(conflicts.first?["theirs"]?.string == address("7"))
      #expect(refused.text.contains(address("7")))
    }
    #expect(try await git("rev-parse", "HEAD", in: clones[1]) == before)
    try await expectSound(clones[1])
    let answer = try await json("sync", "--resolve", "56-Token=ours", in: clones[1])
    #expect(answer["pushed"]?.int == 3)
    try await succeed("sync", in: clones[0])
    for clone in clones {
      #expect(
        try await succeed("get", "56-Token", "--field", "address", in: clone) == address("8"))
    }
    #expect(
      try await git("rev-parse", "HEAD", in: clones[0])
        == git("rev-parse", "main", in: store))
  }

  @Test func aRefusalOfTheServerIsHeard() async throws {
    let (store, clones) = try await team(1)
    let hook = store.appending("hooks/pre-receive")
    try writeFile(hook, "#!/bin/sh\necho 'frozen until Monday' >&2\nexit 1\n")
    try setPermissions(0o755, of: hook)
    let before = try await git("rev-parse", "main", in: store)
    try await put("Fresh", "9", in: clones[0])
    for command in ["push", "sync"] {
      let refused = try await refusal(command, in: clones[0])
      #expect(refused.status == 1 && refused.code == "REMOTE_REJECTED")
      #expect(refused.message.contains("pre-receive hook declined"))
      #expect(refused.message.contains("frozen until Monday"))
    }
    #expect(try await git("rev-parse", "main", in: store) == before)
    try removeFile(hook)
    #expect(try await json("sync", in: clones[0])["pushed"]?.int == 1)
  }

  @Test func rewrittenHistoryIsRefusedUntilAccepted() async throws {
    let (store, clones) = try await team(2)
    try await put("Kept", "8", in: clones[0])
    try await succeed("sync", in: clones[0])
    try await succeed("sync", in: clones[1])
    let seen = try await git("rev-parse", "HEAD", in: clones[1])
    try await git("reset", "--quiet", "--hard", "HEAD~1", in: clones[0])
    try await put("Else", "7", in: clones[0])
    try await git("push", "--quiet", "--force", "origin", "main", in: clones[0])

    // A fetch of git's moves what git noted; we still know what was there.
    try await git("fetch", "--quiet", in: clones[1])
    for command in ["pull", "sync"] {
      let refused = try await refusal(command, in: clones[1])
      #expect(refused.code == "REMOTE_INVALID" && refused.status == 1)
      #expect(refused.message.contains("rewritten"))
      #expect(refused.message.contains("--accept-rewritten"))
    }
    #expect(try await git("rev-parse", "HEAD", in: clones[1]) == seen)
    try await expectSound(clones[1])
    #expect(try await json("fetch", in: clones[1])["isRewritten"] == true)
    try await succeed("fetch", "--accept-rewritten", in: clones[1])
    // Accepted, it is merged: what this clone has is not lost again.
    try await succeed("sync", in: clones[1])
    for name in ["Kept", "Else"] { try await succeed("get", "56-\(name)", in: clones[1]) }
    #expect(
      try await git("rev-parse", "HEAD", in: clones[1]) == git("rev-parse", "main", in: store))
  }

  @Test func aBrokenFileThatComesInIsRefused() async throws {
    let (_, clones) = try await team(2)
    let file = clones[0].appending("deployments/bscmainnet.json")
    try writeFile(file, String(try text(file).dropLast(20)))
    try await git("commit", "--quiet", "--all", "-m", "Break it", in: clones[0])
    try await git("push", "--quiet", in: clones[0])
    for command in ["pull", "sync"] {
      let refused = try await refusal(command, in: clones[1])
      #expect(refused.code == "REMOTE_INVALID")
      #expect(refused.error["file"] == "deployments/bscmainnet.json")
      #expect(refused.message.contains("origin/main"))
    }
    #expect(try text(clones[1].appending("deployments/bscmainnet.json")) == bscmainnet)
    try await expectSound(clones[1])
    // Mended, it comes in.
    try writeFile(file, bscmainnet)
    try await git("commit", "--quiet", "--all", "-m", "Mend it", in: clones[0])
    try await git("push", "--quiet", in: clones[0])
    try await succeed("pull", in: clones[1])
  }

  @Test func commitsThatBreakTheTeamsRulesAreRefused() async throws {
    let (store, clones) = try await team(2)
    try await commit(
      ["deployments/.gitstate.json": #"{"format": 1, "rules": {"noRemoval": true}}"#],
      in: clones[0])
    try await succeed("sync", in: clones[0])
    try await succeed("pull", in: clones[1])
    // By hand and by git, past the guard.
    try await commit(
      [
        "deployments/basesepolia.json": basesepolia.replacingOccurrences(
          of: "\"Token\": \"0x5555555555555555555555555555555555555555\"", with: "")
      ], in: clones[0], message: "Tidy up")
    try await git("push", "--quiet", in: clones[0])
    let before = try await git("rev-parse", "HEAD", in: clones[1])
    for command in ["pull", "sync"] {
      let refused = try await refusal(command, in: clones[1])
      #expect(refused.code == "REMOTE_INVALID", "\(refused.message)")
      #expect(refused.message.contains("84532-Token") && refused.message.contains("noRemoval"))
    }
    #expect(try await git("rev-parse", "HEAD", in: clones[1]) == before)
    try await expectSound(clones[1])
    // Meant after all: taken in by name, and from then on nobody is in the way.
    try await git("merge", "--quiet", "origin/main", in: clones[1])
    try await succeed("sync", in: clones[1])
    #expect(
      try await git("rev-parse", "main", in: store) == git("rev-parse", "HEAD", in: clones[1]))
  }

  @Test func aLinkThatComesInIsRefused() async throws {
    let (_, clones) = try await team(2)
    try await git("rm", "--quiet", "deployments/bscmainnet.json", in: clones[0])
    try FileManager.default.createSymbolicLink(
      atPath: clones[0].appending("deployments/bscmainnet.json").string,
      withDestinationPath: "../../../secret.json")
    try await git("add", "--all", in: clones[0])
    try await git("commit", "--quiet", "-m", "Link", in: clones[0])
    try await git("push", "--quiet", in: clones[0])
    #expect(try await refusal("pull", in: clones[1]).code == "REMOTE_INVALID")
    #expect(try text(clones[1].appending("deployments/bscmainnet.json")) == bscmainnet)
    try await expectSound(clones[1])
  }

  @Test func onlyALeaseForces() async throws {
    let (store, clones) = try await team(2)
    try await put("One", "8", in: clones[0])
    try await succeed("push", in: clones[0])
    try await put("Two", "7", in: clones[1])
    #expect(try await refusal("push", in: clones[1]).message.contains("gitstate sync"))
    // This clone has not seen the other's commit, so it may not drop it.
    #expect(
      try await refusal("push", "--force-with-lease", in: clones[1]).code == "REMOTE_REJECTED")
    try await succeed("fetch", in: clones[1])
    try await succeed("push", "--force-with-lease", in: clones[1])
    #expect(
      try await git("rev-parse", "main", in: store) == git("rev-parse", "HEAD", in: clones[1]))
  }

  @Test func remotesWithoutTheBranchOrAnyHistoryInCommon() async throws {
    let project = try await sampleRepository()
    try await git("init", "--quiet", "--bare", "--initial-branch=main", "empty.git", in: scratch)
    try await succeed("remote", "add", "origin", "../empty.git", in: project)
    let nothing = try await refusal("pull", in: project)
    #expect(nothing.status == 3 && nothing.message.contains("gitstate push"))
    #expect(try await json("fetch", in: project)["new"] == .null)
    #expect(try await json("sync", in: project)["pushed"]?.int == 1)
    #expect(try await json("sync", in: project)["pushed"]?.int == 0)

    let stranger = try await repository(["deployments/x.json": basesepolia], "stranger")
    try await succeed("remote", "add", "origin", "../empty.git", in: stranger)
    let before = try await git("rev-parse", "HEAD", in: stranger)
    #expect(try await refusal("sync", in: stranger).message.contains("no commit in common"))
    #expect(try await git("rev-parse", "HEAD", in: stranger) == before)
    try await expectSound(stranger)
  }
}
