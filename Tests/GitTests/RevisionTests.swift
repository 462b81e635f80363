import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct RevisionTests {
  @Test func revisionsNameWhatTheyNameInGit() async throws {
    let path = try await newRepository()
    let first = try await commitFile("a", "1", in: path)
    let second = try await commitFile("a", "2", in: path, message: "Second words", second: 1)
    try await git("tag", "-a", "-m", "annotated", "v1", "HEAD~1", in: path)
    try await git("tag", "light", in: path)
    let repository = try open(path)
    for (name, expected) in [
      ("HEAD", second), ("HEAD~1", first), ("HEAD^", first), ("main", second), ("v1", first),
      ("light", second), (first.short, first), (second.hex, second), (":/Second", second),
      ("main@{1}", first), ("refs/heads/main", second),
    ] {
      #expect(try repository.commitID(ofRevision: name) == expected, "\(name)")
      let listed = try await git("rev-list", "--max-count=1", name, in: path)
      #expect(listed == expected.hex, "\(name)")
    }
  }

  @Test func whatIsNoCommitIsSaidInWords() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    let repository = try open(path)
    func failed(_ name: String) throws -> GitError? {
      try failure { _ = try repository.commitID(ofRevision: name) }
    }
    for name in ["unknown", "HEAD~9", "v9", String(repeating: "1", count: 40), "1234567"] {
      let error = try failed(name)
      #expect(error?.code == .notFound, "\(name)")
      #expect(error?.context == name)
      #expect(error?.description.contains(name) == true)
    }
    let blob = try failed("HEAD:a")
    #expect(blob?.code == .peel)
    #expect(blob?.message == "\"HEAD:a\" names a blob, not a commit")
    #expect(try failed("HEAD^{tree}")?.code == .peel)
    for name in ["", "main..main", "HEAD^{nonsense}", "a\0b", "@{"] {
      #expect(try failed(name) != nil, "\(name)")
    }
    let unborn = try open(try await newRepository("unborn"))
    #expect(try code { _ = try unborn.commitID(ofRevision: "HEAD") } == .notFound)
  }

  @Test func anAbbreviationOfSeveralObjectsIsAmbiguous() async throws {
    let path = try await newRepository()
    let repository = try open(path)
    // Among some hundred blobs two share four digits, almost always; the numbers are fixed.
    var seen: Set<Substring> = []
    var shared: Substring?
    for number in 0..<2000 where shared == nil {
      let prefix = try repository.writeBlob(Array("\(number)".utf8)).hex.prefix(4)
      if !seen.insert(prefix).inserted { shared = prefix }
    }
    let name = String(try #require(shared))
    #expect(try code { _ = try repository.commitID(ofRevision: name) } == .ambiguous)
  }

  @Test func ancestorsAndMergeBases() async throws {
    let path = try await newRepository()
    let base = try await commitFile("a", "1", in: path)
    try await git("checkout", "--quiet", "-b", "side", in: path)
    let side = try await commitFile("b", "1", in: path, second: 1)
    try await git("checkout", "--quiet", "main", in: path)
    let main = try await commitFile("a", "2", in: path, second: 2)
    try await git("checkout", "--quiet", "--orphan", "alone", in: path)
    let alone = try await commitFile("c", "1", in: path, second: 3)
    let repository = try open(path)
    #expect(try repository.isAncestor(base, of: main) == true)
    #expect(try repository.isAncestor(main, of: base) == false)
    #expect(try repository.isAncestor(main, of: main) == true)
    #expect(try repository.isAncestor(side, of: main) == false)
    #expect(try repository.mergeBase(main, side) == base)
    #expect(try repository.mergeBase(main, base) == base)
    #expect(try repository.mergeBase(main, main) == main)
    #expect(try repository.mergeBase(main, alone) == nil)
    let missing = try ObjectID.blob(Array("never written".utf8))
    #expect(try failure { _ = try repository.mergeBase(main, missing) } != nil)
    #expect(try failure { _ = try repository.isAncestor(missing, of: missing) } != nil)
    #expect(try failure { _ = try repository.isAncestor(main, of: missing) } != nil)
  }

  @Test func aHoleInHistoryIsNoAnswer() async throws {
    let path = try await newRepository()
    let first = try await commitFile("a", "1", in: path)
    let second = try await commitFile("a", "2", in: path, second: 1)
    let third = try await commitFile("a", "3", in: path, second: 2)
    let file = path.appending(".git/objects/\(second.hex.prefix(2))/\(second.hex.dropFirst(2))")
    try await git("checkout", "--quiet", "--orphan", "alone", in: path)
    let alone = try await commitFile("b", "1", in: path, second: 3)
    _ = try await runProgram("rm", ["-f", file.string], in: path)
    let repository = try open(path)
    #expect(try failure { _ = try repository.isAncestor(first, of: third) } != nil)
    #expect(try failure { _ = try repository.mergeBase(third, alone) } != nil)
    var seen: [ObjectID] = []
    let error = try failure {
      try repository.walk(from: [third]) {
        seen.append($0.id)
        return true
      }
    }
    #expect(error?.code == .notFound)
    #expect(seen.count <= 1)
  }
}
