@testable import Git
import SystemPackage
import TestSupport
import Testing

/// Objects that are kept without compressing them, checked with the git program.
@Suite(.scratchDirectory) struct StoredObjectTests {
  private func content(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  private func stored(_ content: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = []
    StoredObject.append([content], to: &stream)
    return stream
  }

  private func read(_ stream: [UInt8]) -> [UInt8]? {
    stream.withUnsafeBufferPointer { StoredObject.content(of: $0) }
  }

  @Test(arguments: [0, 1, 64, 65, 1024, 1025, 65_535])
  func theyComeBack(count: Int) throws {
    #expect(read(stored(content(count))) == content(count))
  }

  @Test(arguments: [0, 1, 64, 65, 1024, 65_000])
  func gitReadsThem(count: Int) async throws {
    let path = try await newRepository()
    let content = content(count)
    let id = try ObjectID.blob(content)
    var file: [UInt8] = []
    StoredObject.append([Array("blob \(count)\0".utf8), content], to: &file)
    let hex = id.hex
    try makeFolders(path.appending(".git/objects/\(hex.prefix(2))"))
    try writeFile(path.appending(".git/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"), file)
    let shown = try await runProgram("git", ["cat-file", "blob", hex], in: path)
    #expect(shown.status == 0 && shown.output == content)
  }

  @Test func whatIsNotWholeIsNone() throws {
    let stream = stored(content(100))
    for count in 0..<stream.count { #expect(read(Array(stream[..<count])) == nil) }
    for index in [0, 1, 2, 3, 4, 5, 6, 7, 50, stream.count - 1] {
      var damaged = stream
      damaged[index] ^= 1
      #expect(read(damaged) == nil, "\(index)")
    }
    #expect(read(stream + [0]) == nil)
    var compressed: [UInt8] = []
    try Deflater().append([], Array("to and fro and ".utf8) + content(100), to: &compressed)
    #expect(read(compressed) == nil)
  }
}
