import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// `gitstate merge`, checked with the git program.
@Suite(.scratchDirectory) struct MergeTests {
  /// A repository in which `main` and `side` have parted, each with these puts on chain 56.
  private func parted(ours: [(String, Character)], theirs: [(String, Character)]) async throws
    -> FilePath
  {
    let project = try await sampleRepository()
    try await git("checkout", "-qb", "side", in: project)
    for (name, digit) in theirs { try await put(name, digit, in: project) }
    try await git("checkout", "-q", "main", in: project)
    for (name, digit) in ours { try await put(name, digit, in: project) }
    return project
  }

  @Test func neighbouringContractsMergeWithoutTheGitProgram() async throws {
    let project = try await parted(ours: [("Peer1", "7")], theirs: [("Peer2", "8")])
    let (ours, theirs) = (
      try await git("rev-parse", "main", in: project),
      try await git("rev-parse", "side", in: project)
    )
    let before = try TreeRecord(project)
    let trial = try await json("merge", "side", "--dry-run", in: project)
    #expect(trial["to"] == .null)
    #expect(trial["changes"]?.array?.map { $0["key"] } == ["56-Peer2"])
    #expect(before.differences(to: try TreeRecord(project)) == [])
    let answer = try await json("merge", "side", "-m", "both audited", in: project)
    #expect(answer["changes"] == trial["changes"])
    #expect(try await git("log", "-1", "--format=%P", in: project) == "\(ours) \(theirs)")
    #expect(
      try await git(
        "log", "-1", "--format=%s%n%(trailers:key=GitState-Operation,valueonly)", in: project)
        == "Merge side\nmerge\n")
    for name in ["Peer1", "Peer2", "Token", "Oracle"] {
      #expect(try await gitstate("get", "56-\(name)", in: project).status == 0)
    }
    #expect(try await json("merge", "side", in: project)["to"] == .null)
    try await put("Later", "1", in: project)
    try await expectSound(project)
    // The merge is taken back as a whole, seen from either parent.
    let merge = try await git("rev-parse", "HEAD~1", in: project)
    #expect(
      try await refusalLeavingAll(of: project, "revert", merge).message.contains("--mainline"))
    let undone = try await json("revert", merge, "--mainline", "1", in: project)
    #expect(undone["changes"]?.array?.map { $0["key"] } == ["56-Peer2"])
    #expect(try await gitstate("get", "56-Later", in: project).status == 0)
    // In a list, what is no merge has but one parent.
    let both = try await json(
      "revert", "HEAD~1", merge, "--mainline", "1", "--dry-run", in: project)
    #expect(both["changes"]?.array?.map { $0["key"] } == ["56-Later"])
    #expect(
      try await refusalLeavingAll(of: project, "revert", merge, "--mainline", "3", in: project)
        .status == 64)
    try await expectSound(project)
  }

  @Test func aDeletionThatWinsOverARenameIsNoLoss() async throws {
    let project = try await sampleRepository()
    let file = "deployments/bscmainnet.json"
    try await git("checkout", "-qb", "side", in: project)
    try await succeed("delete", "56-Oracle", in: project)
    try await git("checkout", "-q", "main", in: project)
    let renamed = try text(project.appending(file)).replacing("\"Oracle\"", with: "\"Alpha\"")
    try await commit([file: renamed], in: project)
    #expect(try await refusalLeavingAll(of: project, "merge", "side").status == 5)
    try await succeed("merge", "side", "--resolve", "theirs", in: project)
    #expect(try await gitstate("get", "56-Alpha", in: project).status == 3)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.status == 0 && !verified.text.contains("lost"), "\(verified.text)")
    #expect(try await !succeed("show", "HEAD", in: project).contains("no side took it back"))
  }

  @Test func aRecordThatBothSidesRenamedAndTheMergeLostIsLost() async throws {
    let project = try await sampleRepository()
    let file = "deployments/bscmainnet.json"
    let original = try text(project.appending(file))
    try await git("checkout", "-qb", "side", in: project)
    try await commit([file: original.replacing("\"Oracle\"", with: "\"Beta\"")], in: project)
    try await git("checkout", "-q", "main", in: project)
    try await commit([file: original.replacing("\"Oracle\"", with: "\"Alpha\"")], in: project)
    _ = try await runProgram("git", ["merge", "--no-commit", "side"], in: project)
    var root = try #require(try JSONValue(parsing: Array(original.utf8)).object)
    root["contracts"] = .object(["Token": try #require(root["contracts"]?.object?["Token"])])
    try writeFile(project.appending(file), JSONValue.object(root).serialized(.pretty))
    try await git("commit", "-qam", "Merge side", in: project)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.status == 4 && verified.text.contains("is lost"), "\(verified.text)")
  }

  @Test func whatAnotherLineRemovedIsNoRedeploymentHere() async throws {
    let project = try await sampleRepository()
    try await git("checkout", "-qb", "side", in: project)
    try await put("New", "7", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("New", "8", in: project)
    try await succeed("delete", "56-New", in: project)
    _ = try await runProgram("git", ["merge", "-q", "--no-edit", "side"], in: project)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(!verified.text.contains("redeployed after"), "\(verified.text)")
  }

  @Test func conflictsAreDataAndAreSettled() async throws {
    let project = try await parted(
      ours: [("Token", "7"), ("Peer", "1")], theirs: [("Token", "8"), ("Peer", "1")])
    let refused = try await refusalLeavingAll(of: project, "merge", "side")
    #expect(refused.status == 5 && refused.code == "MERGE_CONFLICT")
    #expect(
      refused.document["conflicts"] == [
        [
          "key": "56-Token", "field": "address", "base": .string(address("2")),
          "ours": .string(address("7")), "theirs": .string(address("8")),
        ]
      ])
    #expect(
      try await refusalLeavingAll(of: project, "merge", "side", "--resolve", "56-Oracle=ours")
        .status == 64)
    try await succeed("merge", "side", "--resolve", "bscmainnet/Token=theirs", in: project)
    #expect(try await succeed("get", "56-Token", "--field", "address", in: project) == address("8"))
    try await expectSound(project)
  }

  @Test func aBranchThatIsAheadIsMovedTo() async throws {
    let project = try await parted(ours: [], theirs: [("Peer", "8")])
    let theirs = try await git("rev-parse", "side", in: project)
    let answer = try await json("merge", "side", in: project)
    #expect(answer["to"] == .string(theirs))
    #expect(answer["changes"]?.array?.map { $0["key"] } == ["56-Peer"])
    #expect(try await git("rev-parse", "HEAD", in: project) == theirs)
    try await put("Next", "1", in: project)
    try await expectSound(project)
  }

  @Test func editsByHandAreCommittedFirstAndMerged() async throws {
    let project = try await parted(ours: [], theirs: [("Peer", "8")])
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(file, try text(file).replacing(address("4"), with: address("6")))
    let result = try await gitstate("merge", "side", in: project)
    #expect(result.status == 0 && result.errors.contains("made by hand"))
    #expect(try await git("log", "-1", "--format=%p", in: project).split(separator: " ").count == 2)
    #expect(
      try await succeed("get", "56-Oracle", "--field", "address", in: project) == address("6"))
    #expect(try await succeed("get", "56-Peer", "--field", "address", in: project) == address("8"))
    try await expectSound(project)
  }

  @Test func filesOfTheCodeFollowAndAreLeftToGitWhereBothChangedOne() async throws {
    let project = try await parted(ours: [("Mine", "7")], theirs: [("Peer", "8")])
    try await git("checkout", "-q", "side", in: project)
    try await commit(["code.txt": "code"], in: project)
    try await git("checkout", "-q", "main", in: project)
    let before = try await git("rev-parse", "HEAD", in: project)
    try await commit(["code.txt": "mine"], in: project)
    let refused = try await refusalLeavingAll(of: project, "merge", "side")
    #expect(refused.message.contains("code.txt") && refused.message.contains("git merge"))
    try await git("reset", "-q", "--hard", before, in: project)
    try await git("branch", "-q", "before", in: project)
    try await succeed("merge", "side", in: project)
    #expect(try text(project.appending("code.txt")) == "code")
    try await expectSound(project)
    try await git("reset", "-q", "--hard", "before", in: project)
    // Where no working tree has the branch, whole files merge, too.
    let bare = scratch.appending("bare.git")
    try await git("clone", "-q", "--bare", project.string, bare.string, in: scratch)
    try await succeed("merge", "side", in: bare)
    #expect(try await git("show", "main:code.txt", in: bare) == "code")
    #expect(try await gitstate("get", "56-Peer", in: bare).status == 0)
    #expect(try await gitstate("get", "56-Mine", in: bare).status == 0)
    let check = try await runProgram("git", ["fsck", "--strict"], in: bare)
    #expect(check.status == 0)
  }

  @Test func historiesWithoutACommonCommitAreJoinedOnlyIfAskedFor() async throws {
    let project = try await parted(ours: [], theirs: [])
    try await git("checkout", "-q", "--orphan", "other", in: project)
    try await put("Other", "9", in: project, chain: "97", network: "bsctestnet")
    try await git("reset", "-q", "--hard", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("Mine", "9", in: project)
    let refused = try await refusalLeavingAll(of: project, "merge", "other")
    #expect(refused.status == 64 && refused.message.contains("--allow-unrelated-histories"))
    let answer = try await json("merge", "other", "--allow-unrelated-histories", in: project)
    #expect(answer["changes"]?.array?.contains { $0["key"] == "97-Other" } == true)
    #expect(try await gitstate("get", "56-Mine", in: project).status == 0)
    #expect(try await refusal("merge", "nothing", in: project).status == 3)
    try await expectSound(project)
    // A shallow clone lacks the common commit, and says so.
    let shallow = scratch.appending("shallow")
    try await git(
      "clone", "-q", "--depth", "1", "--no-single-branch", "file://\(project.string)",
      shallow.string, in: scratch)
    let cut = try await refusalLeavingAll(of: shallow, "merge", "origin/side")
    #expect(cut.message.contains("git fetch --unshallow"))
    let tip = try await git("rev-parse", "HEAD", in: shallow)
    #expect(
      try await refusalLeavingAll(of: shallow, "revert", tip, "--mainline", "1").message
        .contains("git fetch --unshallow"))
  }
}
