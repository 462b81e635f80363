import Git
import SystemPackage
import TestSupport
import Testing

/// Large loose objects, of which each is an edit of the one before, checked with the git program.
@Suite(.scratchDirectory) struct LargeObjectTests {
  private func expectSound(_ versions: [[UInt8]], _ ids: [ObjectID], in path: FilePath) async throws
  {
    try await expectReadable(versions, ids, in: path)
    // Each of them can be packed by git, as it will be.
    try await git("repack", "-adfq", in: path)
    try await git("fsck", "--strict", "--full", in: path)
  }

  private func file(of id: ObjectID, in path: FilePath) throws -> [UInt8] {
    try readFile(path.appending(".git/objects/\(id.hex.prefix(2))/\(id.hex.dropFirst(2))"))
  }

  @Test func editsAreCompressedWhereTheyAre() async throws {
    let path = try await newRepository()
    var lines = (0..<6000).map { "    \"Token\($0)\": { \"address\": \"\($0 &* 7919)\" },\n" }
    var versions = [Array(lines.joined().utf8)]
    // In the same length, longer, shorter; at both ends; in several places at once.
    for change in 0..<12 {
      lines[change * 499] = "    \"Token\(change * 499)\": { \"address\": \"new\" },\n"
      if change % 3 == 0 { lines.insert("    \"New\(change)\": 1,\n", at: change * 100) }
      if change % 3 == 1 { lines.remove(at: 5000 - change) }
      if change % 4 == 2 { lines[0] += "x\n" }
      if change % 4 == 3 { lines.append("    \"Tail\(change)\": 2,\n") }
      versions.append(Array(lines.joined().utf8))
    }
    let ids = try publish(versions.map { [$0] }, in: path)
    let files = try ids.map { try file(of: $0, in: path) }
    for (before, after) in zip(files, files.dropFirst()) {
      let known = Set(stride(from: 0, to: before.count - 32, by: 1).map { before[$0..<$0 + 32] })
      let places = Array(stride(from: 0, to: after.count - 32, by: 32))
      let taken = places.count { known.contains(after[$0..<$0 + 32]) }
      #expect(taken * 2 > places.count, "less than half was taken over")
    }
    try await expectSound(versions, ids, in: path)
  }

  @Test func whatHasNothingInCommonComesBack() async throws {
    let path = try await newRepository()
    var generator = RandomBytes(seed: 11)
    let first = generator.bytes(200_000)
    let repeated = Array(repeating: UInt8(ascii: " "), count: 300_000)
    let versions = [
      first, generator.bytes(150_000), Array(first.dropFirst(70_000)),
      Array(first.reversed()), repeated, repeated + first, Array(repeated.dropLast()),
      first + first, Array(first[..<65_536]), Array(first[..<65_535]), first,
    ]
    let ids = try publish(versions.map { [$0] }, in: path)
    try await expectSound(versions, ids, in: path)
  }
}
