import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The merge and diff drivers that `gitstate init` sets up, used by the git program itself.
@Suite(.scratchDirectory) struct DriverTests {
  /// A repository with drivers, on `main`, and a branch `side` beside it.
  private func project(
    theirs: [(String, Character)], ours: [(String, Character)]
  ) async throws -> FilePath {
    let project = try await sampleRepository()
    try await succeed("init", in: project)
    try await git("add", ".gitattributes", in: project)
    try await git("commit", "-qm", "Compare by contract", in: project)
    try await git("checkout", "-qb", "side", in: project)
    for (name, digit) in theirs { try await put(name, digit, in: project) }
    try await git("checkout", "-q", "main", in: project)
    for (name, digit) in ours { try await put(name, digit, in: project) }
    return project
  }

  @Test func gitMergesRebasesAndPicksNeighbours() async throws {
    let project = try await project(theirs: [("Peer1", "7")], ours: [("Peer2", "8")])
    let start = try await git("rev-parse", "main", in: project)
    for command in [
      ["merge", "-q", "--no-edit", "side"], ["cherry-pick", "side"], ["rebase", "-q", "side"],
    ] {
      try await git("reset", "-q", "--hard", start, in: project)
      try await git(arguments: command, in: project)
      for name in ["Peer1", "Peer2", "Token"] {
        #expect(try await gitstate("get", "56-\(name)", in: project).status == 0, "\(command)")
      }
      try await put("After", "9", in: project)
      try await expectSound(project)
    }
  }

  @Test func bothSidesMakeTheFirstFileOfAChain() async throws {
    let project = try await project(theirs: [], ours: [])
    try await git("checkout", "-q", "side", in: project)
    try await put("New1", "7", in: project, chain: "97", network: "bsctestnet")
    try await git("checkout", "-q", "main", in: project)
    try await put("New2", "8", in: project, chain: "97", network: "bsctestnet")
    try await git("merge", "-q", "--no-edit", "side", in: project)
    #expect(try await json("list", "97", in: project).array?.count == 2)
    try await expectSound(project)
  }

  @Test func aTrueConflictLeavesAFileThatParses() async throws {
    let project = try await project(
      theirs: [("Token", "7"), ("Peer", "7")], ours: [("Token", "8")])
    #expect(try await json("conflicts", in: project) == ["conflicts": []])
    let merge = try await runProgram("git", ["merge", "--no-edit", "side"], in: project)
    #expect(merge.status == 1)
    #expect(merge.errors.contains("56-Token address"))
    #expect(
      try await git("diff", "--name-only", "--diff-filter=U", in: project)
        == "deployments/bscmainnet.json")
    let file = try JSONValue(parsing: readFile(project.appending("deployments/bscmainnet.json")))
    #expect(file["contracts"]?["Token"]?["implementation"] == .string(address("8")))
    #expect(file["contracts"]?["Peer"] != nil)
    let listed = try await gitstate("conflicts", "--json", in: project)
    #expect(listed.status == 5)
    #expect(
      try JSONValue(parsing: listed.output) == [
        "conflicts": [
          [
            "key": "56-Token", "field": "address", "base": .string(address("2")),
            "ours": .string(address("8")), "theirs": .string(address("7")),
          ]
        ]
      ])
    #expect(try await refusal("put", "56-X", "--address", address("1"), in: project).status == 1)
    try await succeed("conflicts", "--resolve", "56-Token=theirs", in: project)
    try await git("commit", "-q", "--no-edit", in: project)
    #expect(try await succeed("get", "56-Token", "--field", "address", in: project) == address("7"))
    try await expectSound(project)
  }

  @Test func aFileRemovedOnOneSideIsAConflictOfItsContracts() async throws {
    let project = try await project(theirs: [], ours: [])
    try await git("checkout", "-q", "side", in: project)
    try await git("rm", "-q", "deployments/basesepolia.json", in: project)
    try await git("commit", "-qm", "remove", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("Token", "9", in: project, chain: "84532", network: nil)
    #expect(try await runProgram("git", ["merge", "side"], in: project).status == 1)
    let listed = try await gitstate("conflicts", "--json", in: project)
    #expect(
      try JSONValue(parsing: listed.output)["conflicts"]?.array?.compactMap { $0["key"]?.string }
        .allSatisfy { $0 == "84532-Token" } == true)
    try await succeed("conflicts", "--resolve", "theirs", in: project)
    try await git("commit", "-q", "--no-edit", in: project)
    #expect(!exists(project.appending("deployments/basesepolia.json")))
    try await expectSound(project)
  }

  @Test func anEditedFileIsNotOverwritten() async throws {
    let project = try await project(theirs: [("Token", "7")], ours: [("Token", "8")])
    _ = try await runProgram("git", ["merge", "side"], in: project)
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(file, try text(file).replacing(address("8"), with: address("6")))
    let refused = try await refusalLeavingAll(of: project, "conflicts", "--resolve", "ours")
    #expect(refused.message.contains("git add deployments/bscmainnet.json"))
  }

  @Test func filesWithoutContractsMergeByLines() async throws {
    let project = try await project(theirs: [], ours: [])
    let lines = (1...9).map { "\"k\($0)\": \($0)" }
    func settings(_ change: (inout [String]) -> Void) -> String {
      var changed = lines
      change(&changed)
      return "{\n\(changed.joined(separator: ",\n"))\n}\n"
    }
    try await commit(["deployments/config.json": settings { _ in }], in: project)
    try await git("checkout", "-q", "-B", "side", in: project)
    try await commit(["deployments/config.json": settings { $0[0] = "\"k1\": 10" }], in: project)
    try await git("checkout", "-q", "main", in: project)
    try await commit(["deployments/config.json": settings { $0[8] = "\"k9\": 90" }], in: project)
    try await git("merge", "-q", "--no-edit", "side", in: project)
    #expect(
      try text(project.appending("deployments/config.json"))
        == settings {
          $0[0] = "\"k1\": 10"
          $0[8] = "\"k9\": 90"
        })
  }

  @Test func aReorderedFileIsNoDifferenceToGitDiff() async throws {
    let project = try await project(theirs: [], ours: [])
    let file = project.appending("deployments/bscmainnet.json")
    var root = try #require(try JSONValue(parsing: readFile(file)).object)
    root["contracts"] = .object(
      JSONObject((root["contracts"]?.object ?? JSONObject()).map { ($0.key, $0.value) }.reversed()))
    try writeFile(file, JSONValue.object(root).text(.pretty))
    #expect(try await git("diff", "--no-textconv", "--stat", in: project) != "")
    let shown = try await git("diff", in: project)
    #expect(!shown.contains("\n+") && !shown.contains("\n-  "), "\(shown)")
    try await put("Token", "9", in: project)
    #expect(try await git("diff", "HEAD~1", in: project).contains("+  address: \(address("9"))"))
  }

  @Test func settingUpTwiceChangesNothingAndABranchOfItsOwnKeepsItToTheClone() async throws {
    let project = try await sampleRepository()
    try writeFile(project.appending(".gitattributes"), "*.txt text")
    try await succeed("init", in: project)
    try await succeed("init", in: project)
    #expect(
      try text(project.appending(".gitattributes"))
        == "*.txt text\n/deployments/*.json merge=gitstate diff=gitstate\n")
    try await git("checkout", "-q", ".", in: project)
    try await git("clean", "-qf", in: project)
    try await succeed("init", "--branch", "state", in: project)
    #expect(!exists(project.appending(".gitattributes")))
    #expect(try text(project.appending(".git/info/attributes")).contains("merge=gitstate"))
  }
}
