import Glibc
import LevelDB
import SystemPackage
import TestSupport
import Testing

/// Removes a file; false if that fails.
func remove(_ path: FilePath) -> Bool {
  unlink(path.string) == 0
}

@Suite(.scratchDirectory)
struct DamageTests {
  private var folder: FilePath { ScratchDirectory.current.path.appending("db") }

  private func copyFailure() -> LevelDBError? {
    failure { _ = try DatabaseCopy(of: folder.string) }
  }

  /// Whichever byte of a table is damaged, a key is never answered as absent and an iteration never
  /// leaves one out.
  @Test func noDamagedByteOfATableHidesAKey() throws {
    let pairs = Pair.numbered(12)
    try makeDatabase(folder, pairs, compacted: true)
    let table = try onlyFile(in: folder, suffix: ".ldb")
    let content = try readFile(table)
    var failures = 0
    for index in content.indices {
      var damaged = content
      damaged[index] ^= 0x40
      try writeFile(table, damaged)
      let copy = try DatabaseCopy(of: folder.string)
      for pair in [pairs[0], pairs[11]] {
        do throws(LevelDBError) {
          let value = try copy.database.value(forKey: bytes(pair.key))
          #expect(value == bytes(pair.value), "byte \(index)")
        } catch {
          failures += 1
          #expect(error.code == .corruption, "byte \(index): \(error)")
        }
      }
      var seen: [Pair] = []
      let error = failure {
        try copy.database.forEach { key, value in
          seen.append(Pair(key, value))
          return .next
        }
      }
      #expect(seen == (error == nil ? pairs : []), "byte \(index)")
      #expect(error == nil || error?.code == .corruption, "byte \(index)")
    }
    #expect(failures > content.count)
  }

  @Test func tableCutOffIsAnError() throws {
    try makeDatabase(folder, Pair.numbered(12), compacted: true)
    let table = try onlyFile(in: folder, suffix: ".ldb")
    let content = try readFile(table)
    for length in [0, 1, 47, 48, content.count - 1] {
      try writeFile(table, Array(content.prefix(length)))
      let copy = try DatabaseCopy(of: folder.string)
      let error = failure { _ = try copy.database.value(forKey: bytes("key105")) }
      #expect(error?.code == .corruption, "\(length) bytes: \(String(describing: error))")
      #expect(failure { _ = try copy.database.pairs() }?.code == .corruption)
    }
  }

  @Test func iterationGivesNothingBehindAGap() throws {
    // Values that do not compress, so that the table has many blocks.
    let pairs = (100..<200).map { number in
      Pair("key\(number)", String((0..<50).map { "\(number * 7919 + $0 * 104729)" }.joined()))
    }
    try makeDatabase(folder, pairs, compacted: true)
    let table = try onlyFile(in: folder, suffix: ".ldb")
    var content = try readFile(table)
    content[content.count / 2] ^= 1
    try writeFile(table, content)
    let copy = try DatabaseCopy(of: folder.string)
    var seen: [Pair] = []
    let error = failure {
      try copy.database.forEach { key, value in
        seen.append(Pair(key, value))
        return .next
      }
    }
    #expect(error?.code == .corruption)
    #expect(error?.path == folder.string)
    #expect(error?.description.hasSuffix("restore the folder from a backup") == true)
    #expect(!seen.isEmpty)
    #expect(seen == Array(pairs.prefix(seen.count)))
    let lost = bytes(pairs[seen.count].key)
    #expect(failure { _ = try copy.database.value(forKey: lost) }?.code == .corruption)
    var reached = false
    let errorFromThere = failure {
      try copy.database.forEach(from: lost) { _, _ in
        reached = true
        return .stop
      }
    }
    #expect(errorFromThere?.code == .corruption)
    #expect(!reached)
  }

