import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Which rules hold when, and the ways around them.
@Suite(.scratchDirectory) struct RuleScopeTests {
  private func project(rules: String, _ name: String = "project") async throws -> FilePath {
    let project = try await sampleRepository(name)
    try await commit(
      ["deployments/.gitstate.json": "{\"format\": 1, \"rules\": \(rules)}"], in: project)
    return project
  }

  @Test func aCommitIsHeldToTheRulesOfItsParent() async throws {
    let project = try await sampleRepository()
    let moved = try await put("Token", "9", in: project, more: ["--proxy", address("8")])
    let forbidden = #"{"rules": {"noRedeployment": [56]}}"#
    try await commit(["deployments/.gitstate.json": forbidden], in: project)
    let start = try await git("rev-parse", "HEAD", in: project)
    // It was allowed then.
    let then = try await gitstate("verify", "--history", in: project)
    #expect(then.status == 0 && then.text.contains("56-Token was redeployed"), "\(then.text)")
    let now = try await gitstate("verify", "--history", "--rules", "HEAD", in: project)
    #expect(now.status == 4)
    #expect(now.text.contains("\(moved.prefix(7)) (Ada Deployer): 56-Token is redeployed"))
    // A branch that lifts the rule, breaks it and sets it again is clean by its own lights alone.
    try await commit(["deployments/.gitstate.json": "{}"], in: project, message: "lift")
    let lifted = try await git("rev-parse", "--short=7", "HEAD", in: project)
    try await put("Token", "9", in: project, more: ["--proxy", address("7")])
    try await commit(["deployments/.gitstate.json": forbidden], in: project, message: "set")
    let own = try await json("verify", "--history", "\(start)..", in: project)
    #expect(own["errors"] == [])
    #expect(
      own["warnings"]?.array?.contains {
        $0.string == "commit \(lifted) (Ada Deployer): it changes the rules: noRedeployment was on "
          + "56 and is off"
      } == true, "\(own)")
    let held = try await gitstate(
      "verify", "--history", "\(start)..", "--rules", start, in: project)
    #expect(held.status == 4 && held.text.contains("noRedeployment"))
    #expect(
      try await refusal("verify", "--history", "--rules", "nothing", in: project).status == 3)
  }

  @Test func rulesThatCannotBeReadAreAnErrorOfTheirCommit() async throws {
    let project = try await project(rules: #"{"noRedeploy": true}"#)
    let result = try await gitstate("verify", "--history", in: project)
    #expect(result.status == 4)
    #expect(result.text.contains("there is no rule \"noRedeploy\""), "\(result.text)")
  }

  @Test func aRedeploymentAfterARemovalIsToldWithoutARule() async throws {
    let project = try await newRepository()
    try await put("A", "1", in: project)
    try await succeed("delete", "56-A", in: project)
    let removed = try await git("rev-parse", "--short=7", "HEAD", in: project)
    try await put("A", "2", in: project)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.status == 0, "\(verified.text)")
    #expect(verified.text.contains("56-A was redeployed after a removal (commit \(removed))"))
    #expect(verified.text.contains("\(address("1")) -> \(address("2"))"))
    // At the address that it had it is no other contract.
    try await succeed("delete", "56-A", in: project)
    try await put("A", "2", in: project)
    let again = try await gitstate("verify", "--history", "HEAD~2..", in: project)
    #expect(!again.text.contains("redeployed"), "\(again.text)")
  }

  @Test func aRuleThatHoldsNowhereIsToldAtEachWriteAndInCI() async throws {
    let project = try await project(rules: #"{"noRedeployment": ["bscmainet"]}"#)
    let rules = try await git("rev-parse", "HEAD", in: project)
    let result = try await gitstate(
      "put", "56-Token", "--address", address("8"), "--timestamp", time, in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("\"bscmainet\", which is no chain ID"), "\(result.errors)")
    try await commit(["deployments/.gitstate.json": "{}"], in: project)
    let verified = try await gitstate(
      "verify", "--history", "\(rules)..", "--rules", rules, in: project)
    #expect(verified.text.contains("\"bscmainet\", which is no chain ID"), "\(verified.text)")
    // A network that comes with the write is known.
    let other = try await self.project(rules: #"{"noRemoval": ["newnet"]}"#, "other")
    let first = try await gitstate(
      "put", "777-A", "--network", "newnet", "--address", address("8"), "--timestamp", time,
      in: other)
    #expect(first.status == 0 && !first.errors.contains("which is no chain ID"), "\(first.errors)")
  }

  @Test func aRedeploymentIsToldWithTheAddressesThatCallersSee() async throws {
    let project = try await newRepository()
    try await put("A", "1", in: project)
    try await succeed("put", "56-A", "--proxy", address("2"), "--timestamp", time, in: project)
    try await succeed("put", "56-A", "--proxy", "", "--timestamp", time, in: project)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.text.contains("redeployed, \(address("1")) -> \(address("2"))"))
    #expect(verified.text.contains("redeployed, \(address("2")) -> \(address("1"))"))
  }

  @Test func aRemovalIsNoWayAroundTheRuleAgainstRedeployments() async throws {
    let project = try await project(rules: #"{"noRedeployment": true}"#)
    try await succeed("delete", "56-Oracle", in: project)
    let removed = try await git("rev-parse", "--short=7", "HEAD", in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-Oracle", "--address", address("9"), "--timestamp", time)
    #expect(refused.code == "RULE_BROKEN")
    #expect(refused.message.contains("noRedeployment") && refused.message.contains(removed))
    #expect(refused.message.contains(address("3")))
    // In one transaction it is a redeployment like any other, and at the old address none.
    try await put("Oracle", "9", in: project, more: ["--proxy", address("3")])
    try await put("Brandnew", "9", in: project)
    // By hand it is found afterwards.
    try await succeed("delete", "56-Brandnew", in: project)
    let file = project.appending("deployments/bscmainnet.json")
    try await commit(
      [
        "deployments/bscmainnet.json": try text(file).replacing(
          #""contracts": {"#, with: #""contracts": {"Brandnew": "\#(address("8"))","#)
      ], in: project)
    for range in ["HEAD~1..", "HEAD~2.."] {
      let verified = try await gitstate("verify", "--history", range, in: project)
      #expect(verified.status == 4, "\(range)")
      #expect(verified.text.contains("56-Brandnew is deployed anew"), "\(range): \(verified.text)")
    }
  }

  @Test func aRenameIsARemovalOfTheOldName() async throws {
    let project = try await project(rules: #"{"noRemoval": true}"#)
    let file = project.appending("deployments/bscmainnet.json")
    let renamed = try text(file).replacing(#""Token""#, with: #""Coin""#)
    try writeFile(file, renamed)
    let result = try await gitstate(
      "put", "56-New", "--address", address("1"), "--timestamp", time, in: project)
    #expect(result.status == 0 && result.errors.contains("56-Token is renamed"), "\(result.errors)")
    #expect(try await gitstate("get", "56-Token", in: project).status == 0)
    try await git("checkout", "-q", "--", ".", in: project)
    try await commit(
      [
        "deployments/bscmainnet.json": try text(file).replacing(#""Token""#, with: #""Coin""#)
      ], in: project)
    let verified = try await gitstate("verify", "--history", "HEAD~1..", in: project)
    #expect(verified.text.contains("56-Token is renamed to 56-Coin"), "\(verified.text)")
    #expect(verified.text.contains("noRemoval"))
  }

  @Test func chainsHaveNamesInTheSettingsToo() async throws {
    let project = try await sampleRepository()
    try await commit(
      [
        "deployments/.gitstate.json": """
        {"chains": {"bsc": 56}, "rules": {"noRedeployment": ["bsc"], "noRemoval": ["basesepola"]}}
        """
      ], in: project)
    let refused = try await refusal("put", "56-Token", "--proxy", address("9"), in: project)
    #expect(refused.message.contains("noRedeployment"))
    // A name that nothing has is said, since the rule holds nowhere.
    for command in [["verify"], ["verify", "--history"]] {
      let result = try await gitstate(command, in: project)
      let note = "the rule noRemoval names \"basesepola\""
      #expect(result.text.contains(note), "\(command): \(result.text)")
    }
    // To call the network otherwise is no way around.
    let rules = #"{"rules": {"noRedeployment": ["bscmainnet"]}}"#
    try await commit(["deployments/.gitstate.json": rules], in: project)
    let file = project.appending("deployments/bscmainnet.json")
    try await commit(
      [
        "deployments/bscmainnet.json": try text(file)
          .replacing(#""network": "bscmainnet""#, with: #""network": "other""#)
          .replacing(address("1"), with: address("9"))
      ], in: project)
    let verified = try await gitstate("verify", "--history", "HEAD~1..", in: project)
    #expect(verified.text.contains("56-Token is redeployed, which"), "\(verified.text)")
    for chains in [#"{"bsc": "x"}"#, "[]", #"{"56": 97}"#] {
      try await commit(
        ["deployments/.gitstate.json": #"{"chains": \#(chains), "rules": {}}"#], in: project)
      let refused = try await refusal("put", "56-Token", "--address", address("9"), in: project)
      #expect(refused.message.contains("chains"), "\(chains)")
    }
  }
}
