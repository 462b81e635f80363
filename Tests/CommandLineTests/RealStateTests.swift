import Foundation
import LevelDB
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// A real project's state, which is not part of this one.
private let lookcoin = FilePath(#filePath).removingLastComponent().removingLastComponent()
  .removingLastComponent().appending("../shared/data/lookcoin").lexicallyNormalized()

/// The import of a real project's state, as a new user does it.
@Suite(.scratchDirectory, .enabled(if: exists(lookcoin), "the real state is not there"))
struct RealStateTests {
  private let source = lookcoin.appending("deployments")

  /// A repository with the files committed and the LevelDB folder beside them, ignored.
  private func project() async throws -> FilePath {
    let project = try await newRepository()
    for folder in ["deployments", "leveldb"] {
      try makeFolder(project.appending(folder))
      for name in try entries(of: lookcoin.appending(folder)) {
        try writeFile(
          project.appending(folder).appending(name),
          try readFile(lookcoin.appending(folder).appending(name)))
      }
    }
    try writeFile(project.appending(".gitignore"), "leveldb/\nout/\n")
    try await git("add", ".", in: project)
    try await git("commit", "-qm", "start", in: project)
    return project
  }

  private func counts(_ report: JSONValue) -> [Int?] {
    ["read", "added", "updated", "unchanged", "kept", "odd", "invalid"].map { report[$0]?.int }
  }

  @Test func importKeepsWhatIsThere() async throws {
    let project = try await project()
    let before = try TreeRecord(project.appending("leveldb"), withTimes: true)
    let report = try await json("import", "leveldb", "leveldb", in: project)
    #expect(counts(report) == [28, 15, 0, 5, 8, 2, 0])
    #expect(
      report["oddRecords"]?.array?.compactMap { $0["key"]?.string }
        == ["31337-LookCoin", "31337-SupplyOracle"])
    let differences = try #require(report["differences"]?.array)
    #expect(differences.count == 8)
    #expect(
      differences.allSatisfy {
        $0["fields"]?.array?.isEmpty == false
      })
    #expect(report["changes"]?.array?.count == 15)
    #expect(try await commitCount(in: project) == 2)
    #expect(
      try await git("diff", "--name-status", "--diff-filter=A", "HEAD~1", in: project)
        == "A\tdeployments/test.json")
    // Files of others stay, and of ours only lines of contracts and separators change.
    for name in try entries(of: source) where name.hasPrefix("config-") {
      #expect(
        try readFile(project.appending("deployments").appending(name))
          == readFile(source.appending(name)))
    }
    let removed = try await git("diff", "--unified=0", "HEAD~1", "--", "deployments", in: project)
      .split(separator: "\n").filter { $0.hasPrefix("-") && !$0.hasPrefix("---") }
    #expect(removed.allSatisfy { !$0.hasSuffix(",") }, "only lines that got a comma: \(removed)")
    #expect(
      before.differences(to: try TreeRecord(project.appending("leveldb"), withTimes: true)) == [])
    try await expectSound(project)

    let again = try await json("import", "leveldb", "leveldb", in: project)
    #expect(counts(again) == [28, 0, 0, 20, 8, 2, 0])
    #expect(again["to"] == .null)
    #expect(try await commitCount(in: project) == 2)
  }

  @Test func importOverwritesAndGoesBackByteForByte() async throws {
    let project = try await project()
    let report = try await json("import", "leveldb", "leveldb", "--overwrite", in: project)
    #expect(counts(report) == [28, 15, 8, 5, 0, 2, 0])
    #expect(try await commitCount(in: project) == 2)
    // Its records say sapphiremainnet; the chain stays in the file that has it.
    #expect(
      try text(project.appending("deployments/sapphiretestnet.json")).contains("sapphiremainnet"))
    #expect(!exists(project.appending("deployments/sapphiremainnet.json")))

    try await succeed("export", "--format", "leveldb", "--to", "out", in: project)
    #expect(try pairs(project.appending("out")) == pairs(project.appending("leveldb")))

    let infrastructure = try await json("query", "--infrastructure", in: project)
    #expect(infrastructure.array?.count == 15)
    #expect(
      infrastructure.array?.contains {
        $0["chainId"] == 97 && $0["contractName"] == "HyperlaneModule"
      } == false)
    #expect(try await json("query", "--no-infrastructure", in: project).array?.count == 13)

    let verified = try await gitstate("verify", "--json", in: project)
    #expect(verified.status == 4)
    let verification = try JSONValue(parsing: verified.output)
    #expect(verification["contractCount"] == 28)
    #expect(verification["isValid"] == false)
    let errors = verification["errors"]?.array?.compactMap(\.string) ?? []
    #expect(errors.count == 2)
    #expect(errors.contains { $0.contains("31337-LookCoin") })
    #expect(errors.contains { $0.contains("31337-SupplyOracle") })
    try await expectSound(project)
  }

  @Test func historyTellsWhenEachContractWasDeployed() async throws {
    let project = try await project()
    let report = try await json(
      "import", "leveldb", "leveldb", "--overwrite", "--history", in: project)
    #expect(counts(report) == [28, 15, 8, 5, 0, 2, 0])
    #expect(try await commitCount(in: project) == 24)
    let dates = try await git("log", "--reverse", "--format=%at", "HEAD", in: project)
      .split(separator: "\n").dropFirst().compactMap { Int($0) }
    #expect(dates.count == 23)
    #expect(dates == dates.sorted())
    #expect(dates.first == 1_753_357_321)
    #expect(
      try await git("log", "--reverse", "--format=%s", in: project).split(separator: "\n")[1]
        == "Import: bsctestnet: add LayerZeroModule")
    try await expectSound(project)
  }

  @Test func revertingOneCommitLeavesTheOthers() async throws {
    let project = try await project()
    try await json("import", "leveldb", "leveldb", "--overwrite", "--history", in: project)
    let commit = try await git("rev-list", "--reverse", "HEAD", in: project)
      .split(separator: "\n").map(String.init)[10]
    let shown = try await json("show", commit, in: project)
    let key = try #require(shown["changes"]?[0]?["key"]?.string)
    let all = try await json("list", in: project)
    try await succeed("revert", commit, in: project)
    let rest = try await json("list", in: project)
    #expect(rest.array?.count == 27)
    let left = all.array?.filter { record in
      "\(record["chainId"]?.number?.text ?? "")-\(record["contractName"]?.string ?? "")" != key
    }
    #expect(rest.array == left)
    try await expectSound(project)
  }

  @Test func aMigrationBeginsWithTheseFigures() async throws {
    let project = try await project()
    try await succeed("migrate", "start", "--from", "leveldb:leveldb", in: project)
    let verified = try await gitstate("migrate", "verify", "--json", in: project)
    #expect(verified.status == 4)
    let report = try JSONValue(parsing: verified.output)
    #expect(report["sourceCount"] == 28)
    #expect(report["gitCount"] == 13)
    #expect(report["onlyInSource"]?.array?.count == 15)
    #expect(report["onlyInSourceOnRealNetworks"]?.array?.count == 13)
    #expect(report["different"]?.array?.count == 8)
    #expect(
      report["different"]?.array?.allSatisfy { $0["fields"]?.array?.isEmpty == false } == true)
    #expect(report["oddRecords"]?.array?.count == 2)
    #expect(report["soundness"]?.number?.double == 92.9)
    let markdown = try await gitstate("migrate", "verify", "--format", "markdown", in: project)
    #expect(markdown.status == 4)
    #expect(markdown.text.contains("| sound in LevelDB | 92.9 % |"))
    let synced = try await json("migrate", "sync", in: project)
    #expect(synced["copied"]?.array?.count == 23)
    #expect(try await json("migrate", "verify", in: project)["agreement"]?.number?.double == 100)
    // The odd records do not stop it.
    try await succeed("migrate", "cutover", in: project)
    try await succeed("migrate", "complete", in: project)
    try await expectSound(project)
  }

  private func pairs(_ folder: FilePath) throws -> [String: String] {
    let copy = try DatabaseCopy(of: folder.string)
    var pairs: [String: String] = [:]
    try copy.database.forEach { key, value in
      pairs[String(decoding: key, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
      return .next
    }
    return pairs
  }
}
