import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct TreeWritingTests {
  typealias Change = (path: String, entry: (id: ObjectID, mode: Git.FileMode)?)

  static let emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

  /// A repository with files of all kinds, and its tree.
  func populated() async throws -> (path: FilePath, tree: ObjectID) {
    let path = try await newRepository()
    let script = """
      mkdir -p deployments/old docs && echo one > deployments/bsc.json && echo x > docs/a
      echo y > deployments/old/eth.json && ln -s docs link && echo z > run && chmod +x run
      git add . && git commit --quiet -m all
      git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),module
      git commit --quiet -m module
      """
    let result = try await runProgram("sh", ["-e", "-c", script], in: path)
    guard result.status == 0 else { throw Unexpected(result.errors) }
    return (path, try await revision("HEAD^{tree}", in: path))
  }

  func listing(_ tree: ObjectID, in path: FilePath) async throws -> [String] {
    try await git("ls-tree", "-r", "--name-only", tree.hex, in: path)
      .split(separator: "\n").map(String.init)
  }

  @Test func changesOnlyWhatIsNamed() async throws {
    let (path, base) = try await populated()
    let repository = try open(path)
    let blob = try repository.writeBlob(Array("new\n".utf8))
    let tree = try repository.writeTree(
      base,
      replacing: [
        ("deployments/bsc.json", (blob, .blob)), ("deployments/a/b/c.json", (blob, .blob)),
        ("top", (blob, .executable)),
      ])
    let diff = try await git(
      "diff-tree", "-r", "--no-renames", "--name-status", base.hex, tree.hex, in: path)
    #expect(
      diff.split(separator: "\n").map(String.init) == [
        "A\tdeployments/a/b/c.json", "M\tdeployments/bsc.json", "A\ttop",
      ])
    let id = try repository.writeCommit(
      tree: tree, parents: [], author: ada, committer: ada, message: "x\n")
    try await git("update-ref", "refs/heads/new", id.hex, in: path)
    try await fsck(path)
    // Untouched folders are the same objects.
    #expect(try repository.tree(tree)["docs"] == repository.tree(base)["docs"])
    #expect(try repository.tree(tree)["module"]?.mode == .submodule)
  }

  @Test func removesAndForgetsEmptyFolders() async throws {
    let (path, base) = try await populated()
    let repository = try open(path)
    let removals: [Change] = [
      ("deployments/bsc.json", nil), ("deployments/old/eth.json", nil), ("docs/missing", nil),
      ("nowhere/at/all", nil), ("run/below", nil),
    ]
    #expect(
      try code { _ = try repository.writeTree(base, replacing: removals) } == .conflict,
      "run is a file, not a folder")
    let tree = try repository.writeTree(base, replacing: Array(removals.dropLast()))
    #expect(try await listing(tree, in: path) == ["docs/a", "link", "module", "run"])
  }

  @Test func theEmptyTreeIsWritten() async throws {
    let path = try await newRepository()
    let repository = try open(path)
    #expect(try repository.writeTree(nil, replacing: []).hex == Self.emptyTree)
    let blob = try repository.writeBlob([1])
    let tree = try repository.writeTree(nil, replacing: [("a/b", (blob, .blob))])
    #expect(try repository.writeTree(tree, replacing: [("a/b", nil)]).hex == Self.emptyTree)
    #expect(try await git("cat-file", "-t", Self.emptyTree, in: path) == "tree")
  }

  @Test func nothingIsReplacedByAnotherKind() async throws {
    let (path, base) = try await populated()
    let repository = try open(path)
    let blob = try repository.writeBlob([1])
    func write(_ name: String, _ entry: (id: ObjectID, mode: Git.FileMode)?) throws -> GitError? {
      try failure { _ = try repository.writeTree(base, replacing: [(name, entry)]) }
    }
    for name in ["deployments", "deployments/old", "module"] {
      #expect(try write(name, (blob, .blob))?.code == .directory, "\(name)")
      #expect(try write(name, nil)?.code == .directory, "\(name)")
    }
    #expect(try write("run", (base, .tree))?.code == .directory)
    for name in ["run/x", "link/x", "module/x", "deployments/bsc.json/x"] {
      #expect(try write(name, (blob, .blob))?.code == .conflict, "\(name)")
    }
    #expect(try write("deployments/bsc.json/x", (blob, .blob))?.context == "deployments/bsc.json")
    for name in ["", "/a", "a/", "a//b", "../a", "a/./b", ".git/config", "a\0b"] {
      #expect(try write(name, (blob, .blob)) != nil, "\(name)")
    }
  }

  @Test func aPathMayBeNamedOnce() async throws {
    let (path, base) = try await populated()
    let repository = try open(path)
    let blob = try repository.writeBlob([1])
    for names in [["a", "a"], ["a", "a/b"], ["a/b", "a"]] {
      let changes = names.map { Change($0, (blob, .blob)) }
      #expect(try code { _ = try repository.writeTree(base, replacing: changes) } == .invalidSpec)
    }
  }

  @Test func whatIsMissingIsNotNamed() async throws {
    let (path, base) = try await populated()
    let repository = try open(path)
    let missing = try ObjectID.blob(Array("never written".utf8))
    #expect(
      try failure { _ = try repository.writeTree(base, replacing: [("a", (missing, .blob))]) }
        != nil)
    #expect(
      try failure { _ = try repository.writeTree(missing, replacing: [("a", nil)]) } != nil)
    #expect(
      try failure {
        _ = try repository.writeCommit(
          tree: missing, parents: [], author: ada, committer: ada, message: "x\n")
      } != nil)
    #expect(
      try failure {
        _ = try repository.writeCommit(
          tree: base, parents: [missing], author: ada, committer: ada, message: "x\n")
      } != nil)
  }

  @Test func namesInOtherEncodingsAndOddModesStay() async throws {
    let path = try await newRepository()
    // A name that is no UTF-8 and a mode that git wrote long ago.
    let script = #"""
      blob=$(echo x | git hash-object -w --stdin)
      raw=$(echo $blob | sed 's/../\\x&/g')
      printf "100664 old\0$raw" > tree && printf "100644 x\351\0$raw" >> tree
      git hash-object -t tree -w --literally tree
      """#
    let result = try await runProgram("bash", ["-e", "-c", script], in: path)
    let base = try #require(ObjectID(hex: result.line))
    let repository = try open(path)
    let blob = try repository.writeBlob([1])
    let tree = try repository.writeTree(base, replacing: [("a", (blob, .blob))])
    let before = try await runProgram("git", ["cat-file", "tree", base.hex], in: path).output
    let after = try await runProgram("git", ["cat-file", "tree", tree.hex], in: path).output
    #expect(after.count > before.count)
    #expect(Array(after.suffix(before.count)) == before)
    #expect(try repository.tree(tree)["old"]?.mode == .blob)
  }
}
