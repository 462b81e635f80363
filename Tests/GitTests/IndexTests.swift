import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct IndexTests {
  typealias Change = (path: String, entry: (id: ObjectID, mode: Git.FileMode)?)

  static let file = "deployments/bsc.json"

  /// A repository whose commit has our file and others.
  func populated() async throws -> FilePath {
    let path = try await newRepository()
    try makeFolder(path.appending("deployments"))
    try writeFile(path.appending(Self.file), "one\n")
    for name in ["a", "b", "c", "d"] { try writeFile(path.appending(name), "\(name)\n") }
    try await git("add", ".", in: path)
    try await git("commit", "--quiet", "-m", "first", in: path)
    return path
  }

  /// Commits new content of our file as GitState does: objects, index, branch, index, file.
  func commit(_ content: String?, in path: FilePath, writesFile: Bool = true) throws {
    let repository = try open(path)
    let head = try repository.head()
    guard case .branch(let branch, let old) = head else { throw Unexpected("detached") }
    let base = try old.map { try repository.commit($0).tree }
    let entry = try content.map {
      (id: try repository.writeBlob(Array($0.utf8)), mode: Git.FileMode.blob)
    }
    let tree = try repository.writeTree(base, replacing: [(Self.file, entry)])
    let new = try repository.writeCommit(
      tree: tree, parents: old.map { [$0] } ?? [], author: ada, committer: ada, message: "ours\n")
    var stat: FileStat?
    if writesFile, let content {
      try writeFile(path.appending(Self.file), content)
      stat = try FileStat(ofFile: path.appending(Self.file).string)
    }
    let pending = try repository.prepareIndex(
      setting: [(Self.file, entry)], baseTree: tree, stat: { _ in stat })
    try repository.compareAndSwap(
      reference: branch, from: old, to: new, logMessage: "ours", committer: ada)
    try pending.commit()
  }

  func status(_ path: FilePath) async throws -> String {
    try await git("status", "--porcelain", in: path)
  }

  /// The index and what may lie beside it.
  func indexFiles(_ path: FilePath) throws -> [String] {
    try entries(of: path.appending(".git")).filter { $0.hasPrefix("index") }
  }

  /// All that the index has of other paths, flags and times included.
  func others(_ path: FilePath) async throws -> String {
    let debug = try await git("ls-files", "--stage", "--debug", ":!\(Self.file)", in: path)
    let tags = try await git("ls-files", "-v", "-t", ":!\(Self.file)", in: path)
    return debug + "\n" + tags
  }

  /// What a user may have done before; our commit must leave it alone.
  static let situations = [
    "true",
    "echo staged > a && git add a",
    "echo unstaged > a",
    "echo staged > a && git add a && echo unstaged > a",
    "echo new > new && git add new",
    "echo new > new && git add --intent-to-add new",
    "git update-index --skip-worktree b && echo hidden > b",
    "git update-index --assume-unchanged c && echo hidden > c",
    "git rm --quiet d",
    "rm d",
    "git mv a z",
    "git update-index --index-version 4 && echo staged > a && git add a",
    "git update-index --chmod=+x a",
    "printf '100644 %s 1\\ta\\n100644 %s 2\\ta\\n' $(git rev-parse HEAD:a) $(git rev-parse HEAD:b)"
      + " > list && git rm --quiet --cached a && git update-index --index-info < list && rm list",
    "git update-index --untracked-cache && git status > out",
    "echo x > deployments/other.json && git add deployments/other.json",
    // git notes the trees of all these folders.
    "mkdir -p b.d/c d.d/e deployments/sub z && for f in b.d/c/x d.d/e/x deployments/sub/x z/x; do echo $f > $f; done"
      + " && git add . && git write-tree > out",
    // A name longer than an entry can say.
    "git update-index --add --cacheinfo 100644,$(git rev-parse HEAD:a),$(printf 'n%.0s' $(seq 5000))",
  ]

  @Test(arguments: situations.indices) func allElseStays(index: Int) async throws {
    let path = try await populated()
    let result = try await runProgram(
      "sh", ["-e", "-c", Self.situations[index]], in: path)
    guard result.status == 0 else { throw Unexpected(result.errors) }
    let before = try await status(path)
    let othersBefore = try await others(path)
    try commit("two\n", in: path)
    // First without a refresh, then after git has looked.
    #expect(try await others(path) == othersBefore)
    let plumbing = try await git("diff-files", "--name-only", "--", Self.file, in: path)
    #expect(plumbing == "")
    #expect(try await status(path) == before)
    #expect(try await git("show", "HEAD:\(Self.file)", in: path) == "two")
    #expect(try await git("show", ":\(Self.file)", in: path) == "two")
    try await fsck(path)
    #expect(try indexFiles(path) == ["index"])
  }

  @Test func aLockThatCameMeanwhileStaysItsOwners() async throws {
    let path = try await populated()
    let repository = try open(path)
    let area = try StagingArea(path.appending("staged").string, method: .none)
    let pending = try repository.stageIndex(
      setting: [(Self.file, nil)], baseTree: nil, in: area)
    let lock = path.appending(".git/index.lock")
    try writeFile(lock, "git's")
    #expect(throws: GitError.self) { try pending.lock() }
    try pending.discard()
    #expect(try readFile(lock) == Array("git's".utf8))
  }

  @Test func theUsersNextCommitKeepsOurs() async throws {
    let path = try await populated()
    try writeFile(path.appending("a"), "staged\n")
    try await git("add", "a", in: path)
    try commit("two\n", in: path)
    try await git("commit", "--quiet", "-m", "theirs", in: path)
    let names = try await git("diff-tree", "-r", "--name-only", "HEAD~1", "HEAD", in: path)
    #expect(names == "a")
    #expect(try await status(path) == "")
  }

  @Test func anEditInTheSameMomentIsStillSeen() async throws {
    // Same size, same second: git sees it only because the entry is as new as the index. (Asking
    // git for the status in between would make it mend the entry; the time of the inode's change,
    // which a test cannot set, is left out.)
    let path = try await populated()
    let script = """
      git config core.trustctime false
      echo 1 > a; touch -d @1753441878 a; git add a; touch -d @1753441878 .git/index
      echo 2 > a; touch -d @1753441878 a
      """
    _ = try await runProgram("sh", ["-e", "-c", script], in: path)
    try commit("two\n", in: path)
    #expect(try await status(path) == "MM a")
  }

  @Test func marksOfOurOwnFile() async throws {
    let path = try await populated()
    try await git("update-index", "--skip-worktree", Self.file, in: path)
    try commit("two\n", in: path, writesFile: false)
    let repository = try open(path)
    guard case .staged(let entry)? = try repository.indexEntry(at: Self.file) else {
      throw Unexpected("not staged")
    }
    #expect(entry.skipWorktree && !entry.intentToAdd && !entry.assumeUnchanged)
    #expect(try await status(path) == "")
    try await git("update-index", "--no-skip-worktree", Self.file, in: path)
    try await git("update-index", "--assume-unchanged", Self.file, in: path)
    try commit("three\n", in: path)
    #expect(try await git("ls-files", "-v", Self.file, in: path) == "h \(Self.file)")
    try await git("update-index", "--no-assume-unchanged", Self.file, in: path)
    #expect(try await status(path) == "")
  }

  @Test func ourFileStagedAnnouncedOrInConflict() async throws {
    let path = try await populated()
    // The user has staged another version; ours replaces it.
    try writeFile(path.appending(Self.file), "staged\n")
    try await git("add", Self.file, in: path)
    try commit("two\n", in: path)
    #expect(try await status(path) == "")
    // A conflict ends.
    let script = """
      blob=$(git rev-parse HEAD:a); git rm --quiet --cached \(Self.file)
      for stage in 1 2 3; do printf "100644 $blob $stage\\t\(Self.file)\\n"; done |
        git update-index --index-info
      """
    _ = try await runProgram("sh", ["-e", "-c", script], in: path)
    let repository = try open(path)
    #expect(try repository.indexEntry(at: Self.file) == .conflicted)
    try commit("three\n", in: path)
    #expect(try await status(path) == "")
    #expect(try await git("ls-files", "--unmerged", in: path) == "")
    // An intent to add becomes a file.
    try commit(nil, in: path)
    #expect(try await status(path) == "?? deployments/")
    try await git("add", "--intent-to-add", Self.file, in: path)
    guard case .staged(let entry)? = try repository.indexEntry(at: Self.file) else {
      throw Unexpected("not staged")
    }
    #expect(entry.intentToAdd)
    try commit("four\n", in: path)
    #expect(try await status(path) == "")
  }

  @Test func removalOfOurFile() async throws {
    let path = try await populated()
    try commit(nil, in: path, writesFile: false)
    #expect(try open(path).indexEntry(at: Self.file) == nil)
    #expect(try await status(path) == "?? deployments/")
    try commit(nil, in: path, writesFile: false)
  }

  @Test func withoutAnIndexTheBaseTreeFillsOne() async throws {
    let path = try await populated()
    _ = try await runProgram("rm", [path.appending(".git/index").string], in: path)
    try commit("two\n", in: path)
    #expect(try await status(path) == "")
    try writeFile(path.appending("a"), "next\n")
    try await git("commit", "--quiet", "-a", "-m", "theirs", in: path)
    let names = try await git("diff-tree", "-r", "--name-only", "HEAD~1", "HEAD", in: path)
    #expect(names == "a")
  }

  @Test func theFirstCommitOfABranchWithoutOne() async throws {
    let path = try await newRepository()
    try makeFolder(path.appending("deployments"))
    try commit("one\n", in: path)
    #expect(try await status(path) == "")
    #expect(try await git("ls-files", in: path) == Self.file)
  }

  @Test func aHeldIndexIsToldByName() async throws {
    let path = try await populated()
    let lock = path.appending(".git/index.lock")
    try writeFile(lock, "")
    let repository = try open(path)
    let error = try failure {
      let pending = try repository.prepareIndex(setting: [], baseTree: nil)
      try pending.commit()
    }
    #expect(error?.code == .locked)
    #expect(error?.context == lock.string)
    #expect(try readFile(lock) == [])
    #expect(try indexFiles(path) == ["index", "index.lock"])
  }

  @Test func whilePreparedGitWaitsAndDiscardLeavesNoTrace() async throws {
    let path = try await populated()
    let before = try readFile(path.appending(".git/index"))
    let repository = try open(path)
    let blob = try repository.writeBlob([1])
    let changes: [Change] = [(Self.file, (blob, .blob))]
    let pending = try repository.prepareIndex(setting: changes, baseTree: nil)
    let result = try await runProgram("git", ["add", "a"], in: path)
    #expect(result.status == 0 || result.errors.contains("index.lock"))
    #expect(try await runProgram("git", ["rm", "--cached", "a"], in: path).status != 0)
    try pending.discard()
    #expect(try readFile(path.appending(".git/index")) == before)
    // Dropped without a word, it goes as well.
    do { _ = try repository.prepareIndex(setting: changes, baseTree: nil) }
    #expect(try readFile(path.appending(".git/index")) == before)
    #expect(try indexFiles(path) == ["index"])
  }

  @Test func aFailureLeavesNoTrace() async throws {
    let path = try await populated()
    let repository = try open(path)
    let blob = try repository.writeBlob([1])
    for name in ["a\0b", ".git/config", ""] {
      let changes: [Change] = [(name, (blob, .blob))]
      let error = try failure {
        let pending = try repository.prepareIndex(setting: changes, baseTree: nil)
        try pending.commit()
      }
      #expect(error != nil, "\(name)")
    }
    try writeFile(path.appending(".git/index"), "garbage")
    let error = try failure {
      let pending = try repository.prepareIndex(setting: [], baseTree: nil)
      try pending.commit()
    }
    #expect(error != nil)
    #expect(try readFile(path.appending(".git/index")) == Array("garbage".utf8))
    #expect(try indexFiles(path) == ["index"])
  }

  @Test func permissionsStay() async throws {
    let path = try await populated()
    let index = path.appending(".git/index").string
    _ = try await runProgram("chmod", ["640", index], in: path)
    try commit("two\n", in: path)
    let mode = try await runProgram("stat", ["-c", "%a", index], in: path)
    #expect(mode.line == "640")
  }

  @Test func aLinkedWorktreeHasItsOwnIndex() async throws {
    let path = try await populated()
    let linked = scratch.appending("linked")
    try await git("worktree", "add", "--quiet", "-b", "side", linked.string, in: path)
    try commit("two\n", in: linked)
    #expect(try await status(linked) == "")
    #expect(try await status(path) == "")
    #expect(try await git("show", "side:\(Self.file)", in: path) == "two")
  }

  @Test func entriesAreRead() async throws {
    let path = try await populated()
    let repository = try open(path)
    #expect(try repository.indexEntry(at: "missing") == nil)
    #expect(try repository.indexEntry(at: "deployments") == nil)
    let blob = try await revision("HEAD:a", in: path)
    guard case .staged(let entry)? = try repository.indexEntry(at: "a") else {
      throw Unexpected("not staged")
    }
    #expect(entry.id == blob && entry.mode == .blob)
    // A change by another program is seen.
    try await git("rm", "--quiet", "--cached", "a", in: path)
    #expect(try repository.indexEntry(at: "a") == nil)
  }
}
