import LevelDB
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory)
struct IterationTests {
  private struct Interruption: Error, Equatable {}

  private func open() throws -> Database {
    try Database(
      path: ScratchDirectory.current.path.appending("db").string, options: .creatingNew)
  }

  private func keys(
    of database: borrowing Database, from start: [UInt8]? = nil, prefix: [UInt8]? = nil
  ) throws -> [[UInt8]] {
    var keys: [[UInt8]] = []
    try database.forEach(from: start, prefix: prefix) { key, _ in
      keys.append(key)
      return .next
    }
    return keys
  }

  @Test func keysComeInByteOrder() throws {
    let database = try open()
    let keys: [[UInt8]] = [
      [], [0], [0, 0], [1], bytes("56-B"), bytes("56-a"), [0x80], [0xff, 0xff],
    ]
    for key in keys.reversed() { try database.put(key, forKey: key) }
    #expect(try self.keys(of: database) == keys)
  }

  @Test func emptyDatabaseHasNoKeys() throws {
    #expect(try keys(of: open()).isEmpty)
  }

  @Test(
    arguments: [
      ("1-", nil, ["1-a", "1-b"]),
      ("1-", "1-aa", ["1-b"]),
      ("1-", "0", ["1-a", "1-b"]),
      ("1-", "2", []),
      ("3", nil, []),
      ("", nil, ["0", "1", "1-a", "1-b", "1.", "2"]),
      (nil, "1-b", ["1-b", "1.", "2"]),
      (nil, "3", []),
    ] as [(String?, String?, [String])])
  func prefixAndStartSelectKeys(prefix: String?, start: String?, expected: [String]) throws {
    let database = try open()
    for key in ["0", "1", "1-a", "1-b", "1.", "2"] { try database.put([], forKey: bytes(key)) }
    #expect(try database.pairs(from: start, prefix: prefix).map(\.key) == expected)
  }

  @Test func prefixOfHighestBytesEndsAtTheEnd() throws {
    let database = try open()
    for key: [UInt8] in [[0xfe], [0xff], [0xff, 0xff], [0xff, 0xff, 0]] {
      try database.put([], forKey: key)
    }
    #expect(try keys(of: database, prefix: [0xff, 0xff]) == [[0xff, 0xff], [0xff, 0xff, 0]])
  }

  @Test func bodyCanStop() throws {
    let database = try open()
    for pair in Pair.numbered(5) { try database.put(bytes(pair.value), forKey: bytes(pair.key)) }
    var seen: [Pair] = []
    try database.forEach { key, value in
      seen.append(Pair(key, value))
      return seen.count == 2 ? .stop : .next
    }
    #expect(seen == Array(Pair.numbered(5).prefix(2)))
  }

  @Test func errorOfBodyIsThrownOn() throws {
    let database = try open()
    try database.put([], forKey: [1])
    try database.put([], forKey: [2])
    var count = 0
    #expect(throws: Interruption()) {
      try database.forEach { _, _ in
        count += 1
        throw Interruption()
      }
    }
    #expect(count == 1)
    #expect(try keys(of: database) == [[1], [2]])
  }

  @Test func writesDuringAnIterationAreNotSeen() throws {
    let database = try open()
    for key: UInt8 in [1, 3] { try database.put([key], forKey: [key]) }
    var seen: [[UInt8]] = []
    try database.forEach { key, value in
      seen.append(value)
      try database.put([0], forKey: [2])
      try database.put([0], forKey: [3])
      return .next
    }
    #expect(seen == [[1], [3]])
    #expect(try database.value(forKey: [3]) == [0])
  }

  @Test func snapshotKeepsItsMoment() throws {
    let database = try open()
    for pair in Pair.numbered(3) { try database.put(bytes(pair.value), forKey: bytes(pair.key)) }
    let text = try database.withSnapshot { snapshot in
      try database.put(bytes("new"), forKey: bytes("key100"))
      try database.removeValue(forKey: bytes("key101"))
      try database.put(bytes("new"), forKey: bytes("key200"))
      database.compact()
      #expect(try snapshot.value(forKey: bytes("key101")) == bytes("value 101"))
      #expect(try snapshot.value(forKey: bytes("key200")) == nil)
      var pairs: [Pair] = []
      try snapshot.forEach { key, value in
        pairs.append(Pair(key, value))
        return .next
      }
      #expect(pairs == Pair.numbered(3))
      return try snapshot.value(forKey: bytes("key100"))
    }
    #expect(text == bytes("value 100"))
    #expect(
      try database.pairs()
        == [Pair("key100", "new"), Pair("key102", "value 102"), Pair("key200", "new")])
  }

  @Test func errorInASnapshotIsThrownOn() throws {
    let database = try open()
    #expect(throws: Interruption()) {
      try database.withSnapshot { _ throws(Interruption) -> Int in throw Interruption() }
    }
    try database.put([1], forKey: [1])
    #expect(try database.value(forKey: [1]) == [1])
  }
}
