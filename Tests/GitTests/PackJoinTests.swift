@testable import Git
import SystemPackage
import TestSupport
import Testing

/// Many small packs that become one, checked with the git program.
@Suite(.scratchDirectory) struct PackJoinTests {
  /// Versions of a file, of which each changes a line and some make it longer.
  private func versions(_ count: Int) -> [[UInt8]] {
    var lines = (0..<120).map { "    \"Token\($0)\": { \"address\": \"\($0 &* 7919)\" },\n" }
    return (0..<count).map { number in
      lines[number % 120] =
        "    \"Token\(number % 120)\": { \"address\": \"changed \(number)\" },\n"
      if number % 4 == 0 { lines.append("    \"New\(number)\": 1,\n") }
      return Array(lines.joined().utf8)
    }
  }

  /// Makes 60 packs in which objects repeat at other places: what the one has as a delta to something far
  /// away the next has as a delta to its neighbour.
  private func manyPacks(in path: FilePath) throws -> (versions: [[UInt8]], ids: [ObjectID]) {
    let all = versions(400)
    let parts = (0..<60).map { number in Array(all[(number * 6)..<(number * 6 + 40)]) }
    let ids = try publish(parts, in: path)
    return (parts.flatMap(\.self), ids)
  }

  private func packs(in path: FilePath) throws -> [String] {
    try entries(of: path.appending(".git/objects/pack")).filter { $0.hasSuffix(".pack") }
  }

  private func pack(_ path: FilePath, isFull: Bool = false) throws -> PackingReport {
    try open(path).pack(in: path.appending(".git/packing").string, isFull: isFull)
  }

  /// What git shows of all objects: names, types and sizes.
  private func objects(in path: FilePath) async throws -> String {
    try await git("cat-file", "--batch-all-objects", "--batch-check", in: path)
  }

  private func contents(_ path: FilePath) async throws -> [UInt8] {
    try await runProgram("git", ["cat-file", "--batch-all-objects", "--batch"], in: path).output
  }

  @Test func joinedPacksHaveEachObjectOnce() async throws {
    let path = try await newRepository()
    let (versions, ids) = try manyPacks(in: path)
    let before = try await contents(path)
    #expect(try packs(in: path).count == 60)
    #expect(try open(path).needsPacking())
    let report = try pack(path)
    #expect(report.removedPacks == 60 && report.removedLoose == 0)
    let left = try packs(in: path)
    #expect(left.count == 1 && report.packed == Set(ids).count)
    #expect(try await contents(path) == before)
    try await git("fsck", "--strict", "--full", in: path)
    // git makes the same index of the pack, and finds no object in it twice.
    let name = try #require(left.first)
    let index = path.appending("again.idx").string
    try await git(
      "index-pack", "--strict", "-o", index, ".git/objects/pack/\(name)", in: path)
    let ours = try readFile(path.appending(".git/objects/pack/\(name.dropLast(5)).idx"))
    #expect(try readFile(FilePath(index)) == ours)
    let repository = try open(path)
    for number in stride(from: 0, to: ids.count, by: 97) {
      #expect(try repository.blob(ids[number]) == versions[number])
    }
    #expect(try !repository.needsPacking())
  }

  @Test func packsOfOtherProgramsAreJoined() async throws {
    let path = try await newRepository()
    let (_, ids) = try manyPacks(in: path)
    let text = Array(Set(ids)).sorted().prefix(80).map(\.hex).joined(separator: "\n") + "\n"
    // Deltas that name their bases, of a program that knows no distances.
    let named = try await runProgram(
      "git", ["pack-objects", "--no-reuse-delta", "-q", ".git/objects/pack/pack"],
      in: path, input: Array(text.utf8))
    #expect(named.status == 0)
    let before = try await contents(path)
    #expect(try pack(path).removedPacks == 61)
    #expect(try await contents(path) == before)
    try await git("fsck", "--strict", "--full", in: path)
  }

