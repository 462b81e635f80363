import LevelDB
import SystemPackage
import TestSupport
import Testing

/// A database that several tasks hold.
private final class SharedDatabase: Sendable {
  let database: Database

  init(_ database: consuming Database) {
    self.database = database
  }
}

@Suite(.scratchDirectory)
struct DatabaseTests {
  private var folder: FilePath { ScratchDirectory.current.path.appending("db") }

  @Test func putGetAndRemove() throws {
    let database = try Database(path: folder.string, options: .creatingNew)
    try database.put(bytes("value"), forKey: bytes("key"))
    #expect(try database.value(forKey: bytes("key")) == bytes("value"))
    try database.put(bytes("other"), forKey: bytes("key"), durability: .unsynced)
    #expect(try database.value(forKey: bytes("key")) == bytes("other"))
    try database.removeValue(forKey: bytes("key"))
    #expect(try database.value(forKey: bytes("key")) == nil)
    try database.removeValue(forKey: bytes("never there"))
  }

  @Test func emptyValueIsNotAbsent() throws {
    let database = try Database(path: folder.string, options: .creatingNew)
    try database.put([], forKey: bytes("empty"))
    #expect(try database.value(forKey: bytes("empty")) == [])
    #expect(try database.value(forKey: bytes("absent")) == nil)
    #expect(try database.value(forKey: []) == nil)
    try database.put(bytes("of no key"), forKey: [])
    #expect(try database.value(forKey: []) == bytes("of no key"))
  }

  @Test(arguments: [false, true]) func keysAndValuesAreAnyBytes(compacted: Bool) throws {
    let key: [UInt8] = [0, 0xff, 0, 0xc3, 0x28, 0]
    let value: [UInt8] = [0xff, 0xfe, 0, 10, 0]
    let database = try Database(path: folder.string, options: .creatingNew)
    try database.put(value, forKey: key)
    try database.put(bytes("shorter"), forKey: Array(key.dropLast()))
    if compacted { database.compact() }
    #expect(try database.value(forKey: key) == value)
    #expect(try database.value(forKey: Array(key.dropLast())) == bytes("shorter"))
    #expect(try database.value(forKey: [0, 0xff]) == nil)
  }

  @Test(arguments: [Database.Options.Compression.none, .snappy])
  func bigValueSurvivesCompactionAndReopening(
    compression: Database.Options.Compression
  ) throws {
    let value = (0..<3 << 20).map { UInt8(truncatingIfNeeded: $0 >> 10) }
    var options = Database.Options.creatingNew
    options.compression = compression
    do {
      let database = try Database(path: folder.string, options: options)
      try database.put(value, forKey: bytes("big"))
      database.compact()
    }
    let size = try readFile(onlyFile(in: folder, suffix: ".ldb")).count
    #expect(compression == .snappy ? size < value.count / 4 : size > value.count)
    let database = try Database(path: folder.string)
    #expect(try database.value(forKey: bytes("big")) == value)
  }

  @Test func everyOptionOpens() throws {
    var options = Database.Options.creatingIfMissing
    options.writeBufferSize = 1 << 16
    options.blockCacheSize = 1 << 16
    options.maximumOpenFiles = 80
    options.bloomFilterBitsPerKey = 10
    options.paranoidChecks = false
    for round in 0..<3 {
      let database = try Database(path: folder.string, options: options)
      for number in 0..<500 {
        try database.put(
          Array(repeating: UInt8(round), count: 1000), forKey: bytes("\(number)"),
          durability: .unsynced)
      }
      database.compact()
      #expect(try database.value(forKey: bytes("499"))?.last == UInt8(round))
      #expect(try database.value(forKey: bytes("500")) == nil)
    }
  }

  @Test func reopenedDatabaseHasWhatWasPut() throws {
    try makeDatabase(folder, Pair.numbered(3))
    let database = try Database(path: folder.string)
    #expect(try database.pairs() == Pair.numbered(3))
    #expect(database.path == folder.string)
  }

