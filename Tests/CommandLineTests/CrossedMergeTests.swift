import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Merges that go wrong by lines or by one base: renames, crossed lines, files that cannot be read,
/// two files for one chain.
@Suite(.scratchDirectory) struct CrossedMergeTests {
  private let file = "deployments/bscmainnet.json"

  private func withDrivers() async throws -> FilePath {
    let project = try await sampleRepository()
    try await succeed("init", in: project)
    try await git("add", ".gitattributes", in: project)
    try await git("commit", "-qm", "Compare by contract", in: project)
    return project
  }

  private func rename(_ old: String, _ new: String, in project: FilePath) async throws -> String {
    let text = try text(project.appending(file)).replacing("\"\(old)\"", with: "\"\(new)\"")
    try await commit([file: text], in: project, message: "Rename \(old)")
    return try await git("rev-parse", "HEAD", in: project)
  }

  private func value(_ field: String, of key: String, in project: FilePath) async throws -> String {
    try await succeed("get", key, "--field", field, in: project)
  }

  @Test func aRevertOfARenameKeepsLaterFields() async throws {
    let project = try await sampleRepository()
    let renamed = try await rename("Token", "Coin", in: project)
    try await put("Coin", "7", in: project)
    let answer = try await json("revert", renamed, in: project)
    #expect(answer["changes"]?.array?.map { $0["kind"] } == ["renamed"])
    #expect(try await value("address", of: "56-Token", in: project) == address("7"))
    #expect(try await gitstate("get", "56-Coin", in: project).status == 3)
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
    try await succeed("revert", "HEAD", in: project)
    #expect(try await value("address", of: "56-Coin", in: project) == address("7"))
    // Where it was removed since, it does not come back unasked.
    try await succeed("delete", "56-Coin", in: project)
    let refused = try await refusalLeavingAll(of: project, "revert", renamed)
    #expect(refused.status == 5)
    #expect(refused.document["conflicts"]?[0]?["field"] == "contractName")
    #expect(refused.document["conflicts"]?[0]?["removedBy"] == "ours")
    let kept = try await json("revert", renamed, "--resolve", "56-Coin=ours", in: project)
    #expect(kept["changes"] == [])
    try await expectSound(project)
  }

  @Test func aRevertFollowsARenameThatCameLater() async throws {
    let project = try await sampleRepository()
    let upgraded = try await put("Token", "7", in: project)
    _ = try await rename("Token", "Coin", in: project)
    try await put("Other", "1", in: project)
    let answer = try await json("revert", upgraded, in: project)
    #expect(answer["changes"]?.array?.map { $0["key"] } == ["56-Coin"])
    #expect(try await value("address", of: "56-Coin", in: project) == address("2"))
    #expect(try await gitstate("get", "56-Token", in: project).status == 3)
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
  }

  @Test(arguments: ["gitstate", "git"]) func aRenameAndAChangeMerge(with program: String)
    async throws
  {
    let project = try await withDrivers()
    try await git("checkout", "-qb", "side", in: project)
    _ = try await rename("Token", "Coin", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("Token", "7", in: project)
    if program == "git" {
      try await git("merge", "-q", "--no-edit", "side", in: project)
    } else {
      try await succeed("merge", "side", in: project)
    }
    #expect(try await value("address", of: "56-Coin", in: project) == address("7"))
    #expect(try await gitstate("get", "56-Token", in: project).status == 3)
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
    #expect(try await json("show", in: project)["dropped"] == nil)
  }

  @Test(arguments: ["gitstate", "git"]) func linesThatCrossedMerge(with program: String)
    async throws
  {
    let project = try await withDrivers()
    func merge(_ revision: String) async throws {
      if program == "git" {
        try await git("merge", "-q", "--no-edit", revision, in: project)
      } else {
        try await succeed("merge", revision, in: project)
      }
    }
    try await git("checkout", "-qb", "side", in: project)
    try await put("Oracle", "8", in: project)
    try await git("tag", "s", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("Token", "7", in: project)
    try await git("tag", "m", in: project)
    try await merge("s")
    try await put("Token", "9", in: project)
    try await git("checkout", "-q", "side", in: project)
    try await merge("m")
    try await put("Oracle", "6", in: project)
    #expect(
      try await git("merge-base", "--all", "main", "side", in: project)
        .split(separator: "\n").count == 2)
    try await git("checkout", "-q", "main", in: project)
    try await merge("side")
    #expect(try await value("address", of: "56-Token", in: project) == address("9"))
    #expect(try await value("address", of: "56-Oracle", in: project) == address("6"))
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
  }

  @Test(arguments: ["gitstate", "git"])
  func whatWasSettledInTwoWaysWhereLinesCrossedIsAConflict(with program: String) async throws {
    let project = try await withDrivers()
    try await git("checkout", "-qb", "side", in: project)
    try await put("Token", "8", in: project)
    try await git("tag", "s", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("Token", "7", in: project)
    try await git("tag", "m", in: project)
    try await succeed("merge", "s", "--resolve", "ours", in: project)
    try await put("Beside1", "1", in: project)
    try await git("checkout", "-q", "side", in: project)
    try await succeed("merge", "m", "--resolve", "ours", in: project)
    try await put("Beside2", "1", in: project)
    try await git("checkout", "-q", "main", in: project)
    if program == "git" {
      let merged = try await runProgram("git", ["merge", "--no-edit", "side"], in: project)
      #expect(merged.status == 1 && merged.errors.contains("56-Token address"))
    } else {
      let refused = try await refusalLeavingAll(of: project, "merge", "side")
      #expect(refused.status == 5)
      #expect(
        refused.document["conflicts"]?[0]?.object.map { [$0["ours"], $0["theirs"]] }
          == [.string(address("7")), .string(address("8"))])
    }
  }

  @Test(arguments: ["ours", "theirs"]) func aSideThatIsNoJSONLeavesTheOther(broken: String)
    async throws
  {
    let project = try await withDrivers()
    try await git("checkout", "-qb", "side", in: project)
    let sound = try text(project.appending(file))
    func change(_ isBroken: Bool, _ digit: Character) async throws {
      if isBroken {
        let torn = sound.replacing("\"contracts\": {", with: "\"contracts\": {,")
        try await commit([file: torn], in: project, message: "broken")
      } else {
        try await put("Token", digit, in: project)
      }
    }
    try await change(broken == "theirs", "8")
    try await git("checkout", "-q", "main", in: project)
    try await change(broken == "ours", "7")
    let merge = try await runProgram("git", ["merge", "--no-edit", "side"], in: project)
    #expect(merge.status == 1)
    #expect(merge.errors.contains("\(broken) cannot be read"), "\(merge.errors)")
    let merged = try JSONValue(parsing: readFile(project.appending(file)))
    #expect(
      merged["contracts"]?["Token"]?["implementation"]
        == .string(address(broken == "ours" ? "8" : "7")))
    let listed = try await gitstate("conflicts", in: project)
    #expect(listed.status == 5 && listed.errors.contains("\(broken) cannot be read"))
    let document = try JSONValue(
      parsing: await gitstate("conflicts", "--json", in: project).output)
    #expect(document["files"]?[0]?["file"] == .string(file))
    #expect(document["files"]?[0]?["problem"]?.string?.contains("cannot be read") == true)
    let wrong = try await gitstate("conflicts", "--resolve", broken, in: project)
    #expect(wrong.status != 0)
    try await succeed(
      "conflicts", "--resolve", broken == "ours" ? "theirs" : "ours", in: project)
    try await git("commit", "-q", "--no-edit", in: project)
    try await put("After", "1", in: project)
    try await expectSound(project)
  }

