import Git
import SystemPackage
import Testing
import TestSupport

@Suite struct ObjectIDTests {
  static let hex = "ce013625030ba8dba906f756967f9e9ca394464a"

  @Test func hexSurvives() throws {
    let id = try #require(ObjectID(hex: Self.hex))
    #expect(id.hex == Self.hex)
    #expect(id.short == "ce01362")
    #expect(ObjectID(hex: Self.hex.uppercased()) == id)
    #expect(ObjectID.zero.hex == String(repeating: "0", count: 40))
  }

  @Test(arguments: ["", "ce01", hex + "0", String(hex.dropLast()) + "g", "é" + hex.dropFirst(2)])
  func otherTextsAreNoID(text: String) {
    #expect(ObjectID(hex: text) == nil)
  }

  @Test func idsSortByTheirBytes() throws {
    let texts = ["00ff", "01", "7f", "80", "ff"].map {
      $0 + String(repeating: "0", count: 36 + 4 - $0.count)
    }
    let last = String(repeating: "0", count: 38) + "80"
    let ids = try (texts + [last]).map { try #require(ObjectID(hex: $0)) }
    #expect(ids.shuffled().sorted().map(\.hex) == ids.map(\.hex).sorted())
  }

  @Test(.scratchDirectory) func blobHasGitsName() async throws {
    try writeFile(ScratchDirectory.current.path.appending("file"), "hello\n")
    let hex = try await git("hash-object", "file", in: ScratchDirectory.current.path)
    #expect(try ObjectID.blob(Array("hello\n".utf8)).hex == hex)
    #expect(try ObjectID.blob([]).hex == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
  }
}