  @Test func batchIsWrittenInOrder() throws {
    let database = try Database(path: folder.string, options: .creatingNew)
    try database.put(bytes("old"), forKey: bytes("a"))
    var batch = WriteBatch()
    #expect(batch.isEmpty)
    batch.removeValue(forKey: bytes("a"))
    batch.put(bytes("1"), forKey: bytes("b"))
    batch.put(bytes("2"), forKey: bytes("b"))
    batch.put(bytes("3"), forKey: bytes("c"))
    batch.removeValue(forKey: bytes("c"))
    batch.put([], forKey: [0])
    #expect(batch.count == 6)
    try database.write(batch)
    try database.write(WriteBatch())
    #expect(try database.pairs() == [Pair("\0", ""), Pair("b", "2")])
    try database.put(bytes("4"), forKey: bytes("b"))
    try database.write(batch, durability: .unsynced)
    #expect(try database.pairs() == [Pair("\0", ""), Pair("b", "2")])
  }

  /// However much of the log a crash leaves, a batch is there wholly or not at all.
  @Test func batchIsAtomicInATornLog() throws {
    do {
      let database = try Database(path: folder.string, options: .creatingNew)
      var batch = WriteBatch()
      for pair in Pair.numbered(4) { batch.put(bytes(pair.value), forKey: bytes(pair.key)) }
      try database.write(batch)
      try database.put(bytes("last"), forKey: bytes("z"))
    }
    let log = try onlyFile(in: folder, suffix: ".log")
    let content = try readFile(log)
    var seen: [Int] = []
    for length in 0...content.count {
      try writeFile(log, Array(content.prefix(length)))
      let copy = try DatabaseCopy(of: folder.string)
      let pairs = try copy.database.pairs()
      #expect(pairs == Array((Pair.numbered(4) + [Pair("z", "last")]).prefix(pairs.count)))
      seen.append(pairs.count)
    }
    #expect(Set(seen) == [0, 4, 5])
    #expect(seen == seen.sorted())
  }

  @Test func propertiesAreText() throws {
    let database = try Database(path: folder.string, options: .creatingNew)
    #expect(database.property(named: "leveldb.num-files-at-level0") == "0")
    #expect(database.property(named: "leveldb.no such thing") == nil)
  }

  @Test func oneHandleServesSeveralTasks() async throws {
    let shared = SharedDatabase(try Database(path: folder.string, options: .creatingNew))
    try await withThrowingTaskGroup { group in
      for task in 0..<4 {
        group.addTask {
          for number in 0..<200 {
            let key = bytes("\(task)-\(number)")
            try shared.database.put(key, forKey: key, durability: .unsynced)
            #expect(try shared.database.value(forKey: key) == key)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try shared.database.pairs().count == 800)
  }

  @Test func destroyRemovesTheDatabaseOnly() throws {
    try makeDatabase(folder, Pair.numbered(3))
    try writeFile(folder.appending("notes.txt"), "mine")
    try Database.destroy(path: folder.string)
    #expect(try entries(of: folder) == ["notes.txt"])
    #expect(failure { try Database.destroy(path: folder.string) }?.code == .notFound)
    #expect(failure { try Database.destroy(path: folder.string + "x") }?.code == .notFound)
  }

  @Test func repairFindsTablesWithoutManifest() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    for name in try entries(of: folder)
    where name.hasPrefix("MANIFEST") || name == "CURRENT" {
      try #require(remove(folder.appending(name)))
    }
    #expect(failure { _ = try Database(path: folder.string) }?.code == .corruption)
    try Database.repair(path: folder.string)
    let database = try Database(path: folder.string)
    #expect(try database.pairs() == Pair.numbered(3))
    #expect(failure { try Database.repair(path: folder.string) }?.code == .locked)
    #expect(failure { try Database.destroy(path: folder.string) }?.code == .locked)
    #expect(try database.pairs() == Pair.numbered(3))
  }
}
