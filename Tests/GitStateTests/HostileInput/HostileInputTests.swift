import LosslessJSON
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// The short form of `make fuzz`: some thousand inputs, the same each time, through what the fuzzer feeds.
@Suite(.scratchDirectory) struct HostileInputTests {
  /// How many inputs each has, so that all take a few seconds: the importer works on disk.
  static let inputs: [Reading: Int] = [
    .json: 1500, .deployment: 1500, .names: 5000, .record: 3000, .leveldb: 300,
  ]

  @Test(arguments: Reading.allCases) func whatMustHoldHolds(reading: Reading) throws {
    let corpus = try corpus(of: reading)
    let folder = ScratchDirectory.current.path.appending("input").string
    for input in corpus { try reading.check(input, folder: folder) }
    var random = SeededGenerator(seed: 500)
    for number in 0..<(Self.inputs[reading] ?? 0) {
      let input = changed(corpus, &random)
      do {
        try reading.check(input, folder: folder)
      } catch {
        Issue.record("input \(number), \(String(decoding: input, as: UTF8.self)): \(error)")
      }
    }
  }

  /// The corpus is worth changing: what is in it can be read.
  @Test func theCorpusIsRead() throws {
    for bytes in try corpus(of: .deployment) {
      guard case .deployment(let file) = DeploymentFile.parse(name: "x.json", bytes: bytes) else {
        Issue.record("no deployment: \(String(decoding: bytes, as: UTF8.self))")
        continue
      }
      #expect(!file.contractNames.isEmpty)
    }
    let folder = ScratchDirectory.current.path.appending("folder")
    var counts: [Int] = []
    try makeFolder(folder)
    for bytes in try corpus(of: .leveldb) {
      for file in DatabaseInput.files(bytes, mendingTables: true) {
        DatabaseInput.write(file.bytes, to: folder.appending(file.name).string)
      }
      counts.append(try LevelDBRecords(copying: folder.string).contracts.count)
      for name in try entries(of: folder) { try removeFile(folder.appending(name)) }
    }
    // "both", "log", "removed", "reopened" and "table", each once more with checksums to be mended.
    #expect(counts.sorted() == [7, 7, 8, 8, 8, 8, 11, 11, 12, 12])
  }

  private func corpus(of reading: Reading) throws -> [[UInt8]] {
    switch reading {
    case .json, .deployment:
      let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent().removingLastComponent()
      let folder = root.appending("deployments")
      return try entries(of: folder).map { try readFile(folder.appending($0)) }
        + [Array(RecordRoundTripTests.wildFile.utf8)]
    case .names:
      return [
        "56-LookCoin", "bscmainnet/Token", "56/contracts/a.sol:Token", "2 days ago",
        "2025-07-25T11:11:18.006Z", "yesterday",
      ].map { Array($0.utf8) }
    case .record:
      var generator = RecordGenerator(seed: 501)
      return (0..<20).map { _ in
        let name = generator.random.pick(RecordGenerator.names)
        return JSONValue.object(generator.record(name)).serialized(.compact)
      }
    case .leveldb:
      let folder = ScratchDirectory.current.path.appending("corpus")
      try makeFolder(folder)
      DatabaseInput.writeSeeds(to: folder.string, of: [])
      return try entries(of: folder).sorted().map { try readFile(folder.appending($0)) }
    }
  }

  /// One of the corpus with one to four changes: of a bit, a byte or a number, something more, less or twice,
  /// a piece of another one.
  private func changed(_ corpus: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = random.pick(corpus)
    for _ in 0...random.below(4) {
      let place = random.below(bytes.count + 1)
      let end = min(bytes.count, place + random.below(20))
      switch random.below(7) {
      case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
      case 1 where place < bytes.count: bytes[place] = random.pick([0, 1, 0x7F, 0x80, 0xFF])
      case 2: bytes.removeSubrange(place..<end)
      case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
      case 4:
        let other = random.pick(corpus)
        let start = random.below(other.count)
        bytes.insert(contentsOf: other[start...].prefix(random.below(40)), at: place)
      case 5: bytes.removeSubrange(place...)
      default:
        let words = [
          "\"", "\\ud800", "[[", "{\"", ":-0.0", "1e999", ",", "\u{e9}", "\0", "/", "-", "null",
        ]
        bytes.insert(contentsOf: Array(random.pick(words).utf8), at: place)
      }
    }
    return bytes
  }
}
