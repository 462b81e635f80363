import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The team's rules in `.gitstate.json`, and `verify --history`.
@Suite(.scratchDirectory) struct GuardTests {
  private func project(rules: String) async throws -> FilePath {
    let project = try await sampleRepository()
    try await commit(
      ["deployments/.gitstate.json": "{\"format\": 1, \"rules\": \(rules)}"], in: project)
    return project
  }

  @Test func redeploymentAndRemovalAreRefusedOnNamedChains() async throws {
    let project = try await project(
      rules: #"{"noRedeployment": ["bscmainnet"], "noRemoval": true}"#)
    let moved = try await refusalLeavingAll(
      of: project, "put", "56-Token", "--proxy", address("9"), "--timestamp", time)
    #expect(moved.status == 1 && moved.code == "RULE_BROKEN")
    #expect(moved.message.contains("56-Token") && moved.message.contains("noRedeployment"))
    #expect(try await refusalLeavingAll(of: project, "delete", "56-Token").code == "RULE_BROKEN")
    // An upgrade is none, and another chain is not named.
    try await put("Token", "7", in: project)
    try await put("Token", "7", in: project, chain: "84532", network: nil)
    // One that fails leaves its mates alone; edits by hand that break a rule stay out.
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(file, try text(file).replacing(address("3"), with: address("8")))
    let result = try await gitstate(
      "put", "56-New", "--address", address("1"), "--timestamp", time, in: project)
    #expect(result.status == 0 && result.errors.contains("noRedeployment"), "\(result.errors)")
    #expect(
      try await succeed("get", "56-Oracle", "--field", "proxyAddress", in: project) == address("3"))
  }

  @Test func reasonsAndAuthorsAreAskedFor() async throws {
    let project = try await project(
      rules: #"{"requireReason": [56], "allowedAuthors": ["*@example.org", "bob@example.com"]}"#)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-Token", "--address", address("9"))
    #expect(refused.message.contains("-m"))
    try await put("Token", "9", in: project, more: ["-m", "audited"])
    try await put("Token", "9", in: project, chain: "84532", network: nil)
    let other = ["GIT_AUTHOR_EMAIL": "eve@example.net"]
    let stranger = try await refusal(
      "put", "84532-Token", "--address", address("8"), in: project, environment: other)
    #expect(stranger.message.contains("eve@example.net"))
    #expect(
      try await gitstate(
        "put", "84532-Token", "--address", address("8"), in: project,
        environment: ["GIT_AUTHOR_EMAIL": "BOB@example.com"]
      ).status == 0)
  }

