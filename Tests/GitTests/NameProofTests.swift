import CGit2
import SystemPackage
import TestSupport
import Testing

@testable import Git

/// Names of new objects, which one hash gives and another proves.
@Suite(.scratchDirectory) struct NameProofTests {
  private static let wrong = ObjectID(hex: String(repeating: "5a", count: 20))

  @Test func namesAreGits() async throws {
    var generator = RandomBytes(seed: 3)
    let file = ScratchDirectory.current.path.appending("content")
    let proof = NameProof(on: WorkThread(), smallest: 0)
    // Around a block of the hash, and around what is proven at once.
    for size in [0, 1, 43, 44, 52, 55, 56, 63, 64, 65, 119, 16_383, 16_384, 300_000] {
      let content = generator.bytes(size)
      try writeFile(file, content)
      let name = try await git("hash-object", "content", in: ScratchDirectory.current.path)
      #expect(try proof.name(GIT_OBJECT_BLOB, content).hex == name, "\(size) bytes")
      #expect(
        try NameProof(on: WorkThread()).name(GIT_OBJECT_BLOB, content).hex == name, "\(size) bytes")
    }
    try proof.finish()
  }

  @Test(arguments: [false, true]) func aNameThatTheOtherHashDoesNotGiveIsRefused(isLate: Bool)
    throws
  {
    let wrong = try #require(Self.wrong)
    let proof = NameProof(on: WorkThread(), smallest: 0, isLate: isLate)
    for number in 0..<20 { _ = try proof.name(GIT_OBJECT_BLOB, Array("\(number)".utf8)) }
    try proof.finish()
    proof.prove(wrong, GIT_OBJECT_BLOB, Array("content".utf8))
    let error = #expect(throws: GitError.self) { try proof.finish() }
    #expect(error?.code == .mismatch)
    #expect(error?.message.contains("5a5a5a5 looks like an attack on SHA-1") == true)
  }

  @Test func whatWasExpectedIsProvenOnceItHasAName() throws {
    let wrong = try #require(Self.wrong)
    let content = Array(repeating: UInt8(ascii: "x"), count: 100_000)
    let unused = Array(repeating: UInt8(ascii: "y"), count: 100_000)
    let proof = NameProof(on: WorkThread())
    proof.expect(GIT_OBJECT_BLOB, content)
    proof.expect(GIT_OBJECT_BLOB, unused)
    #expect(try proof.name(GIT_OBJECT_BLOB, content) == .blob(content))
    try proof.finish()
    proof.prove(wrong, GIT_OBJECT_BLOB, content)
    #expect(throws: GitError.self) { try proof.finish() }
  }

  @Test func nothingGetsANameThatIsNotProven() async throws {
    let path = try await newRepository()
    let repository = try Repository(opening: path.string, environment: [:], holdsObjects: true)
    let content = Array("not to be seen\n".utf8)
    let id = try repository.writeBlob(content)
    let proof = NameProof(on: WorkThread(), smallest: 0)
    proof.prove(try #require(Self.wrong), GIT_OBJECT_BLOB, content)
    try repository.held?.add([], showing: [], proof)
    let area = try StagingArea(path.appending(".git/staged").string, method: .none)
    let staged = try repository.stageObjects(in: area)
    try area.flush()
    #expect(throws: GitError.self) { try staged.publish(area) }
    let found = try await runProgram("git", ["cat-file", "-e", id.hex], in: path)
    #expect(found.status != 0)
  }

  @Test func theLastCommitAndItsTreesAreRemembered() async throws {
    let path = try await newRepository()
    let repository = try Repository(opening: path.string, environment: [:], holdsObjects: true)
    let area = try StagingArea(path.appending(".git/staged").string, method: .none)
    let ada = Signature(name: "Ada", email: "ada@example.org", time: 1_700_000_000, offset: 0)
    var parent: ObjectID?
    for number in 0..<20 {
      let blob = try repository.writeBlob(Array("\(number)\n".utf8))
      let old = try parent.map { try repository.commit($0).tree }
      let tree = try repository.writeTree(old, replacing: [("a/b/file", (blob, .blob))])
      let commit = try repository.writeCommit(
        tree: tree, parents: [parent].compactMap(\.self), author: ada, committer: ada,
        message: "\(number)\n")
      let staged = try repository.stageObjects(in: area)
      try area.flush()
      try staged.publish(area)
      try repository.remember(staged)
      let names = [commit, tree, blob].map { repository.held?.has($0) }
      #expect(names == [true, true, false], "\(number)")
      if let parent {
        let isHeld = repository.held?.has(parent)
        #expect(isHeld == false, "\(number)")
      }
      parent = commit
    }
  }
}
