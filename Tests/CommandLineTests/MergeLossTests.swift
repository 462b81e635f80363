import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Merges by git that leave out what one side recorded, and nobody took back.
@Suite(.scratchDirectory) struct MergeLossTests {
  /// `main` has a new contract; `side` has another one, and a new implementation of the oracle.
  private func parted() async throws -> (project: FilePath, added: String, upgraded: String) {
    let project = try await sampleRepository()
    try await git("checkout", "-qb", "side", in: project)
    let added = try await put("Peer2", "8", in: project)
    let upgraded = try await put("Oracle", "9", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await put("Peer1", "7", in: project)
    return (project, added, upgraded)
  }

  private func commits(_ key: String?, in project: FilePath) async throws -> [String] {
    let log = try await gitstate(["log"] + (key.map { [$0] } ?? []) + ["--json"], in: project)
    return try JSONValue(parsing: log.output).array?.compactMap { $0["commit"]?.string } ?? []
  }

  @Test(arguments: ["-s ours", "checkout"]) func whatAMergeLeftOutIsReported(how: String)
    async throws
  {
    let (project, added, upgraded) = try await parted()
    if how == "checkout" {
      _ = try await runProgram("git", ["merge", "--no-commit", "--no-ff", "side"], in: project)
      try await git("checkout", "HEAD", "--", "deployments/bscmainnet.json", in: project)
      try await git("commit", "-q", "--no-edit", in: project)
    } else {
      try await git("merge", "-q", "-s", "ours", "--no-edit", "side", in: project)
    }
    let merge = try await git("rev-parse", "HEAD", in: project)
    let verified = try await gitstate("verify", "--history", "--json", in: project)
    #expect(verified.status == 4)
    let report = try JSONValue(parsing: verified.output)
    #expect(
      report["errors"] == [
        .string(
          "commit \(merge.prefix(7)) (Ada Deployer): 56-Peer2 is lost: its parent "
            + "\(upgraded.prefix(7)) has it, and neither side removed it")
      ])
    #expect(
      report["warnings"]?.array?.contains {
        $0.string?.hasPrefix(
          "commit \(merge.prefix(7)) (Ada Deployer): what its parent \(upgraded.prefix(7)) has of "
            + "56-Oracle was dropped: address \(address("9")) -> \(address("4"))") ?? false
      } == true, "\(report)")
    // Each contract's history has the merge, and so has the whole one.
    #expect(try await commits("56-Peer2", in: project) == [merge, added])
    #expect(try await commits("56-Oracle", in: project).prefix(2) == [merge, upgraded])
    #expect(try await commits(nil, in: project).first == merge)
    let log = try await succeed("log", "56-Peer2", in: project)
    #expect(log.contains("(drops 56-Oracle, 56-Peer2)"))
    #expect(!(try await commits("56-Token", in: project)).contains(merge))
    let shown = try await json("show", "HEAD", in: project)
    #expect(shown["changes"] == [])
    #expect(shown["dropped"]?.array?.map { $0["key"] } == ["56-Oracle", "56-Peer2"])
    #expect(shown["dropped"]?.array?.map { $0["kind"] } == ["upgraded", "removed"])
    #expect(shown["dropped"]?[1]?["parent"] == .string(upgraded))
    let text = try await succeed("show", in: project)
    #expect(text.contains("Dropped") && text.contains("Peer2") && text.contains(address("8")))
    // The merge did not set the value that stayed.
    let blame = try await json("blame", "56-Oracle", in: project)
    #expect(blame.array?.first { $0["field"] == "address" }?["commit"] != .string(merge))
  }

  @Test func whatBothSidesHadAndTheMergeLostIsReported() async throws {
    let (project, _, _) = try await parted()
    _ = try await runProgram("git", ["merge", "--no-commit", "--no-ff", "side"], in: project)
    let file = try await git("show", "side:deployments/bscmainnet.json", in: project)
    let contracts = try #require(try JSONValue(parsing: Array(file.utf8)).object)
    var root = contracts
    var entries = contracts["contracts"]?.object ?? JSONObject()
    entries["Token"] = nil
    root["contracts"] = .object(entries)
    try writeFile(
      project.appending("deployments/bscmainnet.json"), JSONValue.object(root).text(.pretty))
    try await git("commit", "-qam", "merge by hand", in: project)
    let verified = try await gitstate("verify", "--history", in: project)
    #expect(verified.status == 4)
    for name in ["Token", "Peer1"] {
      #expect(verified.text.contains("56-\(name) is lost"), "\(name) in \(verified.text)")
    }
    #expect(!verified.text.contains("Peer2 is lost"))
  }

  @Test func whatOneSideRemovedIsNoLoss() async throws {
    let (project, _, _) = try await parted()
    try await git("checkout", "-q", "side", in: project)
    try await succeed("delete", "56-Token", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await succeed("delete", "84532-Token", in: project)
    try await succeed("merge", "side", in: project)
    let report = try await json("verify", "--history", in: project)
    #expect(report["errors"] == [] && report["isValid"] == true, "\(report)")
    #expect(try await json("show", in: project)["dropped"] == nil)
    // Nor is it one where the lines crossed: each was merged into the other.
    try await put("After", "1", in: project)
    try await git("checkout", "-q", "side", in: project)
    try await put("Beside", "1", in: project)
    try await succeed("merge", "main", in: project)
    try await git("checkout", "-q", "main", in: project)
    try await succeed("merge", "side", in: project)
    #expect(try await json("verify", "--history", in: project)["errors"] == [])
  }

  @Test func aRuleAgainstRemovalsHoldsForWhatAMergeLeftOut() async throws {
    let (project, _, _) = try await parted()
    try await commit(
      ["deployments/.gitstate.json": #"{"rules": {"noRemoval": true}}"#], in: project)
    try await git("merge", "-q", "-s", "ours", "--no-edit", "side", in: project)
    let verified = try await gitstate("verify", "--history", "main~1..", in: project)
    #expect(verified.text.contains("56-Peer2 is removed, which the rule noRemoval forbids"))
  }
}