  @Test func secretsAreRefusedWithoutBeingPrinted() async throws {
    let project = try await sampleRepository()
    let mnemonic = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    let key = "0x" + String(repeating: "4c", count: 32)
    for (arguments, field) in [
      (["--arg", mnemonic], "deploymentArgs[0]"),
      (["--args-json", "[1,{\"privateKey\":\"\(key)\"}]"], "deploymentArgs[1].privateKey"),
      (["--arg", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"], "deploymentArgs[0]"),
    ] {
      let all = ["put", "56-Token", "--timestamp", time] + arguments
      let result = try await gitstate(all, in: project)
      #expect(result.status == 1)
      #expect(result.errors.contains(field) && result.errors.contains("allowedSecrets"))
      #expect(!result.errors.contains(mnemonic) && !result.errors.contains(key))
      #expect(!result.errors.contains("16C7e42F"))
    }
    // A hash among the arguments is none, and neither is a sentence.
    try await succeed(
      "put", "56-Token", "--arg", key, "--arg", "Look Coin is a token for all who like to look",
      "--timestamp", time, in: project)
    try await commit(
      ["deployments/.gitstate.json": #"{"rules": {"allowedSecrets": ["56-Oracle"]}}"#], in: project)
    try await succeed("put", "56-Oracle", "--arg", mnemonic, "--timestamp", time, in: project)
  }

  @Test func aRuleThatIsUnknownOrMisspeltIsNoRule() async throws {
    for rules in [#"{"noRedeploy": true}"#, #"{"noRemoval": "yes"}"#, "[]"] {
      let project = try await project(rules: rules)
      let refused = try await refusalLeavingAll(
        of: project, "put", "56-Token", "--address", address("9"))
      #expect(refused.message.contains(".gitstate.json"))
      #expect(try await gitstate("get", "56-Token", in: project).status == 0)
      _ = try await runProgram("rm", ["-rf", project.string], in: scratch)
    }
  }

  @Test func verifyHistoryNamesEachFaultByItsCommit() async throws {
    let project = try await sampleRepository()
    #expect(try await json("verify", "--history", in: project)["isValid"] == true)
    let file = project.appending("deployments/bscmainnet.json")
    let sound = try text(file)
    let start = try await git("rev-parse", "HEAD", in: project)
    func short() async throws -> String {
      try await git("rev-parse", "--short=7", "HEAD", in: project)
    }
    try await put("Gone", "1", in: project)
    let redeployed = try await put("Gone", "2", in: project)
    try await commit(["deployments/bscmainnet.json": sound], in: project, message: "overwrite")
    let lost = try await short()
    try await commit(["deployments/bscmainnet.json": "{"], in: project, message: "broken")
    let broken = try await short()
    try await commit(["deployments/bscmainnet.json": sound], in: project, message: "mended")
    try await commit(
      ["deployments/bscmainnet.json": sound.replacing(address("2"), with: "0x12")], in: project,
      message: "GitState-like\n\nGitState-Operation: put\nGitState-Contract: 56-Other")
    let lying = try await short()
    let result = try await gitstate("verify", "--history", in: project)
    #expect(result.status == 4)
    let lines = result.text.split(separator: "\n").map(String.init)
    func expect(_ commit: String, _ parts: String...) {
      #expect(
        lines.contains { line in
          line.contains(commit) && parts.allSatisfy(line.contains)
        }, "\(commit) \(parts) in \(result.text)")
    }
    expect(String(redeployed.prefix(7)), "warning", "56-Gone was redeployed", address("2"))
    expect(lost, "error", "56-Gone is lost")
    expect(broken, "error", "bscmainnet.json is broken")
    expect(lying, "error", "56-Other, which it did not change")
    expect(lying, "error", "0x12")
    let part = try await json("verify", "--history", "\(start)..\(redeployed)", in: project)
    #expect(part["commitCount"] == 2 && part["errors"] == [])
    #expect(try await refusal("verify", "--history", "nothing..", in: project).status == 3)
    #expect(try await refusal("verify", "--history", "", in: project).status == 3)
    // Undoing and deleting are no losses.
    try await git("reset", "-q", "--hard", redeployed, in: project)
    try await succeed("delete", "56-Gone", in: project)
    try await succeed("revert", "HEAD", in: project)
    try await succeed("rollback", start, in: project)
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
  }

  /// The name would be in the commit's subject, too.
  @Test func aSecretInANameIsNotRepeated() async throws {
    let project = try await sampleRepository()
    let phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-\(phrase)", "--address", address("9"))
    #expect(refused.code == "RULE_BROKEN" && refused.message.contains("the name of a contract"))
    #expect(!refused.message.contains("winner"), "\(refused.message)")
    // One that is there already keeps nobody from changing its record.
    let path = project.appending("deployments/bscmainnet.json")
    try writeFile(path, try text(path).replacing("\"Token\"", with: "\"\(phrase)\""))
    try await git("commit", "-qam", "somebody's", in: project)
    try await succeed("put", "56-\(phrase)", "--address", address("9"), in: project)
  }

  @Test func aSecretInAReasonIsFoundToo() async throws {
    let project = try await sampleRepository()
    let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-Token", "--address", address("9"), "-m", "deployed with \(token)")
    #expect(refused.code == "RULE_BROKEN" && refused.message.contains("the reason"))
    #expect(!refused.message.contains(token))
    let revert = try await refusal("revert", "HEAD", "-m", "PASSWORD=hunter22", in: project)
    #expect(revert.message.contains("the reason"))
    // In the message of somebody's commit.
    try await commit(["code.txt": "x"], in: project, message: "Deploy\n\nwith \(token)")
    let short = try await git("rev-parse", "--short=7", "HEAD", in: project)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.status == 4 && verified.text.contains("its message looks like"))
    #expect(!verified.text.contains(token))
    try await commit(
      ["deployments/.gitstate.json": #"{"rules": {"allowedSecrets": ["\#(short)"]}}"#], in: project)
    let allowed = try await json("verify", "--history", "--rules", "HEAD", in: project)
    #expect(allowed["errors"] == [], "\(allowed)")
  }
}
