import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// A real project's state, which is not part of this one.
private let lookcoin = FilePath(#filePath).removingLastComponent().removingLastComponent()
  .removingLastComponent().appending("../shared/data/lookcoin").lexicallyNormalized()

/// Review, undo and time travel on a real project's state, imported as a history.
@Suite(.scratchDirectory, .enabled(if: exists(lookcoin), "the real state is not there"))
struct RealHistoryTests {
  /// The project's files committed, and its LevelDB folder imported over them, a commit a record.
  private func project() async throws -> FilePath {
    let project = try await newRepository()
    try makeFolder(project.appending("deployments"))
    for name in try entries(of: lookcoin.appending("deployments")) {
      try writeFile(
        project.appending("deployments").appending(name),
        try readFile(lookcoin.appending("deployments").appending(name)))
    }
    try await git("add", ".", in: project)
    try await git("commit", "-qm", "start", in: project)
    let source = scratch.appending("leveldb")
    try makeFolder(source)
    for name in try entries(of: lookcoin.appending("leveldb")) {
      try writeFile(
        source.appending(name), try readFile(lookcoin.appending("leveldb").appending(name)))
    }
    try await succeed(
      "import", "leveldb", source.string, "--history", "--overwrite", in: project)
    return project
  }

  @Test func historyIsToldByContract() async throws {
    let project = try await project()
    let blame = try await json("blame", "56/LookCoin", in: project)
    #expect(blame.array?.count ?? 0 >= 8)
    #expect(blame.array?.allSatisfy { $0["commit"]?.string != nil } == true)
    let log = try await json("log", "97", in: project)
    let commits = try #require(log.array?.compactMap { $0["commit"]?.string })
    #expect(commits.count > 3)
    for entry in log.array ?? [] {
      #expect(entry["contracts"]?.array?.contains { $0.string?.hasPrefix("97-") ?? false } == true)
    }
    // The same commits as git finds that touch the chain's file.
    let touching = try await git(
      "log", "--format=%H", "--", "deployments/bsctestnet.json", in: project)
    #expect(Set(commits) == Set(touching.split(separator: "\n").map(String.init)))

    let first = try await git("rev-list", "--max-parents=0", "HEAD", in: project)
    let diff = try await json("diff", first, "HEAD", in: project)
    let expected = try await changedKeys(from: first, to: "HEAD", in: project)
    #expect(Set(diff["changes"]?.array?.compactMap { $0["key"]?.string } ?? []) == expected)
    #expect(!expected.isEmpty)

    let comparison = try await json("compare", "bsctestnet", "bscmainnet", in: project)
    let only = try #require(comparison["onlyLeft"]?.array)
    #expect(only.contains { $0.string?.hasSuffix("HyperlaneModule") ?? false })
    #expect(comparison["left"]?["chainId"] == 97 && comparison["right"]?["chainId"] == 56)
    let markdown = try await succeed(
      "compare", "97", "56", "--format", "markdown", in: project)
    #expect(markdown.contains("HyperlaneModule") && markdown.contains("**missing**"))
    // Two contracts of a local test chain have addresses that are none.
    let verified = try await gitstate("verify", "--history", "--json", in: project)
    #expect(verified.status == 4)
    let report = try JSONValue(parsing: verified.output)
    #expect(report["commitCount"] == 24)
    let errors = report["errors"]?.array?.compactMap(\.string) ?? []
    #expect(errors.count == 2 && errors.allSatisfy { $0.contains("31337-") }, "\(errors)")
  }

  /// What differs by the records that `list` prints.
  private func changedKeys(from: String, to: String, in project: FilePath) async throws
    -> Set<String>
  {
    func records(_ revision: String) async throws -> [String: JSONValue] {
      let list = try await json("list", "--at", revision, in: project)
      return Dictionary(
        uniqueKeysWithValues: (list.array ?? []).map {
          ("\($0["chainId"]?.number?.text ?? "")-\($0["contractName"]?.string ?? "")", $0)
        })
    }
    let (before, after) = (try await records(from), try await records(to))
    return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
  }

  @Test func revertingTheTenthCommitLeavesTheOthers() async throws {
    let project = try await project()
    let commits = try await git("rev-list", "--reverse", "HEAD", in: project)
      .split(separator: "\n").map(String.init)
    let tenth = commits[9]
    let own = Set(
      try await json("show", tenth, in: project)["changes"]?.array?
        .compactMap { $0["key"]?.string } ?? [])
    #expect(own.count == 1)
    let before = try await git("rev-parse", "HEAD", in: project)
    let answer = try await json("revert", tenth, "--resolve", "theirs", in: project)
    #expect(Set(answer["changes"]?.array?.compactMap { $0["key"]?.string } ?? []) == own)
    #expect(try await changedKeys(from: before, to: "HEAD", in: project) == own)
    try await succeed("revert", "HEAD", in: project)
    #expect(try await changedKeys(from: before, to: "HEAD", in: project) == [])
    try await put("After", "1", in: project, network: nil)
    try await expectSound(project)
  }

  @Test func bothSidesAddAContractToOneFile() async throws {
    let project = try await project()
    let before = try await json("list", in: project).array?.count ?? 0
    try await git("checkout", "-qb", "side", in: project)
    try await put("NewBridge", "1", in: project, network: nil)
    try await git("checkout", "-q", "main", in: project)
    try await put("NewBridge2", "2", in: project, network: nil)
    try await succeed("merge", "side", in: project)
    #expect(try await json("list", in: project).array?.count == before + 2)
    try await expectSound(project)
  }
}
