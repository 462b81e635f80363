import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LevelDB

@Suite(.scratchDirectory)
struct DatabaseCopyTests {
  private var folder: FilePath { ScratchDirectory.current.path.appending("db") }

  /// A LevelDB folder of a real project, where it is at hand.
  private static let sample = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().removingLastComponent().appending("shared/data/lookcoin/leveldb")

  @Test(arguments: [false, true]) func copyHasTheDataAndLeavesTheSource(compacted: Bool) throws {
    try makeDatabase(folder, Pair.numbered(20), compacted: compacted)
    try writeFile(folder.appending("notes.txt"), "no file of LevelDB's")
    let before = try FolderRecord(folder)
    do {
      let copy = try DatabaseCopy(of: folder.string)
      #expect(copy.sourcePath == folder.string)
      #expect(copy.database.path == folder.string)
      #expect(try copy.database.pairs() == Pair.numbered(20))
      #expect(try copy.database.value(forKey: bytes("key100")) == bytes("value 100"))
      try copy.database.put([1], forKey: [1])
      copy.database.compact()
      #expect(try FolderRecord(folder) == before)
    }
    #expect(try FolderRecord(folder) == before)
  }

  @Test func temporaryFolderIsPrivateAndRemoved() throws {
    try makeDatabase(folder, Pair.numbered(20))
    let temporary: FilePath
    do {
      let copy = try DatabaseCopy(of: folder.string)
      temporary = FilePath(copy.database.handle.location.path)
      var status = stat()
      try #require(stat(temporary.string, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o700)
      #expect(exists(temporary.appending("CURRENT")))
    }
    #expect(!exists(temporary))
  }

  @Test func temporaryFolderIsRemovedAfterAFailure() throws {
    try makeDatabase(folder, Pair.numbered(20), compacted: true)
    try #require(remove(onlyFile(in: folder, suffix: ".ldb")))
    // A name by which this test knows its copy from those of others.
    let mark = "\(UInt64.random(in: 1 << 40..<1 << 50)).sst"
    try writeFile(folder.appending(mark), "")
    let error = failure { _ = try DatabaseCopy(of: folder.string) }
    #expect(error?.code == .corruption)
    let parent = FilePath(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")
    let copies = try entries(of: parent).filter { $0.hasPrefix("gitstate-leveldb-") }
    #expect(copies.allSatisfy { !exists(parent.appending($0).appending(mark)) })
  }

  @Test func severalCopiesAtATime() async throws {
    try makeDatabase(folder, Pair.numbered(20))
    let first = try DatabaseCopy(of: folder.string)
    let second = try DatabaseCopy(of: folder.string)
    #expect(try first.database.pairs() == second.database.pairs())
    let path = folder.string
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          let error = failure {
            let copy = try DatabaseCopy(of: path)
            #expect(try copy.database.pairs() == Pair.numbered(20))
          }
          #expect(error == nil)
        }
      }
    }
    let original = try Database(path: folder.string)
    #expect(try original.pairs() == Pair.numbered(20))
  }

  @Test func sourceIsLockedWhileItIsCopied() async throws {
    try makeDatabase(folder, Pair.numbered(1))
    let lock = folder.appending("LOCK")
    let first = try FolderUse(of: Folder(Location(path: folder.string)), for: .copy)
    do {
      let second = try FolderUse(of: Folder(Location(path: folder.string)), for: .copy)
      let isLocked = second.holdsLock
      #expect(isLocked)
    }
    // Still, although a second copy has come and gone.
    let isLocked = first.holdsLock
    #expect(isLocked)
    #expect(try await !canBeLockedByAnotherProcess(lock))
    #expect(failure { _ = try Database(path: folder.string) }?.code == .locked)
    _ = consume first
    #expect(try await canBeLockedByAnotherProcess(lock))
  }

  @Test func folderWithoutLockFileIsCopied() throws {
    try makeDatabase(folder, Pair.numbered(3))
    for name in ["LOCK", "LOG"] { try #require(remove(folder.appending(name))) }
    let before = try FolderRecord(folder)
    let copy = try DatabaseCopy(of: folder.string)
    #expect(try copy.database.pairs() == Pair.numbered(3))
    #expect(try FolderRecord(folder) == before)
  }

  @Test func readOnlyFolderIsCopied() throws {
    try makeDatabase(folder, Pair.numbered(3))
    for name in try entries(of: folder) { chmod(folder.appending(name).string, 0o444) }
    chmod(folder.string, 0o555)
    defer { chmod(folder.string, 0o755) }
    let before = try FolderRecord(folder)
    let copy = try DatabaseCopy(of: folder.string)
    #expect(try copy.database.pairs() == Pair.numbered(3))
    #expect(try FolderRecord(folder) == before)
  }

  @Test func linkToAFolderIsFollowed() throws {
    try makeDatabase(folder, Pair.numbered(3))
    let link = ScratchDirectory.current.path.appending("link").string
    try #require(symlink(folder.string, link) == 0)
    let copy = try DatabaseCopy(of: link)
    #expect(try copy.database.pairs() == Pair.numbered(3))
    #expect(copy.sourcePath == link)
  }

  @Test func logTornByAKillOpens() throws {
    try makeDatabase(folder, Pair.numbered(3))
    let log = try onlyFile(in: folder, suffix: ".log")
    try writeFile(log, Array(try readFile(log).dropLast(5)))
    let copy = try DatabaseCopy(of: folder.string)
    #expect(try copy.database.pairs() == Pair.numbered(2))
  }

  /// A database of `level`, JavaScript's package, with Snappy-compressed tables and a log.
  @Test(.enabled(if: exists(sample))) func folderOfARealProjectIsRead() throws {
    let before = try FolderRecord(Self.sample)
    let copy = try DatabaseCopy(of: Self.sample.string)
    let pairs = try copy.database.pairs()
    #expect(pairs.count == 28)
    #expect(pairs.allSatisfy { $0.value.hasPrefix("{") && $0.value.hasSuffix("}") })
    #expect(try FolderRecord(Self.sample) == before)
  }
}
