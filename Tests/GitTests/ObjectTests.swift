import Git
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct ObjectTests {
  func looseFile(_ id: ObjectID, in path: FilePath) -> FilePath {
    path.appending(".git/objects/\(id.hex.prefix(2))/\(id.hex.dropFirst(2))")
  }

  @Test(arguments: [0, 1, 100_000]) func blobsSurvive(size: Int) async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let id = try repository.writeBlob(content)
    #expect(try repository.blob(id) == content)
    #expect(try repository.blobSize(id) == size)
    #expect(try repository.contains(id) == true)
    let output = try await runProgram("git", ["cat-file", "blob", id.hex], in: path)
    #expect(output.output == content)
  }

  @Test func aLargeBlobIsNotReadAgainstTheCallersWill() async throws {
    let repository = try open(try await newRepository())
    let id = try repository.writeBlob(Array(repeating: 7, count: 1000))
    #expect(try code { _ = try repository.blob(id, maximumSize: 999) } == .tooLarge)
    #expect(try repository.blob(id, maximumSize: 1000).count == 1000)
  }

  @Test func whatIsMissingIsAnError() async throws {
    let path = try await newRepository()
    let commit = try await commitFile("a", "1\n", in: path)
    let blob = try await revision("HEAD:a", in: path)
    let tree = try await revision("HEAD^{tree}", in: path)
    #expect(unlink(looseFile(blob, in: path).string) == 0)
    let repository = try open(path)
    #expect(try code { _ = try repository.blob(blob) } == .notFound)
    #expect(try repository.contains(blob) == false)
    #expect(try repository.entry(at: "a", in: tree)?.id == blob)
    #expect(unlink(looseFile(tree, in: path).string) == 0)
    // The first handle has the tree in its cache, and says so only where it looks at the disk.
    #expect(try repository.missing([blob, tree, commit]) == [blob, tree])
    let second = try open(path)
    let error = try failure { _ = try second.tree(tree) }
    #expect(error?.code == .notFound)
    #expect(error?.context == tree.hex)
    #expect(try code { _ = try second.entry(at: "a", in: tree) } == .notFound)
    #expect(try second.commit(commit).tree == tree)
  }

  @Test func anEmptyObjectFileIsNotAbsent() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1\n", in: path)
    let blob = try await revision("HEAD:a", in: path)
    let file = looseFile(blob, in: path)
    #expect(unlink(file.string) == 0)
    try writeFile(file, "")
    let repository = try open(path)
    #expect(try failure { _ = try repository.blob(blob) } != nil)
    #expect(try failure { _ = try repository.blob(blob) }?.code != .notFound)
    // Writing the content again mends it.
    #expect(try repository.writeBlob(Array("1\n".utf8)) == blob)
    #expect(try repository.blob(blob) == Array("1\n".utf8))
    try await fsck(path)
  }

  @Test(.enabled(if: geteuid() != 0, "root reads everything"))
  func aForbiddenObjectIsNotAbsent() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1\n", in: path)
    let blob = try await revision("HEAD:a", in: path)
    #expect(chmod(looseFile(blob, in: path).string, 0) == 0)
    let repository = try open(path)
    let error = try failure { _ = try repository.blob(blob) }
    #expect(error?.code == .unreadable, "\(String(describing: error))")
    #expect(try code { _ = try repository.blobSize(blob) } == .unreadable)
    #expect(try code { _ = try repository.entry(at: "a/b", in: blob) } == .unreadable)
  }

  @Test func anotherTypeIsAnError() async throws {
    let path = try await newRepository()
    let commit = try await commitFile("a", "1\n", in: path)
    let tree = try await revision("HEAD^{tree}", in: path)
    let repository = try open(path)
    #expect(try code { _ = try repository.blob(tree) } == .invalid)
    #expect(try code { _ = try repository.blobSize(commit) } == .invalid)
    #expect(try code { _ = try repository.tree(commit) } == .invalid)
    #expect(try code { _ = try repository.commit(tree) } == .invalid)
  }

  @Test func objectsOfPacksAndOtherStoresAreFound() async throws {
    let path = try await newRepository()
    let commit = try await commitFile("a", "1\n", in: path)
    try await git("gc", "--quiet", in: path)
    #expect(try open(path).contains(commit) == true)
    try await git("clone", "--quiet", "--shared", path.string, "clone", in: scratch)
    let clone = try open(scratch.appending("clone"))
    #expect(try clone.contains(commit) == true)
    #expect(try clone.contains(.zero) == false)
    let foreign = try #require(ObjectID(hex: String(repeating: "1", count: 40)))
    #expect(try clone.contains(foreign) == false)
    #expect(try code { _ = try clone.commit(foreign) } == .notFound)
  }

  @Test func treesAreRead() async throws {
    let path = try await newRepository()
    try makeFolder(path.appending("deployments"))
    try writeFile(path.appending("deployments/bsc.json"), "{}\n")
    try writeFile(path.appending("run"), "#!/bin/sh\n")
    #expect(chmod(path.appending("run").string, 0o755) == 0)
    #expect(symlink("run", path.appending("link").string) == 0)
    // Latin-1, and two spellings of one letter.
    let latin = [UInt8(ascii: "x"), 0xE9]
    try latin.withUnsafeBytes { name in
      let full = Array((path.string + "/").utf8) + Array(name) + [0]
      let file = creat(full.map { CChar(bitPattern: $0) }, 0o644)
      guard file >= 0 else { throw Errno(rawValue: errno) }
      close(file)
    }
    try writeFile(path.appending("\u{e9}"), "composed")
    try writeFile(path.appending("e\u{301}"), "decomposed")
    try await git("add", ".", in: path)
    try await git("commit", "--quiet", "-m", "all", in: path)
    let repository = try open(path)
    let id = try await revision("HEAD^{tree}", in: path)
    let tree = try repository.tree(id)
    #expect(tree.entries.count == 6)
    #expect(tree["run"]?.mode == .executable)
    #expect(tree["link"]?.mode == .link)
    #expect(tree["deployments"]?.mode == .tree)
    #expect(tree["nothing"] == nil)
    #expect(tree.entries.contains { $0.rawName == latin })
    let composed = try #require(tree["\u{e9}"])
    #expect(try repository.blob(composed.id) == Array("composed".utf8))
    let decomposed = try #require(try repository.entry(at: "e\u{301}", in: id))
    #expect(try repository.blob(decomposed.id) == Array("decomposed".utf8))

    let entry = try repository.entry(at: "deployments/bsc.json", in: id)
    #expect(entry?.name == "bsc.json")
    #expect(entry?.mode == .blob)
    #expect(try repository.entry(at: "deployments/eth.json", in: id) == nil)
    #expect(try repository.entry(at: "run/below", in: id) == nil)
    #expect(try repository.entry(at: "deployments", in: id)?.mode == .tree)
    for bad in ["", "/run", "deployments/", "a//b", "../x", "./run"] {
      #expect(try code { _ = try repository.entry(at: bad, in: id) } == .invalidSpec, "\(bad)")
    }
  }

  @Test func commitsAreRead() async throws {
    let path = try await newRepository()
    let first = try await commitFile("a", "1\n", in: path)
    let second = try await commitFile(
      "a", "2\n", in: path, message: "Subject\nin two lines\n\nBody.\n\nRefs: 7", second: 60)
    let commit = try open(path).commit(second)
    #expect(commit.id == second)
    #expect(commit.parents == [first])
    #expect(commit.tree == (try await revision("HEAD^{tree}", in: path)))
    #expect(
      commit.author
        == Signature(
          name: "Ada Deployer", email: "ada@example.org", time: 1_753_441_938, offset: 0))
    #expect(commit.subject == "Subject in two lines")
    #expect(commit.body == "Body.\n\nRefs: 7")
    #expect(commit.trailers.map(\.key) == ["Refs"])
    #expect(commit.message == "Subject\nin two lines\n\nBody.\n\nRefs: 7\n")
  }

  @Test(arguments: ["a\nauthor Eve", "a\0b", "a<b", "", " "])
  func namesThatWouldForgeACommitAreRefused(name: String) async throws {
    let repository = try open(try await newRepository())
    let tree = try repository.writeTree(nil, replacing: [])
    for signature in [
      Signature(name: name, email: "a@b", time: 0, offset: 0),
      Signature(name: "a", email: name, time: 0, offset: 0),
    ] {
      let error = try failure {
        _ = try repository.writeCommit(
          tree: tree, parents: [], author: signature, committer: ada, message: "x\n")
      }
      #expect(error != nil)
    }
  }

  @Test func timesBefore1970AreRefused() async throws {
    let repository = try open(try await newRepository())
    let tree = try repository.writeTree(nil, replacing: [])
    let early = Signature(name: "a", email: "a@b", time: -1, offset: 0)
    let error = try failure {
      _ = try repository.writeCommit(
        tree: tree, parents: [], author: early, committer: ada, message: "x\n")
    }
    #expect(error?.code == .invalid)
  }
}
