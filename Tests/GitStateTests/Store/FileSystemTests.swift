import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// Reading files, whole and in parts.
@Suite(.scratchDirectory) struct FileSystemTests {
  private func file(_ content: [UInt8]) throws -> String {
    let path = ScratchDirectory.current.path.appending("file")
    try writeFile(path, content)
    return path.string
  }

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 * 31 % 251) } }

  @Test(arguments: [0, 1, 4096, 65_535, 65_536, 65_537, 131_072, 300_000])
  func aFileHoldsWhatWasWritten(size: Int) throws {
    let content = bytes(size)
    let path = try file(content)
    #expect(try FileSystem.read(path) == content)
    #expect(try FileSystem.holds(content, path))
    #expect(try !FileSystem.holds(content + [0], path))
    guard size > 0 else { return }
    #expect(try !FileSystem.holds(Array(content.dropLast()), path))
    for place in Set([0, size / 2, size - 1]) {
      var other = content
      other[place] ^= 1
      #expect(try !FileSystem.holds(other, path), "byte \(place)")
    }
  }

  @Test func aMissingFileHoldsNothing() throws {
    let path = ScratchDirectory.current.path.appending("none").string
    #expect(try FileSystem.read(path) == nil)
    #expect(try !FileSystem.holds([], path))
  }

  @Test func aFileThatDoesNotTellItsSizeIsReadToItsEnd() throws {
    let path = "/proc/self/maps"
    let first = try #require(try FileSystem.read(path))
    #expect(first.count > 1000 && first.last == UInt8(ascii: "\n"))
    #expect(try !FileSystem.holds(first, path))
  }
}
