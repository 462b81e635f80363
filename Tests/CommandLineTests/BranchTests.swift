import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// State on a branch of its own that is not here.
@Suite(.scratchDirectory) struct BranchTests {
  @Test func aBranchThatOnlyTheRemoteHasIsNoEmptyState() async throws {
    let origin = try await newRepository("origin")
    try await put("Token", "1", in: origin, more: ["--branch", "state"])
    try await commit(["README": "code"], in: origin)
    try await git("clone", "--quiet", origin.string, "clone", in: scratch)
    let clone = scratch.appending("clone")
    for arguments in [["get", "56-Token"], ["list"], ["put", "56-X", "--address", address("2")]] {
      let before = try TreeRecord(clone)
      let result = try await gitstate(arguments + ["--branch", "state"], in: clone)
      #expect(result.status == 1, "\(arguments)")
      #expect(result.errors.contains("git branch state origin/state"), "\(result.errors)")
      #expect(before.differences(to: try TreeRecord(clone)) == [])
    }
    try await git("branch", "--quiet", "state", "origin/state", in: clone)
    try await succeed("get", "56-Token", "--branch", "state", in: clone)
  }

  @Test func aCommitOfTheCodeIsNoStateWithoutContracts() async throws {
    let project = try await newRepository()
    try await commit(["README": "code"], in: project)
    try await git("config", "gitstate.branch", "state", in: project)
    try await put("Token", "1", in: project)
    try await commit(["README": "more code"], in: project)
    for arguments in [
      ["revert", "HEAD"], ["rollback", "HEAD"], ["get", "56-Token", "--at", "HEAD"],
      ["list", "--at", "HEAD"], ["query", "--at", "HEAD~1"], ["export", "--at", "HEAD"],
      ["diff", "HEAD"],
    ] {
      let before = try TreeRecord(project)
      let result = try await gitstate(arguments, in: project)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.errors.contains("gitstate log"), "\(result.errors)")
      #expect(before.differences(to: try TreeRecord(project)) == [])
    }
    try await succeed("get", "56-Token", "--at", "state", in: project)
    try await succeed("revert", "state", in: project)
    #expect(try await json("list", "--at", "state~1", in: project).array?.count == 1)
    #expect(try await json("list", "--at", "state", in: project).array?.count == 0)
  }

  @Test func aBranchWithoutACommitIsNoted() async throws {
    let project = try await sampleRepository()
    try await git("tag", "v1", in: project)
    for branch in ["stat", "v1"] {
      let result = try await gitstate("get", "56-Token", "--branch", branch, in: project)
      #expect(result.status == 3)
      #expect(
        result.errors.contains("the branch \(branch), named for the state, has no commit yet"))
    }
    try await put("Token", "1", in: project, more: ["--branch", "state"])
    let found = try await gitstate("get", "56-Token", "--branch", "state", in: project)
    #expect(found.status == 0)
    #expect(found.errors == "")
  }
}
