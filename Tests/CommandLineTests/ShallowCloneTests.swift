import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Clones with a cut history, as CI jobs make them.
@Suite(.scratchDirectory) struct ShallowCloneTests {
  func team() async throws -> (store: FilePath, other: FilePath, shallow: FilePath) {
    let first = try await sampleRepository("first")
    for number in 0..<3 { try await put("Old\(number)", "6", in: first) }
    try await git("clone", "--quiet", "--bare", first.string, "store.git", in: scratch)
    try await git("clone", "--quiet", "store.git", "other", in: scratch)
    let store = scratch.appending("store.git")
    try await git(
      "clone", "--quiet", "--depth", "1", "file://\(store)", "shallow", in: scratch)
    return (store, scratch.appending("other"), scratch.appending("shallow"))
  }

  @Test func aJobRecordsAndSharesFromAShallowClone() async throws {
    let (store, other, shallow) = try await team()
    #expect(try await commitCount(in: shallow) == 1)
    let answer = try await json(
      "put", "56-Fresh", "--address", address("9"), "--timestamp", time, "--push", in: shallow)
    #expect(answer["shared"]?["commit"]?.string != nil)
    #expect(
      try await git("rev-parse", "main", in: store) == git("rev-parse", "HEAD", in: shallow))
    try await git("fsck", "--strict", "--no-dangling", in: store)
    try await expectSound(shallow)
    try await git("pull", "--quiet", "--ff-only", in: other)
    #expect(try await commitCount(in: other) == 5)
  }

  @Test func whatComesIntoAShallowCloneIsMergedAndLookedAt() async throws {
    let (store, other, shallow) = try await team()
    try await put("Theirs", "8", in: other)
    try await git("push", "--quiet", in: other)
    try await put("Ours", "9", in: shallow)
    try await succeed("sync", in: shallow)
    try await expectSound(shallow)
    for name in ["Theirs", "Ours", "Old0"] { try await succeed("get", "56-\(name)", in: shallow) }
    #expect(
      try await git("rev-parse", "main", in: store) == git("rev-parse", "HEAD", in: shallow))

    // A name that leads elsewhere is refused here as well.
    try await git("pull", "--quiet", "--ff-only", in: other)
    let blob = try await git("rev-parse", "HEAD:deployments/bscmainnet.json", in: other)
    let id = stride(from: 0, to: 40, by: 2).compactMap { index in
      UInt8(String(Array(blob)[index...(index + 1)]), radix: 16)
    }
    try writeFile(scratch.appending("tree"), Array("100644 .git\0".utf8) + id)
    let tree = try await git(
      "hash-object", "-t", "tree", "-w", "--literally", "../tree", in: store)
    let commit = try await git("commit-tree", tree, "-p", "main", "-m", "x", in: store)
    try await git("update-ref", "refs/heads/main", commit, in: store)
    let refused = try await refusal("pull", in: shallow)
    #expect(refused.code == "REMOTE_INVALID", "\(refused.message)")
    #expect(try await runProgram("git", ["cat-file", "-e", commit], in: shallow).status != 0)
    try await expectSound(shallow)
  }
}
