import Git
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct ReferenceTests {
  static let main = "refs/heads/main"

  /// A commit of the empty tree, different for each number.
  static func commit(
    _ number: Int, parents: [ObjectID], in repository: borrowing Repository
  ) throws -> ObjectID {
    let tree = try repository.writeTree(nil, replacing: [])
    return try repository.writeCommit(
      tree: tree, parents: parents, author: ada, committer: ada, message: "number \(number)\n")
  }

  func move(
    _ repository: borrowing Repository, from old: ObjectID?, to new: ObjectID,
    reference: String = ReferenceTests.main
  ) throws {
    try repository.compareAndSwap(
      reference: reference, from: old, to: new, logMessage: "test: move", committer: ada)
  }

  @Test func movesWithAReflogLineAndWithoutConfiguration() async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let first = try Self.commit(1, parents: [], in: repository)
    let second = try Self.commit(2, parents: [first], in: repository)
    #expect(try repository.target(ofReference: Self.main) == nil)
    #expect(try repository.target(ofReference: "HEAD") == nil)
    try move(repository, from: nil, to: first)
    try move(repository, from: first, to: second)
    #expect(try repository.target(ofReference: Self.main) == second)
    #expect(try repository.target(ofReference: "HEAD") == second)
    try await fsck(path)
    let log = try await git("reflog", "--format=%gs|%gn <%ge>|%H", "main", in: path)
    #expect(
      log == """
        test: move|Ada Deployer <ada@example.org>|\(second)
        test: move|Ada Deployer <ada@example.org>|\(first)
        """)
    #expect(try await git("log", "--format=%s", in: path) == "number 2\nnumber 1")
  }

  @Test func aStaleOldCommitIsRefused() async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let first = try Self.commit(1, parents: [], in: repository)
    let second = try Self.commit(2, parents: [first], in: repository)
    let third = try Self.commit(3, parents: [first], in: repository)
    #expect(try code { try move(repository, from: first, to: second) } == .modified)
    #expect(try repository.target(ofReference: Self.main) == nil)
    try move(repository, from: nil, to: first)
    #expect(try code { try move(repository, from: nil, to: second) } == .modified)
    try await git("update-ref", Self.main, second.hex, in: path)
    #expect(try code { try move(repository, from: first, to: third) } == .modified)
    try await git("pack-refs", "--all", in: path)
    #expect(try code { try move(repository, from: first, to: third) } == .modified)
    #expect(try repository.target(ofReference: Self.main) == second)
    try move(repository, from: second, to: third)
    #expect(try await revision("main", in: path) == third)
  }

  @Test func aLockOfAnotherProgramIsToldApart() async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let first = try Self.commit(1, parents: [], in: repository)
    try move(repository, from: nil, to: first)
    let second = try Self.commit(2, parents: [first], in: repository)
    try writeFile(path.appending(".git/refs/heads/main.lock"), "")
    #expect(try code { try move(repository, from: first, to: second) } == .locked)
    #expect(try repository.target(ofReference: Self.main) == first)
  }

  @Test(.enabled(if: geteuid() != 0, "root may do everything"))
  func aForbiddenReferenceIsNeitherAbsentNorLocked() async throws {
    let path = try await newRepository()
    let first = try await commitFile("a", "1", in: path)
    let repository = try open(path)
    let second = try Self.commit(2, parents: [first], in: repository)
    let folder = path.appending(".git/refs/heads").string
    #expect(chmod(folder, 0o555) == 0)
    let write = try code { try move(repository, from: first, to: second) }
    #expect(chmod(folder, 0o755) == 0)
    #expect(write != nil && write != .locked && write != .modified)
    #expect(chmod(path.appending(".git/refs/heads/main").string, 0) == 0)
    #expect(try code { _ = try repository.target(ofReference: Self.main) } == .forbidden)
    #expect(try code { try move(repository, from: first, to: second) } == .forbidden)
  }

  @Test func targetsMustExist() async throws {
    let repository = try open(try await newRepository())
    let missing = try ObjectID.blob(Array("never written".utf8))
    #expect(try failure { try move(repository, from: nil, to: missing) } != nil)
    #expect(try repository.target(ofReference: Self.main) == nil)
  }

  @Test(arguments: ["main", "refs/heads/a..b", "refs/heads/", "refs/heads/x.lock", "a\0b"])
  func badNamesAreRefused(name: String) async throws {
    let repository = try open(try await newRepository())
    let first = try Self.commit(1, parents: [], in: repository)
    #expect(try failure { try move(repository, from: nil, to: first, reference: name) } != nil)
  }

  @Test func whatCannotBeReadIsNotAbsent() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    try await git("branch", "other", in: path)
    try await git("branch", "folder/inner", in: path)
    try writeFile(path.appending(".git/refs/heads/other"), "garbage")
    try writeFile(path.appending(".git/refs/heads/loop"), "ref: refs/heads/loop\n")
    let repository = try open(path)
    #expect(try failure { _ = try repository.target(ofReference: "refs/heads/other") } != nil)
    #expect(try failure { _ = try repository.target(ofReference: "refs/heads/loop") } != nil)
    #expect(try repository.target(ofReference: "refs/heads/folder") == nil)
    #expect(try repository.target(ofReference: "refs/heads/main/below") == nil)
    #expect(try failure { _ = try repository.target(ofReference: "no..name") } != nil)
  }

  @Test func referencesAreListed() async throws {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    try await git("branch", "b/c", in: path)
    try await git("tag", "v1", in: path)
    try await git("pack-refs", "--all", in: path)
    try await git("branch", "loose", in: path)
    let repository = try open(path)
    let branches = try repository.references(matching: "refs/heads/*")
    #expect(branches == ["refs/heads/b/c", "refs/heads/loose", "refs/heads/main"])
    #expect(try repository.references(matching: "refs/tags/*") == ["refs/tags/v1"])
  }

  /// Adds a commit to `main`; false where another writer was faster.
  static func append(
    _ number: Int, to repository: borrowing Repository, first: Bool = false
  ) throws -> Bool {
    let old = first ? nil : try repository.target(ofReference: main)
    let new = try commit(number, parents: old.map { [$0] } ?? [], in: repository)
    do {
      try repository.compareAndSwap(
        reference: main, from: old, to: new, logMessage: "count", committer: ada)
      return true
    } catch {
      guard [.modified, .locked].contains(error.code) else { throw error }
      return false
    }
  }

  /// Takes turns with others at adding commits.
  @concurrent static func increment(_ path: FilePath, task: Int, times: Int) async throws {
    let repository = try open(path)
    for turn in 0..<times {
      while try !append(task * 1000 + turn, to: repository) {
        try await Task.sleep(for: .microseconds(Int.random(in: 100...2000)))
      }
    }
  }

  @Test func eightWritersLoseNothing() async throws {
    let path = try await newRepository()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { try await Self.increment(path, task: task, times: 10) }
      }
      try await group.waitForAll()
    }
    #expect(try await git("rev-list", "--count", "main", in: path) == "80")
    let subjects = try await git("log", "--format=%s", "main", in: path)
    #expect(Set(subjects.split(separator: "\n")).count == 80)
    try await fsck(path)
  }

  @Test func ofRacingFirstCommitsOneWins() async throws {
    for round in 0..<10 {
      let path = try await newRepository("repository-\(round)")
      let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
        for task in 0..<4 {
          group.addTask { try await Self.claimsFirst(path, task) }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(wins == 1)
    }
  }

  @concurrent static func claimsFirst(_ path: FilePath, _ task: Int) async throws -> Bool {
    try append(task, to: try open(path), first: true)
  }
}
