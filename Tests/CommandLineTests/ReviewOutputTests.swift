import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Differences that stay readable: huge values, many changes, comments of bounded length.
@Suite(.scratchDirectory) struct ReviewOutputTests {
  private func record(_ name: String, _ digit: Character, _ more: JSONObject = [:]) -> JSONValue {
    var record: JSONObject = [
      "contractName": .string(name), "chainId": 56, "networkName": "bscmainnet",
      "address": .string(address(digit)), "factoryByteCodeHash": "", "timestamp": 1,
    ]
    for (name, value) in more { record[name] = value }
    return .object(record)
  }

  private func put(_ records: [JSONValue], in project: FilePath) async throws {
    try writeFile(scratch.appending("records.json"), JSONValue.array(records).text(.compact))
    try await succeed("put", "--file", "../records.json", in: project)
  }

  @Test func aHugeValueIsShortenedForPeopleAlone() async throws {
    let project = try await newRepository()
    let half = String(repeating: "abcdefgh", count: 20_000)
    let (old, new) = (half + "OLD" + half, half + "NEW" + half)
    try await put([record("A", "1", ["source": .string(old)])], in: project)
    try await put([record("A", "1", ["source": .string(new)])], in: project)
    for format in ["text", "markdown", "html"] {
      let shown = try await succeed("diff", "HEAD~1", "--format", format, in: project)
      #expect(shown.utf8.count < 8000, "\(format): \(shown.utf8.count)")
      // What differs is in it, and how much there is.
      for part in ["OLD", "NEW", "kB in all"] { #expect(shown.contains(part), "\(format) \(part)") }
    }
    #expect(try await succeed("show", in: project).utf8.count < 8000)
    #expect(try await succeed("blame", "56-A", in: project).utf8.count < 8000)
    let fields = try await json("diff", "HEAD~1", in: project)["changes"]?[0]?["fields"]
    #expect(fields == [["path": "source", "old": .string(old), "new": .string(new)]])
    #expect(
      try await json("get", "56-A", in: project)["source"] == .string(new), "the value itself")
    // In a conflict, too.
    try await git("checkout", "-qb", "side", "HEAD~1", in: project)
    try await put([record("A", "1", ["source": .string(half + "THEIRS")])], in: project)
    let refused = try await gitstate("merge", "main", in: project)
    #expect(refused.status == 5 && refused.errors.utf8.count < 8000)
    #expect(refused.errors.contains("THEIRS") && refused.errors.contains("NEW"))
  }

  @Test func addressesInLongListsStayWhole() async throws {
    let project = try await newRepository()
    let arguments = (0..<40).map { _ in JSONValue.string(address("7")) }
    try await put([record("A", "1")], in: project)
    try await put([record("A", "1", ["deploymentArgs": .array(arguments)])], in: project)
    let shown = try await succeed("diff", "HEAD~1", in: project)
    #expect(shown.contains(JSONValue.array(arguments).text(.compact)))
  }

