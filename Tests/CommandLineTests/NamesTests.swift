import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Names that people have of networks, contracts and commits, and slips in them.
@Suite(.scratchDirectory) struct NamesTests {
  /// Files whose records bear other names of networks than the files do.
  private func project() async throws -> FilePath {
    let project = try await newRepository()
    try await put("Token", "1", in: project, network: "bscmainnet")
    try await put("Vault", "2", in: project, network: "bsc")
    try await put("Token", "3", in: project, chain: "97", network: "bsctestnet")
    try await put("Vault", "4", in: project, chain: "97", network: "chapel")
    return project
  }

  @Test func recordsNamesOfNetworksNameTheirChain() async throws {
    let project = try await project()
    #expect(
      try await succeed("get", "bsc/Token", "--field", "address", in: project) == address("1"))
    #expect(try await json("list", "chapel", in: project).array?.count == 2)
    let compared = try await json("compare", "bsc", "chapel", in: project)
    #expect(compared["left"]?["chainId"] == 56 && compared["right"]?["chainId"] == 97)
    #expect(
      try await json("log", "chapel/Vault", in: project).array?.count == 1)
    let unknown = try await refusal("get", "bsk/Token", in: project)
    #expect(unknown.status == 64)
  }

  @Test func aNameThatRecordsOfTwoChainsBearIsRefused() async throws {
    let project = try await project()
    try await put("Other", "5", in: project, chain: "97", network: "bsc")
    let refused = try await refusal("get", "bsc/Token", in: project)
    #expect(refused.status == 64)
    #expect(
      refused.message.contains("deployments/bscmainnet.json and in deployments/bsctestnet.json"),
      "\(refused.message)")
    // A file's own name goes before what records of another file say.
    try await put("More", "6", in: project, chain: "97", network: "bscmainnet")
    #expect(
      try await succeed("get", "bscmainnet/Token", "--field", "address", in: project)
        == address("1"))
  }

  @Test func rulesHoldForTheNamesThatRecordsBear() async throws {
    let project = try await project()
    let rules = #"{"format": 1, "rules": {"noRemoval": ["bsc"], "requireReason": ["opera"]}}"#
    try await commit(["deployments/.gitstate.json": rules], in: project)
    for name in ["Token", "Vault"] {
      let refused = try await refusal("delete", "56-\(name)", in: project)
      #expect(refused.code == "RULE_BROKEN", "\(name)")
    }
    let removed = try await gitstate("delete", "97-Vault", in: project)
    #expect(removed.status == 0)
    #expect(!removed.errors.contains("noRemoval"), "\(removed.errors)")
    #expect(removed.errors.contains("requireReason names \"opera\""), "\(removed.errors)")
    // The first record of the name is held to it already.
    let first = try await refusal(
      "put", "250-Token", "--address", address("7"), "--network", "opera", in: project)
    #expect(first.code == "RULE_BROKEN")
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.status == 0, "\(verified.text)")
    try await git("rm", "-q", "deployments/bscmainnet.json", in: project)
    try await git("commit", "-qm", "Remove", in: project)
    let broken = try await gitstate("verify", "--history", "HEAD~1..", in: project)
    #expect(broken.text.contains("56-Vault is removed, which the rule noRemoval forbids"))
  }

  @Test func anUnknownContractHasNoHistoryAndNearNamesAreTold() async throws {
    let project = try await project()
    for more in ["--quiet", "--since=2020-01-01"] {
      let refused = try await refusal("log", "56-Tokne", more, in: project)
      #expect(refused.status == 3)
      #expect(refused.message.contains("was never recorded"))
      #expect(refused.message.contains("is it 56-Token?"), "\(refused.message)")
    }
    #expect(
      try await refusal("log", "56-token", in: project).message
        .contains("is it 56-Token or 97-Token?"))
    #expect(try await refusal("log", "1-Whatever", in: project).message.hasSuffix("no history"))
    #expect(try await refusal("log", "1", in: project).status == 3)
    // What was recorded has a history, also if not in that time.
    #expect(try await json("log", "56-Token", "--since", "2040-01-01", in: project) == [])
    let before = try TreeRecord(project)
    let rollback = try await refusal("rollback", "HEAD~1", "--only", "56-Tokne", in: project)
    #expect(rollback.status == 3)
    #expect(rollback.message.contains("nothing was written: 56-Tokne was never recorded"))
    #expect(try await refusal("rollback", "HEAD~1", "--only", "1", in: project).status == 3)
    #expect(before.differences(to: try TreeRecord(project)).allSatisfy { $0.contains("gitstate") })
    // It was there once, and is neither now nor then.
    try await put("Short", "8", in: project)
    try await succeed("delete", "56-Short", in: project)
    let same = try await gitstate("rollback", "HEAD~2", "--only", "56-Short", in: project)
    #expect(same.status == 0)
    #expect(same.text.contains("the same as then"))
  }

  @Test(
    arguments: [
      ("HEAD^{", "not written as a revision"), ("@{upstream", "not written as a revision"),
      ("@{upstream}", "follows none"), ("HEAD^{blob}", "not written as a revision"),
      ("HEAD^{tree}", "names a tree, not a commit; name the commit"),
      (":code.txt", "a file in git's index"),
      ("HEAD~1..HEAD", "a range"), ("", "empty"), ("0", "at least four characters"),
      ("HEAD~99999999999999999999", "not written as a revision"),
    ]) func oddRevisionsAreToldInOurWords(revision: String, words: String) async throws
  {
    let project = try await sampleRepository()
    try await commit(["code.txt": "1\n"], in: project)
    let refused = try await refusal("show", revision, in: project)
    #expect(refused.status == 3)
    #expect(refused.message.contains(words), "\(refused.message)")
    for theirs in ["parse", "pattern", "specifier", "unimplemented", "lookup"] {
      #expect(!refused.message.contains(theirs), "\(refused.message)")
    }
  }

  @Test func aPartOfTheAnswersIsToldWithTheWholeCommand() async throws {
    let project = try await sampleRepository()
    try await succeed("init", in: project)
    try await commit([".gitattributes": try text(project.appending(".gitattributes"))], in: project)
    try await git("branch", "side", in: project)
    for (branch, digits) in [("main", ("7", "8")), ("side", ("5", "6"))] {
      try await git("switch", "-q", branch, in: project)
      for (name, digit) in [("Token", digits.0), ("Oracle", digits.1)] {
        try await succeed(
          "put", "56-\(name)", "--address", address(Character(digit)), "--timestamp", time,
          in: project)
      }
    }
    try await git("switch", "-q", "main", in: project)
    _ = try await runProgram("git", ["merge", "side"], in: project)
    let part = try await gitstate("conflicts", "--resolve", "56-Token=theirs", in: project)
    #expect(part.status == 5)
    #expect(part.text.contains("56-Oracle address") && !part.text.contains("56-Token address"))
    let command = try #require(
      part.text.split(separator: "\n").last.map { $0.split(separator: " ").map(String.init) })
    #expect(
      command == [
        "gitstate", "conflicts", "--resolve", "56-Token=theirs", "--resolve", "56-Oracle=ours",
      ], "\(part.text)")
    let whole = try await gitstate(Array(command.dropFirst()), in: project)
    #expect(whole.status == 0, "\(whole.text)")
    try await git("commit", "-q", "--no-edit", in: project)
    #expect(
      try await succeed("get", "56-Token", "--field", "address", in: project) == address("5"))
    #expect(
      try await succeed("get", "56-Oracle", "--field", "address", in: project) == address("8"))
  }
}
