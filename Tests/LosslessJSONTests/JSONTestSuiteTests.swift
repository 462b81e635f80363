import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The corpus of Nicolas Seriot's JSONTestSuite, where it lies beside the package.
@Suite(.enabled(if: Corpus.isPresent))
struct JSONTestSuiteTests {
  @Test(arguments: Corpus.files("y_"))
  func reads(_ name: String) throws {
    let bytes = try Corpus.read(name)
    let hasDuplicates = [
      "y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
    ].contains(name)
    if hasDuplicates {
      #expect(throws: JSONParseError.self) { try JSONValue(parsing: bytes) }
    }
    let options = JSONParser.Options(duplicateKeys: hasDuplicates ? .keepLast : .refused)
    let value = try JSONValue(parsing: bytes, options: options)
    for style in [JSONStyle.compact, .pretty] {
      #expect(try JSONValue(parsing: value.serialized(style)) == value)
    }
    #expect(try JSONDocument(bytes, options: options).root == value)
  }

  @Test(arguments: Corpus.files("n_"))
  func refuses(_ name: String) throws {
    let bytes = try Corpus.read(name)
    let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: bytes) }
    #expect((0...bytes.count).contains(error.offset))
    #expect(error.line >= 1 && error.column >= 1)
    let breaks = bytes[..<error.offset].filter { $0 == UInt8(ascii: "\n") }
    #expect(error.line == breaks.count + 1)
    #expect(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{7f}" })
  }

  @Test(arguments: Corpus.files("i_"))
  func survives(_ name: String) throws {
    let bytes = try Corpus.read(name)
    do {
      let value = try JSONValue(parsing: bytes)
      #expect(try JSONValue(parsing: value.serialized()) == value)
      #expect(String(decoding: value.serialized(.compact), as: UTF8.self) == value.text())
    } catch {
      #expect(error.line >= 1)
      #expect(!name.hasPrefix("i_number") && name != "i_structure_500_nested_arrays.json")
    }
  }

  @Test func isWhole() {
    #expect(Corpus.files("y_").count == 95)
    #expect(Corpus.files("n_").count == 188)
    #expect(Corpus.files("i_").count == 35)
  }
}

enum Corpus {
  static let folder = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().removingLastComponent().appending("shared/data/JSONTestSuite")

  static let isPresent = exists(folder)

  static func files(_ prefix: String) -> [String] {
    guard isPresent, let names = try? entries(of: folder) else { return [] }
    return names.filter { $0.hasPrefix(prefix) }
  }

  static func read(_ name: String) throws -> [UInt8] {
    try readFile(folder.appending(name))
  }
}
