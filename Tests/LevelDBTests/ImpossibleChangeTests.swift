import LevelDB
import SystemPackage
import TestSupport
import Testing

/// What LevelDB would end the process for, found by the fuzzer.
@Suite(.scratchDirectory)
struct ImpossibleChangeTests {
  private var folder: FilePath { ScratchDirectory.current.path.appending("db") }

  /// A record of a log, its checksum right.
  private func record(_ content: [UInt8]) -> [UInt8] {
    let type: UInt8 = 1
    let length = [UInt8(content.count & 255), UInt8(content.count >> 8)]
    return checksum([type] + content) + length + [type] + content
  }

  /// CRC-32C, "masked".
  private func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : (crc >> 1) ^ 0x82F6_3B78 }
    }
    crc = ~crc
    let masked = ((crc >> 15) | (crc << 17)) &+ 0xA282_EAD8
    return (0..<4).map { UInt8(truncatingIfNeeded: masked >> (8 * $0)) }
  }

  private func expectRefusal(_ words: String = "impossible number of changes") {
    let error = failure { _ = try DatabaseCopy(of: folder.string) }
    #expect(error?.code == .corruption)
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    #expect(failure { _ = try Database(path: folder.string) }?.code == .corruption)
  }

  @Test func inALogIsAnError() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: false)
    let log = try onlyFile(in: folder, suffix: ".log")
    // A batch: its first change's number, one change, a value "v" for the key "k".
    let number: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 2]
    let batch = number + [1, 0, 0, 0, 1, 1, 107, 1, 118]
    try writeFile(log, try readFile(log) + record(batch))
    expectRefusal()
  }

  /// The changes of three keys have the numbers 1 to 3, and a batch is added.
  @Test(arguments: [
    // Once more the first change: 1, one change, a value "v" for the key "key100".
    [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 6] + Array("key100".utf8) + [1, 118],
    // With a change before it, and a key whose length has superfluous bits.
    [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 107, 1, 0x86, 0x80, 0x80, 0x80, 0x10]
      + Array("key100".utf8) + [1, 118],
  ])
  func aChangeThatIsThereTwiceIsAnError(batch: [UInt8]) throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: false)
    let log = try onlyFile(in: folder, suffix: ".log")
    try writeFile(log, try readFile(log) + record(batch))
    expectRefusal("the same change twice")
  }

  /// LevelDB numbers each change anew; but other programs write its format, too, and it reads this.
  @Test func otherChangesOfTheSameNumberAreRead() throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: false)
    let log = try onlyFile(in: folder, suffix: ".log")
    let number: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    try writeFile(log, try readFile(log) + record(number + [1, 0, 0, 0, 1, 1, 107, 1, 118]))
    let copy = try DatabaseCopy(of: folder.string)
    #expect(try copy.database.value(forKey: bytes("k")) == bytes("v"))
  }

  /// Tags and what they say; a number is 2^63 - 1 in groups of seven bits, a key ends with eight bytes.
  @Test(arguments: [
    ([4] + Array(repeating: 0xFF, count: 8) + [0x7F], "impossible number of changes"),
    ([3] + Array(repeating: 0xFF, count: 8) + [0x7F], "impossible number of a file"),
    ([3, 0], "impossible number of a file"),
    ([7, 2, 0, 1] + key(97) + key(98), "impossible number of a file"),
    ([7, 2, 9, 1, 1, 97] + key(98), "impossible key"),
    ([5, 2, 1, 97], "impossible key"),
    ([7, 0, 9, 1] + key(98) + key(97), "impossible key"),
    ([7, 2, 9, 1] + key(97) + key(122) + [7, 2, 10, 1] + key(98) + key(99), "keys overlap"),
  ])
  func inAManifestIsAnError(edit: [UInt8], words: String) throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    let current = String(decoding: try readFile(folder.appending("CURRENT")), as: UTF8.self)
    let manifest = folder.appending(String(current.dropLast()))
    try writeFile(manifest, try readFile(manifest) + record(edit))
    expectRefusal(words)
  }

  private static func key(_ letter: UInt8) -> [UInt8] { [9, letter, 1, 1, 0, 0, 0, 0, 0, 0] }

  /// As a log from before that a MANIFEST may name.
  @Test(arguments: ["000000.log", "9223372036854775807.log"])
  func aLogOfAnImpossibleNumberIsAnError(name: String) throws {
    try makeDatabase(folder, Pair.numbered(3), compacted: true)
    try writeFile(folder.appending(name), "")
    expectRefusal("whose number is impossible")
  }

  @Test func aKeyOfATableThatHasNoRoomForItsNumberIsAnError() throws {
    try makeDatabase(folder, Pair.numbered(1), compacted: true)
    let file = try onlyFile(in: folder, suffix: ".ldb")
    var table = try readFile(file)
    // What a key shares with the one before, its length with the change's number, and that of the value.
    #expect(Array(table[..<3]) == [0, 14, 9])
    table.replaceSubrange(1..<3, with: [7, 16])
    // One entry, where it begins, how many there are; and a byte for "not compressed".
    let end = 3 + 14 + 9 + 4 + 4 + 1
    table.replaceSubrange(end..<(end + 4), with: checksum(Array(table[..<end])))
    try writeFile(file, table)
    let error = failure { _ = try DatabaseCopy(of: folder.string) }
    #expect(error?.code == .corruption)
    #expect(error?.message.contains("with an impossible key") == true)
  }
}