  @Test func missingTableIsNamed() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    let table = try onlyFile(in: folder, suffix: ".ldb")
    try #require(remove(table))
    let before = try FolderRecord(folder)
    let error = copyFailure()
    #expect(error?.code == .corruption)
    #expect(error?.message.contains(table.string) == true)
    #expect(try FolderRecord(folder) == before)
    #expect(failure { _ = try Database(path: folder.string) }?.code == .corruption)
  }

  /// `leveldb_get` would say that the key is absent.
  @Test func tableThatVanishesFromAnOpenDatabaseIsAnError() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    let database = try Database(path: folder.string)
    try #require(remove(onlyFile(in: folder, suffix: ".ldb")))
    let error = failure { _ = try database.value(forKey: bytes("key101")) }
    #expect(error?.code == .corruption)
    #expect(failure { _ = try database.pairs() }?.code == .corruption)
  }

  @Test func conflictMarkersInCurrentAreNamed() throws {
    try makeDatabase(folder, Pair.numbered(3))
    try writeFile(
      folder.appending("CURRENT"),
      "<<<<<<< HEAD\nMANIFEST-000002\n=======\nMANIFEST-000004\n>>>>>>> feature\n")
    let before = try FolderRecord(folder)
    for error in [copyFailure(), failure { _ = try Database(path: folder.string) }] {
      #expect(error?.code == .corruption)
      #expect(
        error?.description == "the file CURRENT in '\(folder)' has conflict markers of git in it; "
          + "restore the whole folder from a backup or from the commit before the merge")
    }
    #expect(try FolderRecord(folder) == before)
  }

  @Test(arguments: [
    ("", "is not one line of text"), ("MANIFEST-000002", "is not one line of text"),
    ("MANIFEST-000002\r\n", "carriage return"), ("../x\n", "does not name a MANIFEST file"),
    ("MANIFEST-\n", "does not name a MANIFEST file"), ("MANIFEST-000099\n", "lacks the file"),
  ])
  func brokenCurrentIsExplained(content: String, reason: String) throws {
    try makeDatabase(folder, Pair.numbered(3))
    try writeFile(folder.appending("CURRENT"), content)
    let before = try FolderRecord(folder)
    for options in [Database.Options(), .creatingIfMissing] {
      let error = failure { _ = try Database(path: folder.string, options: options) }
      #expect(error?.code == .corruption)
      #expect(error?.message.contains(reason) == true)
      #expect(error?.message.contains(folder.string) == true)
    }
    #expect(copyFailure()?.message.contains(reason) == true)
    #expect(try FolderRecord(folder) == before)
  }

  /// LevelDB would make a new, empty database there and delete the tables.
  @Test func lostCurrentIsNoReasonToStartAfresh() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    try #require(remove(folder.appending("CURRENT")))
    let before = try FolderRecord(folder)
    let error = failure { _ = try Database(path: folder.string, options: .creatingIfMissing) }
    #expect(error?.code == .corruption)
    #expect(error?.message.contains("has no file CURRENT") == true)
    #expect(copyFailure()?.code == .corruption)
    #expect(try FolderRecord(folder) == before)
  }

  @Test func damageWithinTheLogIsAnError() throws {
    try makeDatabase(folder, Pair.numbered(3))
    let log = try onlyFile(in: folder, suffix: ".log")
    var content = try readFile(log)
    content[20] ^= 1
    try writeFile(log, content)
    #expect(copyFailure()?.code == .corruption)
  }

  @Test func damagedManifestIsAnError() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    let current = String(decoding: try readFile(folder.appending("CURRENT")), as: UTF8.self)
    let manifest = folder.appending(String(current.dropLast()))
    var content = try readFile(manifest)
    content[content.count / 2] ^= 1
    try writeFile(manifest, content)
    let error = copyFailure()
    #expect(error?.code == .corruption)
    #expect(error?.path == folder.string)
  }
}

/// Logs that a MANIFEST names.
@Suite(.scratchDirectory)
struct MissingLogTests {
  private var folder: FilePath { ScratchDirectory.current.path.appending("db") }

  @Test func aMissingLogIsNotAnEmptyOne() throws {
    try makeDatabase(folder, Pair.numbered(12), compacted: true)
    // Opened again and again, so that the MANIFEST has edits of every kind.
    for round in 0..<5 {
      let database = try Database(path: folder.string)
      try database.put(bytes("new"), forKey: bytes("k\(round)"))
      if round == 2 { database.compact() }
    }
    _ = try DatabaseCopy(of: folder.string)
    let logs = try entries(of: folder).filter { $0.hasSuffix(".log") }
    let log = try #require(logs.last)
    #expect(remove(folder.appending(log)))
    let names = try entries(of: folder)
    let errors = [
      failure { _ = try DatabaseCopy(of: folder.string) },
      failure { _ = try Database(path: folder.string) },
    ]
    for error in errors {
      #expect(error?.code == .corruption)
      #expect(error?.description.contains(log) == true)
      #expect(error?.description.contains("restore") == true)
    }
    #expect(try entries(of: folder) == names)
  }
}
