import Git
import SystemPackage
import TestSupport
import Testing

/// Packs of our own, checked with the git program.
@Suite(.scratchDirectory) struct PackTests {
  private func expectPacked(_ versions: [[UInt8]], _ ids: [ObjectID], in path: FilePath)
    async throws
  {
    try await expectReadable(versions, ids, in: path)
    let packs = try entries(of: path.appending(".git/objects/pack"))
    let index = try #require(packs.first { $0.hasSuffix(".idx") })
    try await git("verify-pack", ".git/objects/pack/\(index)", in: path)
  }

  @Test func manyObjectsBecomeOnePackOfDeltas() async throws {
    let path = try await newRepository()
    var lines = (0..<2000).map { "    \"Token\($0)\": { \"address\": \"\($0 &* 7919)\" },\n" }
    var versions: [[UInt8]] = []
    for number in 0..<120 {
      // Two places change, as an entry and its hash do; now and then a line comes or goes.
      lines[number * 7] = "    \"Token\(number * 7)\": { \"address\": \"changed \(number)\" },\n"
      lines[1999 - number] += number % 3 == 0 ? "    \"New\(number)\": 1,\n" : ""
      if number % 5 == 0 { lines.remove(at: 900) }
      if number % 5 == 4 { lines.append("    \"Tail\(number)\": 2,\n") }
      versions.append(Array(lines.joined().utf8))
    }
    let ids = try publish([versions], in: path)
    try await expectPacked(versions, ids, in: path)
    let counts = try await git("count-objects", "-v", in: path)
    #expect(counts.contains("count: 0\n") && counts.contains("in-pack: 120\n"))
    let size = versions.reduce(0) { $0 + $1.count }
    let packed = counts.split(separator: "\n").first { $0.hasPrefix("size-pack:") }
    let kibibytes = try #require(packed?.split(separator: " ").last.flatMap { Int($0) })
    #expect(kibibytes * 1024 < size / 100)
    // No chain is longer than git's own.
    let names = try entries(of: path.appending(".git/objects/pack"))
    let index = try #require(names.first { $0.hasSuffix(".idx") })
    let chains = try await git("verify-pack", "-v", ".git/objects/pack/\(index)", in: path)
    #expect(chains.contains("chain length = 50:") && !chains.contains("chain length = 51:"))
  }

  @Test func versionsOfAnyKindComeBack() async throws {
    let path = try await newRepository()
    var generator = RandomBytes(seed: 7)
    var versions: [[UInt8]] = [[], [1], Array(repeating: 10, count: 100)]
    for size in [63, 64, 65, 127, 128, 129, 65_535, 65_536, 65_537, 200_000] {
      versions.append(generator.bytes(size))
      versions.append(versions[versions.count - 1] + [10] + generator.bytes(20))
      versions.append(Array(versions[versions.count - 1].dropFirst(30)))
      versions.append(generator.bytes(40) + versions[versions.count - 1])
    }
    let ids = try publish([versions], in: path)
    try await expectPacked(versions, ids, in: path)
  }
}
