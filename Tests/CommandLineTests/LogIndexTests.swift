import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// `log KEY` and `blame KEY`, and the index that answers them.
@Suite(.scratchDirectory) struct LogIndexTests {
  private func index(of project: FilePath) -> FilePath {
    project.appending(".git/gitstate/log-index.sqlite")
  }

  private func commits(_ key: String, in project: FilePath) async throws -> [String] {
    try await json("log", key, in: project).array?.compactMap { $0["commit"]?.string } ?? []
  }

  @Test func theIndexFollowsWritesRebasesResetsAndOtherTools() async throws {
    let project = try await newRepository()
    let first = try await put("A", "1", in: project)
    #expect(!exists(index(of: project)), "a write alone makes none")
    #expect(try await commits("56-A", in: project) == [first])
    #expect(exists(index(of: project)))
    try await put("B", "1", in: project)
    let second = try await put("A", "2", in: project)
    #expect(try await commits("56-A", in: project) == [second, first])
    // Another tool's commit.
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(file, try text(file).replacing(address("2"), with: address("3")))
    try await git("commit", "-qam", "by hand", in: project)
    let third = try await git("rev-parse", "HEAD", in: project)
    #expect(try await commits("56-A", in: project) == [third, second, first])
    // A history that was rewritten.
    try await git("reset", "-q", "--hard", "HEAD~2", in: project)
    let other = try await put("A", "9", in: project)
    #expect(try await commits("56-A", in: project) == [other, first])
    try await git("reset", "-q", "--hard", third, in: project)
    #expect(try await commits("56-A", in: project) == [third, second, first])
  }

  @Test func aDamagedOrForeignIndexIsMadeAnew() async throws {
    let project = try await newRepository()
    var expected: [String] = []
    for digit in "123456" { expected.insert(try await put("A", digit, in: project), at: 0) }
    #expect(try await commits("56-A", in: project) == expected)
    let sound = try readFile(index(of: project))
    var torn = sound
    for position in stride(from: 0, to: torn.count, by: 3) where position > 200 {
      torn[position] ^= 0x5A
    }
    let contents = [Array("not a database".utf8), torn, Array(sound.prefix(5000)), []]
    for (content, digit) in zip(contents, "1234") {
      for name in ["", "-wal", "-shm"] {
        let file = FilePath(index(of: project).string + name)
        if exists(file) { try removeFile(file) }
      }
      try writeFile(index(of: project), content)
      #expect(try await commits("56-A", in: project) == expected)
      try await put("B", digit, in: project)
    }
  }

  @Test func whereNoIndexCanBeKeptOneIsMadeInMemory() async throws {
    let project = try await newRepository()
    let first = try await put("A", "1", in: project)
    let second = try await put("A", "2", in: project)
    let folder = project.appending(".git/gitstate")
    _ = try await runProgram("rm", ["-rf", folder.string], in: scratch)
    try writeFile(folder, "no folder")
    #expect(try await commits("56-A", in: project) == [second, first])
    let blame = try await json("blame", "56-A", in: project)
    #expect(blame.array?.first { $0["field"] == "address" }?["commit"] == .string(second))
  }

  @Test func renamesAreFollowed() async throws {
    let project = try await newRepository()
    let added = try await put("Old", "1", in: project, more: ["-m", "the first one"])
    try await put("Other", "1", in: project)
    let upgraded = try await put(
      "Old", "1", in: project, more: ["--proxy", address("5"), "-m", "behind a proxy"])
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(file, try text(file).replacing("\"Old\"", with: "\"New\""))
    try await git("commit", "-qam", "Rename it", in: project)
    let renamed = try await git("rev-parse", "HEAD", in: project)
    let last = try await put("New", "2", in: project, more: ["--proxy", address("5")])
    #expect(try await commits("56-New", in: project) == [last, renamed, upgraded, added])
    #expect(try await commits("56-Old", in: project) == [renamed, upgraded, added])
    let reasons = try await json("log", "56-Old", in: project).array?.map { $0["reason"] }
    #expect(reasons == [nil, "behind a proxy", "the first one"])
    let blame = try await json("blame", "56-New", in: project)
    func commit(_ field: String) -> JSONValue? {
      blame.array?.first { $0["field"]?.string == field }?["commit"]
    }
    #expect(commit("address") == .string(last))
    #expect(commit("proxyAddress") == .string(upgraded))
    #expect(commit("contractName") == .string(renamed))
    #expect(commit("networkName") == .string(added))
    let line = try #require(blame.array?.first { $0["field"] == "proxyAddress" })
    #expect(line["reason"] == "behind a proxy")
    #expect(line["author"]?["name"] == "Ada Deployer")
    let shown = try await succeed("blame", "bscmainnet/New", in: project)
    #expect(shown.contains("\(upgraded.prefix(7))  2025-07-25 11:11  Ada Deployer  behind a proxy"))
    #expect(try await refusal("blame", "56-Nothing", in: project).status == 3)
  }

  @Test func aMergeThatTookOneSideDidNothingItself() async throws {
    let project = try await newRepository()
    let base = try await put("A", "1", in: project)
    try await git("checkout", "-qb", "side", in: project)
    let theirs = try await put("A", "2", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("B", "1", in: project)
    try await succeed("merge", "side", in: project)
    let merge = try await git("rev-parse", "HEAD", in: project)
    #expect(try await commits("56-A", in: project) == [theirs, base])
    let blame = try await json("blame", "56-A", in: project)
    #expect(
      blame.array?.first { $0["field"] == "address" }?["commit"] == .string(theirs))
    // Both sides changed it, and one prevailed: that is what the merge did.
    let mine = try await put("A", "3", in: project)
    try await git("checkout", "-q", "side", in: project)
    try await put("A", "4", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await succeed("merge", "side", "--resolve", "ours", in: project)
    let later = try await json("blame", "56-A", in: project)
    #expect(later.array?.first { $0["field"] == "address" }?["commit"] == .string(mine))
    #expect(!(try await commits("56-A", in: project)).contains(merge))
  }

  @Test func aCommitThatCannotBeReadIsSkippedWithANote() async throws {
    let project = try await newRepository()
    let first = try await put("A", "1", in: project)
    let file = project.appending("deployments/bscmainnet.json")
    let sound = try text(file)
    try await commit(["deployments/bscmainnet.json": "{"], in: project, message: "broken")
    let broken = try await git("rev-parse", "--short=7", "HEAD", in: project)
    try await commit(["deployments/bscmainnet.json": sound], in: project, message: "mended")
    let last = try await put("A", "2", in: project)
    let result = try await gitstate("log", "56-A", "--json", in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains("in commit \(broken)"))
    let found = try JSONValue(parsing: result.output).array?.compactMap { $0["commit"]?.string }
    #expect(found == [last, first])
  }

  @Test func oddNamesAndChainsKeepTheirHistories() async throws {
    let project = try await newRepository()
    let names = ["caf\u{e9}", "cafe\u{301}", "a%41", "aA", "a\u{0}b"]
    let contracts = names.map { "\(JSONValue.string($0).text()): \"\(address("1"))\"" }
    try await commit(
      [
        "deployments/n.json":
          "{\"chainId\": 18446744073709551615, \"contracts\": {\(contracts.joined(separator: ","))}}"
      ], in: project)
    for name in names.dropLast() {
      let commit = try await put(
        name, "2", in: project, chain: "18446744073709551615", network: nil)
      #expect(
        try await json("log", "18446744073709551615-\(name)", in: project).array?.first?["commit"]
          == .string(commit))
    }
    #expect(try await json("log", "18446744073709551615", in: project).array?.count == names.count)
  }
}
