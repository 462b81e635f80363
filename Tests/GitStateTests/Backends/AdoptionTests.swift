import Git
import GitState
import SystemPackage
import TestSupport
import Testing

/// What becomes of working files that are not as committed.
///
/// Whatever happened to a file, no write
/// may take a file that is merely old for an edit that removes records.
@Suite(.scratchDirectory) struct AdoptionTests {
  private let file = "deployments/bscmainnet.json"

  @Test func anEditByHandIsCommittedFirst() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.edit(file, Project.address("1"), Project.address("2"))
    let answer = try project.put("B", "3")
    #expect(answer.warnings.count == 1)
    #expect(
      try await project.git("log", "--format=%s") == """
        bscmainnet: add B
        Adopt edits by hand: bscmainnet: redeploy A
        bscmainnet: add A
        """)
    #expect(try project.address("A") == Project.address("2"))
    #expect(answer.changes.changes.map(\.key.name) == ["B"])
    try await project.expectSound()
  }

  @Test func anEditInAnotherFileIsLeftAlone() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.put("A", "1", chain: 97, network: "bsctestnet")
    try project.edit("deployments/bsctestnet.json", Project.address("1"), Project.address("2"))
    try project.put("B", "1")
    #expect(try await project.git("status", "--porcelain") == " M deployments/bsctestnet.json")
  }

  @Test func formattingByHandIsKept() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.edit(file, "\"chainId\": 56", "\"chainId\":   56")
    try project.put("B", "1")
    #expect(try project.read(file).contains("\"chainId\":   56"))
    try await project.expectSound()
  }

  @Test func aNewFileMadeByHandIsCommittedFirst() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.write(
      "deployments/other.json",
      """
      {"network":"bsctestnet","chainId":97,"contracts":{"X":"\(Project.address("5"))"}}
      """)
    try project.put("Y", "1", chain: 97, network: "bsctestnet")
    #expect(
      try project.backend.contracts(matching: ContractQuery(chainID: 97)).map(\.name)
        == ["X", "Y"])
    #expect(
      try entries(of: project.path.appending("deployments")) == ["bscmainnet.json", "other.json"])
    try await project.expectSound()
  }

  @Test(arguments: ["<<<<<<< HEAD\n", "{\"half", "\u{0}"])
  func aFileThatDoesNotParseIsLeftAloneAndAdoptedOnceMended(broken: String) async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.put("B", "1")
    let good = try project.read(file)
    try project.write(file, broken + good)
    for name in ["C", "D"] {
      let answer = try project.put(name, "1")
      #expect(answer.warnings.count == 1)
      #expect(answer.warnings.first?.contains(file) == true)
    }
    #expect(try project.read(file) == broken + good)
    // Mended, with an edit: still without C and D, which must stay.
    try project.write(file, good.replacing(Project.address("1"), with: Project.address("7")))
    try project.put("E", "1")
    #expect(try project.names() == ["A", "B", "C", "D", "E"])
    #expect(try project.address("A") == Project.address("7"))
    try await project.expectSound()
  }

  @Test func aDeletedFileIsNotCreatedAgain() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try await project.git("rm", "-q", "--cached", file)
    try await project.git("reset", "-q")
    try removeFile(project.path.pushing(FilePath(file)))
    let answer = try project.put("B", "1")
    #expect(answer.warnings.first?.contains("missing") == true)
    #expect(!exists(project.path.pushing(FilePath(file))))
    #expect(try project.names() == ["A", "B"])
    try await project.git("checkout", "--", file)
    try project.put("C", "1")
    #expect(try project.names() == ["A", "B", "C"])
    try await project.expectSound()
  }

  @Test func anEarlierVersionIsNoEdit() async throws {
    let project = try await Project()
    try project.put("A", "1")
    let old = try project.read(file)
    try project.put("B", "1")
    try project.write(file, old)
    let answer = try project.put("C", "1")
    #expect(answer.warnings.count == 1)
    #expect(try project.names() == ["A", "B", "C"])
    #expect(try project.read(file) == old)
    // An edit on top of the old version: what it does not have was not removed by hand.
    try project.edit(file, Project.address("1"), Project.address("4"))
    try project.put("D", "1")
    #expect(try project.names().contains("B"))
    #expect(try project.names().contains("C"))
  }

  @Test func anEditorsOldVersionRemovesNothing() async throws {
    let project = try await Project()
    try project.put("A", "1")
    let opened = try project.read(file)
    try project.put("B", "1")
    // The editor had the file open before B was recorded, and saves it with an edit.
    try project.write(file, opened.replacing(Project.address("1"), with: Project.address("6")))
    let answer = try project.put("C", "1")
    #expect(answer.warnings.count == 1)
    #expect(try project.names() == ["A", "B", "C"])
    #expect(try project.address("A") == Project.address("1"))
  }

  @Test func aContractRemovedByHandIsRemovedAndNamed() async throws {
    let project = try await Project()
    let contracts = ["A", "B", "C"].map {
      Contract(
        name: $0, chainID: 56, networkName: "bscmainnet", address: Project.address("1"),
        timestamp: 1)
    }
    _ = try project.backend.apply([Operation(.transaction, contracts.map { .put($0) })])[0].get()
    let entry = """
          "B": {
            "proxy": "\(Project.address("1"))",
            "implementation": "\(Project.address("1"))",
            "timestamp": 1
          },

      """
    try project.edit(file, entry, "")
    let answer = try project.put("D", "1")
    #expect(answer.warnings.first?.contains("bscmainnet: remove B") == true)
    #expect(try project.names() == ["A", "C", "D"])
  }

  /// Git commands that move branch, index or files under us, then a put: no record is lost that the
  /// branch still has, and nothing comes back that it no longer has.
  @Test(arguments: [
    ["checkout HEAD~1 -- deployments"],
    ["reset -q --hard HEAD~1"],
    ["reset -q --mixed HEAD~1"],
    ["reset -q --soft HEAD~1"],
    ["stash"],
    ["stash", "stash pop"],
    ["commit -q --amend --allow-empty -m amended"],
    ["checkout -q -b other HEAD~1", "checkout -q main"],
    [
      "checkout -q -b other HEAD~1", "commit -q --allow-empty -m x", "checkout -q main",
      "merge -q --no-edit other",
    ],
    ["revert --no-edit HEAD"],
    ["rm -q --cached deployments/bscmainnet.json"],
  ])
  func gitCommandsInBetweenLoseNothing(commands: [String]) async throws {
    let project = try await Project()
    for name in ["A", "B", "C"] { try project.put(name, "1") }
    try project.write("x.txt", "x\n")
    try await project.git("add", "x.txt")
    try await project.git("commit", "-qm", "another file")
    try project.put("D", "1")
    for command in commands {
      let words = command.split(separator: " ").map(String.init)
      _ = try await runProgram("git", words, in: project.path)
    }
    let onBranch = try project.names()
    try project.put("E", "1")
    try project.put("F", "1")
    let after = Set(try project.names())
    #expect(after.isSuperset(of: onBranch + ["E", "F"]), "\(commands): \(after) after \(onBranch)")
    // What a soft or mixed reset leaves in the files is an edit by hand as any other.
    #expect(after.isSubset(of: ["A", "B", "C", "D", "E", "F"]))
    try await project.git("fsck", "--strict")
  }
}