  @Test func whereNeitherSideCanBeReadItIsSaid() async throws {
    let project = try await withDrivers()
    let sound = try text(project.appending(file))
    try await git("checkout", "-qb", "side", in: project)
    try await commit([file: sound + "x"], in: project)
    try await git("checkout", "-q", "main", in: project)
    try await commit([file: sound + "y"], in: project)
    let merge = try await runProgram("git", ["merge", "--no-edit", "side"], in: project)
    #expect(merge.status == 1 && merge.errors.contains("neither side can be read"))
    let listed = try await gitstate("conflicts", in: project)
    #expect(listed.status == 5 && listed.errors.contains("on either side"), "\(listed.errors)")
  }

  @Test func twoFilesForOneChainAreJoined() async throws {
    let project = try await withDrivers()
    try await git("checkout", "-qb", "side", in: project)
    try await put("New1", "7", in: project, chain: "97", network: "bsctestnet")
    try await git("checkout", "-q", "main", in: project)
    try await put("New2", "8", in: project, chain: "97", network: "bsc-test")
    try await put("New1", "6", in: project, chain: "97", network: "bsc-test")
    try await git("merge", "-q", "--no-edit", "side", in: project)
    // Whoever reads the chain is told how to mend it.
    let unclear = try await refusal("get", "97-New1", in: project)
    #expect(unclear.status == 1 && unclear.message.contains("gitstate conflicts"))
    #expect(try await gitstate("get", "56-Token", in: project).status == 0)
    let listed = try await gitstate("conflicts", in: project)
    #expect(listed.status == 5)
    #expect(listed.text.contains("deployments/bsc-test.json and deployments/bsctestnet.json"))
    #expect(listed.text.contains("97-New1 address"))
    let document = try JSONValue(
      parsing: await gitstate("conflicts", "--json", in: project).output)
    #expect(document["files"]?[0]?["otherFile"] == "deployments/bsctestnet.json")
    #expect(document["conflicts"]?[0]?["key"] == "97-New1")
    try await succeed("conflicts", "--resolve", "97-New1=theirs", in: project)
    #expect(!exists(project.appending("deployments/bsctestnet.json")))
    try await git("commit", "-qm", "Join", in: project)
    #expect(try await value("address", of: "97-New1", in: project) == address("7"))
    #expect(try await value("address", of: "97-New2", in: project) == address("8"))
    #expect(try await gitstate("conflicts", in: project).status == 0)
    try await put("After", "1", in: project, chain: "97", network: nil)
    try await expectSound(project)
    #expect(try await json("verify", in: project)["errors"] == [])
  }

  @Test func aMemberOfTheFileInConflictHasNoContractsKey() async throws {
    let project = try await sampleRepository()
    try await git("checkout", "-qb", "side", in: project)
    let sound = try text(project.appending(file))
    try await commit(
      [file: sound.replacing("[\"Oracle\"]", with: "[\"Token\"]")], in: project)
    try await git("checkout", "-q", "main", in: project)
    try await commit([file: sound.replacing("[\"Oracle\"]", with: "[]")], in: project)
    let refused = try await refusalLeavingAll(of: project, "merge", "side")
    #expect(refused.error["key"] == nil)
    #expect(refused.document["conflicts"]?[0]?["key"] == "56")
    #expect(refused.message.contains("chain 56 (infrastructureContracts)"))
  }
}
