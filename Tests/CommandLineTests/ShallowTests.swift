import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Clones whose history was cut off: what is not there is said, and nobody is credited with it.
@Suite(.scratchDirectory) struct ShallowTests {
  /// Three puts, the first two of which a clone of depth 2 knows only by the second's state.
  private func clone() async throws -> (clone: FilePath, commits: [String]) {
    let project = try await newRepository()
    let commits = [
      try await put("A", "1", in: project), try await put("B", "1", in: project),
      try await put("A", "2", in: project),
    ]
    let clone = scratch.appending("clone")
    try await git(
      "clone", "-q", "--depth", "2", "file://\(project.string)", clone.string, in: scratch)
    return (clone, commits)
  }

  private func expectNote(
    _ result: ProgramResult, _ cut: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(result.errors.contains("shallow clone"), sourceLocation: sourceLocation)
    #expect(result.errors.contains("git fetch --unshallow"), sourceLocation: sourceLocation)
    #expect(result.errors.contains(cut.prefix(7)), sourceLocation: sourceLocation)
  }

  @Test func blameCreditsNobodyBeyondTheCut() async throws {
    let (clone, commits) = try await clone()
    let result = try await gitstate("blame", "56-A", "--json", in: clone)
    #expect(result.status == 0)
    expectNote(result, commits[1])
    let lines = try JSONValue(parsing: result.output).array ?? []
    #expect(lines.first { $0["field"] == "address" }?["commit"] == .string(commits[2]))
    #expect(lines.filter { $0["field"] != "address" }.allSatisfy { $0["commit"] == .null })
    let text = try await gitstate("blame", "56-B", in: clone)
    #expect(!text.text.contains(commits[1].prefix(7)))
  }

  @Test func theLogSaysWhereItEnds() async throws {
    let (clone, commits) = try await clone()
    for (key, expected) in [("56-A", [commits[2]]), ("56-B", []), ("56-Nothing", [])] {
      let result = try await gitstate("log", key, "--json", in: clone)
      #expect(result.status == 0, "\(key)")
      expectNote(result, commits[1])
      let found = try JSONValue(parsing: result.output).array?.compactMap { $0["commit"]?.string }
      #expect(found == expected, "\(key)")
    }
    let all = try await gitstate("log", "--json", in: clone)
    expectNote(all, commits[1])
    let entries = try JSONValue(parsing: all.output)
    #expect(entries.array?.compactMap { $0["commit"]?.string } == [commits[2], commits[1]])
    // What the commit at the cut changed is not known.
    #expect(entries[1]?["contracts"] == [])
    #expect(entries[1]?["isCut"] == true && entries[0]?["isCut"] == nil)
    // Once the rest is there, so is the whole history, also in an index made before.
    try await git("fetch", "-q", "--unshallow", in: clone)
    let log = try await json("log", "56-A", in: clone)
    #expect(log.array?.compactMap { $0["commit"]?.string } == [commits[2], commits[0]])
    #expect(try await refusal("log", "56-Nothing", in: clone).status == 3)
  }

  @Test func whatTheCommitAtTheCutChangedIsNotTold() async throws {
    let (clone, commits) = try await clone()
    let refused = try await refusal("show", commits[1], in: clone)
    #expect(refused.status == 1 && refused.message.contains("git fetch --unshallow"))
    #expect(refused.message.contains(commits[0].prefix(7)))
    #expect(try await json("show", in: clone)["changes"]?.array?.count == 1)
    for command in [["list", "--at", "2020-01-01"], ["get", "56-A", "--at", "2020-01-01"]] {
      let result = try await gitstate(command, in: clone)
      // Not 3, which would be "there is no such contract".
      #expect(result.status == 1, "\(command)")
      expectNote(result, commits[1])
    }
    let verified = try await json("verify", "--history", in: clone)
    #expect(
      verified["warnings"]?.array?.contains {
        $0.string?.contains(commits[1].prefix(7)) == true
          && $0.string?.contains("git fetch --unshallow") == true
      } == true, "\(verified)")
  }
}
