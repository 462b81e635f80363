import Foundation
import LosslessJSON
import Testing

struct ParserTests {
  @Test func readsEveryKind() throws {
    let text = #" { "a" : [ null , true , false , -1.5e+3 , "x" , { } , [ ] ] , "b" : "" } "#
    let expected: JSONValue = [
      "a": [
        nil, true, false, .number(try #require(JSONNumber("-1.5e+3"))), "x", [:], [],
      ], "b": "",
    ]
    #expect(try JSONValue(parsing: text) == expected)
  }

  @Test func readsFromAnySequence() throws {
    #expect(try JSONValue(parsing: Array("[1]".utf8)) == [1])
    #expect(try JSONValue(parsing: "x[1]".utf8.dropFirst()) == [1])
    #expect(try JSONValue(parsing: AnySequence(" 7".utf8)) == 7)
  }

  @Test func keepsOrderOfKeys() throws {
    let keys = (0..<40).map { "k\($0 * 7 % 40)" }
    let text = "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    let value = try JSONValue(parsing: text)
    #expect(value.object?.keys == keys)
    #expect(value.text() == text)
  }

  @Test(arguments: [
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
    (#""\u0041\u00e9\u00E9\u2028""#, "A\u{e9}\u{e9}\u{2028}"),
    (#""\ud83d\uDE00\u0000x""#, "\u{1F600}\u{0}x"),
    (#""\uDBFF\uDFFF\ud800\udc00""#, "\u{10FFFF}\u{10000}"),
    (#""seven77\n""#, "seven77\n"),
    ("\"eight888\u{e9}\"", "eight888\u{e9}"),
    (
      "\"a long text without any escape in it, 64 bytes or so \u{7f}\u{2028}\"",
      "a long text without any escape in it, 64 bytes or so \u{7f}\u{2028}"
    ),
  ])
  func decodesStrings(_ text: String, _ expected: String) throws {
    let string = try #require(try JSONValue(parsing: text).string)
    #expect(Array(string.utf8) == Array(expected.utf8))
  }

  @Test(arguments: 0..<40)
  func findsSpecialBytesAtEveryPlace(_ place: Int) throws {
    let before = String(repeating: "a", count: place)
    for after in ["", "b", "bcdefghij"] {
      #expect(try JSONValue(parsing: "\"\(before)\\n\(after)\"").string == "\(before)\n\(after)")
      let wide = "\(before)\u{1F600}\(after)"
      #expect(try JSONValue(parsing: "\"\(wide)\"").string == wide)
      // A zero as second byte would be taken for UTF-16.
      for byte in UInt8(place == 0 ? 1 : 0)..<0x20 {
        let bytes = Array("\"\(before)".utf8) + [byte] + Array("\(after)\"".utf8)
        let error = #expect(throws: JSONParseError.self) { try JSONValue(parsing: bytes) }
        #expect(error?.offset == place + 1)
      }
    }
  }

  @Test func refusesDuplicateKeys() {
    let error = #expect(throws: JSONParseError.self) {
      try JSONValue(parsing: #"{"a": 1, "b": {"c": 1, "c": 2}}"#)
    }
    #expect(error?.message == #"duplicate key "c""#)
    #expect(error?.column == 24)
  }

  @Test func refusesDuplicateKeysThatDifferByEscapes() {
    #expect(throws: JSONParseError.self) { try JSONValue(parsing: #"{"a": 1, "\u0061": 2}"#) }
  }

  @Test func refusesADuplicateAmongManyKeys() {
    let members = (0..<1_000).map { "\"key \($0)\": \($0)" } + ["\"key 500\": 0"]
    let error = #expect(throws: JSONParseError.self) {
      try JSONValue(parsing: "{" + members.joined(separator: ",\n") + "}")
    }
    #expect(error?.line == 1_001)
    #expect(error?.message == #"duplicate key "key 500""#)
  }

  @Test func keepsTheLastOfDuplicateKeysIfAsked() throws {
    let value = try JSONValue(
      parsing: #"{"a": 1, "b": 2, "a": 3}"#, options: .init(duplicateKeys: .keepLast))
    #expect(value.text() == #"{"a":3,"b":2}"#)
  }

  @Test func tellsCanonicallyEquivalentKeysApart() throws {
    let value = try JSONValue(parsing: "{\"\u{e9}\": 1, \"e\u{301}\": 2}")
    #expect(value.object?["\u{e9}"] == 1)
    #expect(value.object?["e\u{301}"] == 2)
    #expect(value.object?.count == 2)
  }

  @Test func boundsNesting() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(try JSONValue(parsing: nested(512)).text() == nested(512))
    let error = #expect(throws: JSONParseError.self) { try JSONValue(parsing: nested(513)) }
    #expect(error?.column == 513)
    #expect(error?.message == "more than 512 arrays and objects inside one another")
    #expect(try JSONValue(parsing: nested(3), options: .init(maximumDepth: 3)) == [[[]]])
    #expect(throws: JSONParseError.self) {
      try JSONValue(parsing: #"{"a":{"b":[]}}"#, options: .init(maximumDepth: 2))
    }
    #expect(throws: JSONParseError.self) {
      try JSONValue(parsing: "[]", options: .init(maximumDepth: 0))
    }
  }

  @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
  func survivesAMillionBrackets(_ opening: String) {
    let text = String(repeating: opening, count: 1_000_000)
    for depth in [512, .max] {
      let error = #expect(throws: JSONParseError.self) {
        try JSONValue(parsing: text, options: .init(maximumDepth: depth))
      }
      #expect(error?.message.contains("inside one another") == true)
    }
  }

  /// Secondary threads of macOS have half a megabyte of stack; unoptimised code needs far more than
  /// released code, 1.6 KB for each level.
  @Test func handlesTheDeepestValuesOnASmallStack() async throws {
    let depth = JSONParser.depthLimit
    let text =
      String(repeating: "{\"a\":[", count: depth / 2) + String(repeating: "]}", count: depth / 2)
    let isSame = await withCheckedContinuation { continuation in
      let thread = Thread {
        let options = JSONParser.Options(maximumDepth: .max)
        guard let value = try? JSONValue(parsing: text, options: options),
          let other = try? JSONValue(parsing: value.serialized(), options: options),
          var document = try? JSONDocument(value.serialized(), options: options)
        else { return continuation.resume(returning: false) }
        let change = JSONMemberChange(key: "b", value: value)
        let error = #expect(throws: JSONEditError.self) {
          try document.edit(objectAt: [], [change], placement: .end)
        }
        continuation.resume(
          returning: value == other && value.hashValue == other.hashValue && value.text() == text
            && error?.reason == .tooDeep)
      }
      #if DEBUG
        thread.stackSize = 3 << 20
      #else
        thread.stackSize = 512 << 10
      #endif
      thread.start()
    }
    #expect(isSame)
  }
}