  @Test func manyChangesAreALineEach() async throws {
    let project = try await newRepository()
    try await put((0..<300).map { record("C\($0)", "1") }, in: project)
    try await put(
      (0..<300).map { record("D\($0)", "2") } + [record("C7", "9")], in: project)
    let text = try await succeed("diff", "HEAD~1", in: project).split(separator: "\n")
    #expect(text.count < 320)
    #expect(text[1] == "1 redeployed, 300 added")
    #expect(text[2] == "REDEPLOYED: bscmainnet/C7")
    #expect(
      text.contains { $0.contains("added") && $0.contains("D42") && $0.contains(address("2")) })
    let html = try await succeed("diff", "HEAD~1", "--format", "html", in: project)
    #expect(
      html.split(separator: "\n").count < 400 && html.contains("<code>\(address("2"))</code>"))
    #expect(text.contains { $0.contains("address") && $0.contains("\(address("1")) -> ") })
  }

  @Test func aCommentIsCutBetweenChanges() async throws {
    let project = try await newRepository()
    try await put((0..<400).map { record("C\($0)", "1") }, in: project)
    try await put((0..<400).map { record("C\($0)", "2") } + [record("D", "3")], in: project)
    let whole = try await succeed("diff", "HEAD~1", "--format", "markdown", in: project)
    #expect(whole.utf8.count > 20_000)
    let cut = try await succeed(
      "diff", "HEAD~1", "--format", "markdown", "--max-length", "20000", in: project)
    #expect(cut.utf8.count <= 20_000 && cut.utf8.count > 15_000)
    let lines = cut.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("<details>") } == lines.count { $0 == "</details>" })
    let rows = lines.count { $0.hasPrefix("| **REDEPLOYED**") || $0.hasPrefix("| added") }
    #expect(lines.contains { $0.hasPrefix("\(401 - rows) more changes are not shown") }, "\(rows)")
    #expect(lines.allSatisfy { !$0.hasPrefix("|") || $0.hasSuffix("|") })
    // Where all fits, nothing is said.
    #expect(
      try await succeed(
        "diff", "HEAD~1", "--format", "markdown", "--max-length", "1000000", in: project) == whole)
    #expect(
      try await refusal("diff", "HEAD~1", "--max-length", "2000", in: project).status == 64)
  }

  @Test func aRangeOfCommitsIsTakenBack() async throws {
    let project = try await sampleRepository()
    let start = try await git("rev-parse", "HEAD", in: project)
    try await CommandLineTests.put("Token", "7", in: project)
    try await commit(["code.txt": "code"], in: project)
    try await CommandLineTests.put("Token", "8", in: project)
    let last = try await CommandLineTests.put("New", "8", in: project)
    try await CommandLineTests.put("Later", "8", in: project)
    try await succeed("revert", "\(start)..\(last)", in: project)
    #expect(try await succeed("get", "56-Token", "--field", "address", in: project) == address("2"))
    #expect(try await gitstate("get", "56-New", in: project).status == 3)
    #expect(try await gitstate("get", "56-Later", in: project).status == 0)
    #expect(try await git("log", "-1", "--format=%s", in: project) == "Revert 3 commits")
    #expect(exists(project.appending("code.txt")))
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
    let empty = try await refusalLeavingAll(of: project, "revert", "\(last)..\(last)")
    #expect(empty.status == 64 && empty.message.contains("no commit"))
    #expect(try await refusalLeavingAll(of: project, "revert", "a...b").status == 64)
    #expect(try await refusalLeavingAll(of: project, "revert", "nothing..HEAD").status == 3)
    try await expectSound(project)
  }

  @Test func whatABranchDidIsToldWithoutWhatTheOtherDidMeanwhile() async throws {
    let project = try await sampleRepository()
    let start = try await git("rev-parse", "HEAD", in: project)
    try await git("checkout", "-qb", "side", in: project)
    try await CommandLineTests.put("Mine", "7", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await CommandLineTests.put("Theirs", "8", in: project)
    func keys(_ range: String...) async throws -> [String] {
      let result = try await gitstate(["diff"] + range + ["--json"], in: project)
      return try JSONValue(parsing: result.output)["changes"]?.array?
        .compactMap { $0["key"]?.string } ?? []
    }
    // Two ends are two states: to go from one to the other takes away what the first alone has.
    #expect(try await keys("main", "side") == ["56-Mine", "56-Theirs"])
    #expect(try await keys("main...side") == ["56-Mine"])
    #expect(try await keys("side...") == ["56-Theirs"])
    let branch = try await json("diff", "main...side", in: project)
    #expect(branch["from"] == .string(start))
    try await git("checkout", "-q", "--orphan", "other", in: project)
    try await git("commit", "-qm", "other", in: project)
    let refused = try await refusal("diff", "main...other", in: project)
    #expect(refused.status == 64 && refused.message.contains("no commit in common"))
    let shallow = scratch.appending("shallow")
    try await git(
      "clone", "-q", "--depth", "1", "--no-single-branch", "-b", "main",
      "file://\(project.string)", shallow.string, in: scratch)
    let cut = try await refusal("diff", "main...origin/side", in: shallow)
    #expect(cut.message.contains("git fetch --unshallow"))
  }
}
