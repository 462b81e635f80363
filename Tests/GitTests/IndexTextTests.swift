import SystemPackage
import TestSupport
import Testing

@testable import Git

@Suite(.scratchDirectory) struct IndexTextTests {
  static let file = "deployments/bsc.json"
  static let other = ObjectID(hex: String(repeating: "5a", count: 20))

  /// A repository with our file and others, staged, whose index knows the trees of its folders.
  func populated() async throws -> FilePath {
    let path = try await newRepository()
    for folder in ["deployments", "deployments/sub", "z"] { try makeFolder(path.appending(folder)) }
    for name in ["a", Self.file, "deployments/sub/x", "z/x"] {
      try writeFile(path.appending(name), "\(name)\n")
    }
    try await git("add", ".", in: path)
    try await git("write-tree", in: path)
    return path
  }

  func index(_ path: FilePath) throws -> [UInt8] { try readFile(path.appending(".git/index")) }

  @Test func onlyTheEntryAndTheTreesAboveItChange() async throws {
    let path = try await populated()
    let before = try index(path)
    var text = try #require(IndexText(before))
    #expect(text.bytes == before)
    let id = try #require(Self.other)
    let isSet = text.set(Self.file, id, .blob, nil)
    #expect(isSet)
    try writeFile(path.appending(".git/index"), text.bytes)
    #expect(
      try await git("ls-files", "--stage", Self.file, in: path)
        == "100644 \(id.hex) 0\t\(Self.file)")
    // git goes by the trees that the index knows, so that the object need not be there below z.
    let tree = try await git("write-tree", "--missing-ok", in: path)
    #expect(try await git("ls-tree", "\(tree):deployments", in: path).contains(id.hex))
    #expect(
      try await git("ls-files", "--stage", "--debug", ":!\(Self.file)", in: path)
        == (try await {
          try writeFile(path.appending(".git/index"), before)
          return try await git("ls-files", "--stage", "--debug", ":!\(Self.file)", in: path)
        }()))
  }

  @Test func whatItDoesNotKnowIsLeftToLibgit2() async throws {
    let path = try await populated()
    var text = try #require(IndexText(try index(path)))
    let id = try #require(Self.other)
    let added = text.set("deployments/new.json", id, .blob, nil)
    let linked = text.set(Self.file, id, .link, nil)
    #expect(!added && !linked)
    try await git("update-index", "--index-version", "4", in: path)
    #expect(IndexText(try index(path)) == nil)
    try await git("update-index", "--index-version", "2", in: path)
    #expect(IndexText(try index(path)) != nil)
    try await git("update-index", "--split-index", in: path)
    #expect(IndexText(try index(path)) == nil)
  }

  @Test func aDamagedIndexIsNone() async throws {
    let path = try await populated()
    let bytes = try index(path)
    for length in 0..<bytes.count { #expect(IndexText(Array(bytes[..<length])) == nil) }
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 1
      #expect(IndexText(damaged) == nil)
    }
  }

  @Test(arguments: 0..<20) func anIndexThatLiesBreaksNothing(_ seed: Int) async throws {
    let path = try await populated()
    let content = try index(path).dropLast(20)
    let id = try #require(Self.other)
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    func next(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    for _ in 0..<500 {
      var bytes = Array(content)
      for _ in 0...next(3) { bytes[8 + next(bytes.count - 8)] = UInt8(next(256)) }
      bytes += bytes.withUnsafeBytes { SHA1.hash($0) }
      guard var text = IndexText(bytes) else { continue }
      _ = text.set(Self.file, id, .blob, nil)
      // A mode that is none is an error.
      _ = try? text.entries(in: "deployments")
      #expect(text.bytes.count >= 32)
    }
  }
}