  @Test func packWithOldIndexIsPackedAnew() async throws {
    let path = try await newRepository()
    _ = try manyPacks(in: path)
    let name = try #require(try packs(in: path).first).dropLast(5)
    let folder = path.appending(".git/objects/pack")
    let index = folder.appending("\(name).idx")
    let old = path.appending("old.idx")
    try await git(
      "index-pack", "--index-version=1", "-o", old.string, ".git/objects/pack/\(name).pack",
      in: path)
    let bytes = try readFile(old)
    try removeFile(index)
    try writeFile(index, bytes)
    let before = try await objects(in: path)
    #expect(try pack(path).removedPacks == 60)
    #expect(try await objects(in: path) == before)
    try await git("fsck", "--strict", "--full", in: path)
  }

  @Test func damageIsNotCopied() async throws {
    let path = try await newRepository()
    _ = try manyPacks(in: path)
    let name = try #require(try packs(in: path).first)
    let file = path.appending(".git/objects/pack/\(name)")
    var bytes = try readFile(file)
    bytes[bytes.count / 2] ^= 0x10
    try removeFile(file)
    try writeFile(file, bytes)
    let error = try failure { _ = try pack(path) }
    #expect(error?.code == .unreadable)
    #expect(error?.message.contains("is damaged") == true)
    #expect(try packs(in: path).count == 60)
  }

  @Test func aWrongNameInAnIndexGetsNoFreshChecksum() async throws {
    let path = try await newRepository()
    _ = try manyPacks(in: path)
    let name = try #require(try packs(in: path).first).dropLast(5)
    let file = path.appending(".git/objects/pack/\(name).idx")
    var bytes = try readFile(file)
    // A bit of the last byte of an object's name, behind the magic number and the table of first bytes.
    bytes[8 + 1024 + 19] ^= 1
    try removeFile(file)
    try writeFile(file, bytes)
    let error = try failure { _ = try pack(path) }
    #expect(error?.code == .unreadable && error?.message.contains("git index-pack") == true)
    #expect(try packs(in: path).count == 60)
  }

  @Test func anIndexOfManyPacksGoesWithThem() async throws {
    let path = try await newRepository()
    _ = try manyPacks(in: path)
    try await git("multi-pack-index", "write", in: path)
    let before = try await contents(path)
    #expect(try pack(path).removedPacks == 60)
    #expect(try await contents(path) == before)
    try await git("fsck", "--strict", "--full", in: path)
    #expect(!exists(path.appending(".git/objects/pack/multi-pack-index")))
  }

  /// What cannot be joined must not start the upkeep at each write.
  @Test func packsThatCannotBeJoinedAreNotCounted() async throws {
    let path = try await newRepository()
    let folder = path.appending(".git/objects/pack")
    for number in 0..<60 {
      let name = folder.appending("pack-\(String(repeating: "0", count: 38))\(10 + number)").string
      // Only their sizes are looked at; they take no room on the disk.
      try writeFile(FilePath(name + ".idx"), "")
      _ = try await runProgram("truncate", ["-s", "2G", name + ".pack"], in: path)
    }
    #expect(try !open(path).needsPacking())
    for number in 0..<51 {
      let name = folder.appending("pack-\(String(repeating: "1", count: 38))\(10 + number)").string
      try writeFile(FilePath(name + ".idx"), "")
      _ = try await runProgram("truncate", ["-s", "3M", name + ".pack"], in: path)
    }
    #expect(try open(path).needsPacking())
  }

  /// They need not begin with small ones.
  @Test func packsOfOneSizeAreJoinedHoweverLargeTheyAre() {
    func count(_ sizes: [Int]) -> Int {
      Repository.joinable(sizes.enumerated().map { (pack: "\($0)", size: $1) }).count
    }
    let mebibyte = 1 << 20
    #expect(count(Array(repeating: 3 * mebibyte, count: 60)) == 60)
    // One that is large beside all others is not written again for them.
    #expect(count(Array(repeating: 1000, count: 55) + [400 * mebibyte]) == 55)
    #expect(
      count(Array(repeating: 1000, count: 55) + [30 * mebibyte, 30 * mebibyte, 400 * mebibyte])
        == 57)
    #expect(count([5 * mebibyte, 50 * mebibyte, 500 * mebibyte]) == 0)
    // No more than a gibibyte at once.
    #expect(count(Array(repeating: 300 * mebibyte, count: 60)) == 3)
  }
}
