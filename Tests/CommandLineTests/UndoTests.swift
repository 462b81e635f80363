import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Undoing, and the revisions that name what to undo.
@Suite(.scratchDirectory) struct UndoTests {
  @Test func aRevertOfARevertGivesTheStateBack() async throws {
    let project = try await sampleRepository()
    try await put("Token", "7", in: project)
    let upgraded = try text(project.appending("deployments/bscmainnet.json"))
    try await succeed("revert", "HEAD", in: project)
    #expect(try text(project.appending("deployments/bscmainnet.json")) == bscmainnet)
    try await succeed("revert", "HEAD", in: project)
    #expect(try text(project.appending("deployments/bscmainnet.json")) == upgraded)
    #expect(
      try await git("log", "--format=%s", "-3", in: project)
        == """
        Revert "Revert "bscmainnet: upgrade Token""
        Revert "bscmainnet: upgrade Token"
        bscmainnet: upgrade Token
        """)
    try await put("Next", "1", in: project)
    try await expectSound(project)
  }

  @Test func severalCommitsAreTakenBackAsOne() async throws {
    let project = try await sampleRepository()
    let first = try await put("A", "1", in: project)
    try await put("B", "2", in: project)
    let third = try await put("C", "1", in: project, chain: "97", network: "bsctestnet")
    let before = try TreeRecord(project)
    let trial = try await json("revert", third, first, "--dry-run", in: project)
    #expect(trial["to"] == .null)
    #expect(trial["changes"]?.array?.compactMap { $0["key"]?.string } == ["56-A", "97-C"])
    #expect(before.differences(to: try TreeRecord(project)) == [])
    let answer = try await json("revert", third, first, "-m", "not audited", in: project)
    #expect(answer["changes"] == trial["changes"])
    #expect(
      try await git("log", "-1", "--format=%B", in: project) == """
        Revert 2 commits

        not audited

        removed     bscmainnet/A
        removed     bsctestnet/C

        GitState-Operation: revert
        GitState-Contract: 56-A
        GitState-Contract: 97-C
        GitState-Reverts: \(third)
        GitState-Reverts: \(first)

        """)
    #expect(!exists(project.appending("deployments/bsctestnet.json")))
    #expect(try await gitstate("get", "56-B", in: project).status == 0)
    let again = try await json("revert", first, in: project)
    #expect(again["to"] == .null && again["changes"] == [])
    try await put("A", "2", in: project)
    try await expectSound(project)
  }

  @Test func aConflictIsShownToPeopleWithItsValues() async throws {
    let project = try await sampleRepository()
    let bad = try await put("Token", "7", in: project)
    try await put("Token", "8", in: project)
    let refused = try await refusalLeavingAll(of: project, "revert", bad)
    #expect(refused.status == 5)
    #expect(
      refused.text == """
        gitstate: nothing was written: the revert conflicts with later changes of 56-Token \
        (address); settle them with --resolve ours, --resolve theirs or --resolve KEY=ours
          56-Token address
            base    \(address("7"))
            ours    \(address("8"))
            theirs  \(address("2"))

        """)
    // Keeping ours, only what does not conflict is taken back: the hash that the upgrade removed.
    let kept = try await json("revert", bad, "--resolve", "bscmainnet/Token=ours", in: project)
    #expect(
      kept["changes"]?[0]?["fields"]?.array?.contains { $0["path"] == "address" } == false)
    #expect(
      try await succeed("get", "56-Token", "--field", "address", in: project) == address("8"))
    #expect(
      try await refusal("revert", bad, "--resolve", "mine", in: project).status == 64)
    try await expectSound(project)
  }

  @Test func aConflictOverAnAddedContractNamesItsFields() async throws {
    let project = try await sampleRepository()
    let added = try await put("New", "7", in: project)
    try await put("New", "8", in: project)
    let refused = try await refusalLeavingAll(of: project, "revert", added)
    #expect(refused.status == 5)
    #expect(refused.message.contains("56-New (address)"))
    let shown = "  56-New address\n    base    \(address("7"))\n    ours    \(address("8"))\n"
    #expect(refused.text.contains(shown + "    theirs  contract not there\n"))
    #expect(
      refused.document["conflicts"] == [
        [
          "key": "56-New", "field": "address", "base": .string(address("7")),
          "ours": .string(address("8")), "removedBy": "theirs",
        ]
      ])
    let wrong = try await refusalLeavingAll(
      of: project, "revert", added, "--resolve", "56-Token=theirs")
    #expect(wrong.status == 64)
    #expect(wrong.message.contains("56-Token"))
    try await succeed("revert", added, "--resolve", "56-New=theirs", in: project)
    #expect(try await gitstate("get", "56-New", in: project).status == 3)
    try await expectSound(project)
  }

  @Test func aRollbackOfOneChainSaysSoAndLeavesNoEmptyFile() async throws {
    let project = try await sampleRepository()
    try await put("New", "7", in: project, chain: "97", network: "bsctestnet")
    let answer = try await json("rollback", "HEAD~1", "--only", "97", in: project)
    #expect(answer["changes"]?.array?.compactMap { $0["key"]?.string } == ["97-New"])
    #expect(!exists(project.appending("deployments/bsctestnet.json")))
    let subject = try await git("log", "-1", "--format=%s", in: project)
    #expect(subject.hasPrefix("Roll back chain 97 to "))
    try await expectSound(project)
  }

  @Test func aMergeHasNoSingleChangeToTakeBack() async throws {
    let project = try await sampleRepository()
    try await git("checkout", "-qb", "side", in: project)
    try await put("New", "7", in: project, chain: "97", network: "bsctestnet")
    try await git("checkout", "-q", "main", in: project)
    try await put("Other", "7", in: project)
    try await git("merge", "-q", "--no-edit", "side", in: project)
    let refused = try await refusalLeavingAll(of: project, "revert", "HEAD")
    #expect(refused.message.contains("merge"))
    try await succeed("revert", "side", in: project)
    #expect(try await gitstate("get", "97-New", in: project).status == 3)
    #expect(try await gitstate("get", "56-Other", in: project).status == 0)
    try await expectSound(project)
  }

  @Test func aRollbackOfOneContractKeepsTheRest() async throws {
    let project = try await sampleRepository()
    try await put("Token", "7", in: project)
    try await put("Oracle", "7", in: project)
    let answer = try await json("rollback", "HEAD~2", "--only", "56-Oracle", in: project)
    #expect(answer["changes"]?.array?.compactMap { $0["key"]?.string } == ["56-Oracle"])
    #expect(
      try await succeed("get", "56-Token", "--field", "address", in: project) == address("7"))
    let again = try await json("rollback", "HEAD~3", "--only", "56-Oracle", in: project)
    #expect(again["to"] == .null)
    #expect(again["changes"] == [])
    // The rollback is a commit like any other.
    try await succeed("revert", "HEAD", in: project)
    #expect(
      try await succeed("get", "56-Oracle", "--field", "address", in: project) == address("7"))
    try await put("Oracle", "8", in: project)
    try await expectSound(project)
  }

  @Test func restoreBringsADeletedContractBack() async throws {
    let project = try await sampleRepository()
    let record = try await json("get", "56-Token", in: project)
    try await succeed("delete", "bscmainnet/Token", in: project)
    let answer = try await json("restore", "56-Token", "--from", "HEAD~1", "-m", "why", in: project)
    #expect(answer["changes"]?[0]?["kind"] == "added")
    #expect(try await json("get", "56-Token", in: project) == record)
    let unchanged = try await gitstate("restore", "56-Token", "--from", "HEAD", in: project)
    #expect(unchanged.status == 0)
    #expect(unchanged.text.contains("recorded so already"))
    #expect(try await commitCount(in: project) == 3)
    try await put("Token", "8", in: project)
    try await expectSound(project)
  }

  @Test func aBranchOfItsOwnHasItsOwnTip() async throws {
    let project = try await repository(["code.txt": "code"])
    try await succeed("init", "--branch", "state", in: project)
    let first = try await put("A", "1", in: project)
    let second = try await put("A", "2", in: project)
    try await commit(["code.txt": "more code"], in: project)
    // Without a revision, the state's branch is meant, not the one that is checked out.
    #expect(try await json("show", in: project)["to"] == .string(second))
    for arguments in [
      ["\(first).."], ["\(first)..\(second)"], [first], [first, "state"], ["\(first)..."],
    ] {
      let result = try await gitstate(["diff"] + arguments + ["--json"], in: project)
      let changes = try JSONValue(parsing: result.output)
      #expect(changes["from"] == .string(first) && changes["to"] == .string(second))
      #expect(changes["changes"]?.array?.count == 1)
    }
    #expect(try await json("diff", "..\(first)", in: project)["from"] == .string(second))
    // HEAD~1 is the code's: rolling back to it would remove every contract.
    let refused = try await refusalLeavingAll(of: project, "rollback", "HEAD~1")
    #expect(refused.status == 64)
    #expect(refused.message.contains("HEAD~1"))
    #expect(try await json("list", in: project).array?.count == 1)
    try await succeed("rollback", "state~1", in: project)
    #expect(try await succeed("get", "56-A", "--field", "address", in: project) == address("1"))
    #expect(!exists(project.appending("deployments")))
    try await expectSound(project)
  }

  @Test func aBranchWithoutACommitIsEmptyNotBroken() async throws {
    let project = try await newRepository()
    #expect(try await json("list", in: project) == [])
    #expect(try await json("log", in: project) == [])
    #expect(
      try await json("diff", in: project) == ["from": .null, "to": .null, "changes": []])
    let refused = try await refusalLeavingAll(of: project, "show")
    #expect(refused.status == 3)
    #expect(refused.message.contains("no commit yet"))
    #expect(try await refusal("get", "56-A", in: project).status == 3)
    try await put("A", "1", in: project)
    try await expectSound(project)
  }
}
