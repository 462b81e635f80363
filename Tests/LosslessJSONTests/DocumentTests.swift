import LosslessJSON
import TestSupport
import Testing

struct DocumentTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let before: String
    var path: [String] = []
    let changes: [JSONMemberChange]
    var placement = JSONPlacement.beforeFirstGreaterKey
    let after: String

    var testDescription: String { name }
  }

  @Test(arguments: insertions + replacements + removals + batches)
  func edits(_ example: Case) throws {
    var document = try JSONDocument(Array(example.before.utf8))
    try document.edit(
      objectAt: example.path, example.changes, placement: example.placement)
    #expect(String(decoding: document.bytes, as: UTF8.self) == example.after)
    // `==` of strings would let "\r\n" and other canonical equivalents pass.
    #expect(document.bytes == Array(example.after.utf8))
    #expect(try JSONValue(parsing: document.bytes) == document.root)
  }

  static func set(_ key: String, _ value: JSONValue) -> JSONMemberChange {
    JSONMemberChange(key: key, value: value)
  }

  static func remove(_ key: String) -> JSONMemberChange {
    JSONMemberChange(key: key, value: nil)
  }

  @Test func keepsTheStyleOfAnEmptyDocument() throws {
    var document = try JSONDocument(Array("{}\r\n".utf8))
    #expect(document.style == JSONStyle(indentation: "  ", lineEnd: .crlf, finalNewline: true))
    try document.edit(objectAt: [], [Self.set("a", ["b": [1]])], placement: .end)
    #expect(
      document.bytes
        == Array("{\r\n  \"a\": {\r\n    \"b\": [\r\n      1\r\n    ]\r\n  }\r\n}\r\n".utf8))
  }

  @Test func editsAgainAndAgain() throws {
    var document = try JSONDocument(Array("{}".utf8))
    for key in ["c", "a", "b", "d"] {
      try document.edit(
        objectAt: [], [Self.set(key, [:])], placement: .beforeFirstGreaterKey)
      try document.edit(objectAt: [key], [Self.set("x", 1)], placement: .end)
    }
    let expected: JSONValue = ["a": ["x": 1], "b": ["x": 1], "c": ["x": 1], "d": ["x": 1]]
    #expect(document.bytes == expected.serialized())
    #expect(document.root == expected)
    for key in ["b", "d", "a", "c"] {
      try document.edit(objectAt: [], [Self.remove(key)], placement: .end)
    }
    #expect(document.bytes == Array("{}".utf8))
  }

  @Test(arguments: ["[]", "7", #"{"a": 1}"#, #"{"a": [{"b": 1}]}"#, #"{"b": {}}"#])
  func refusesWhereThereIsNoObject(_ text: String) throws {
    var document = try JSONDocument(Array(text.utf8))
    let error = #expect(throws: JSONEditError.self) {
      try document.edit(objectAt: ["a"], [Self.set("b", 1)], placement: .end)
    }
    #expect(error?.reason == .noObject)
    #expect(error?.path == ["a"])
    #expect(error?.description == #"there is no object at "a""#)
    #expect(document.bytes == Array(text.utf8))
  }

  @Test func refusesTooDeepValues() throws {
    let options = JSONParser.Options(maximumDepth: 3)
    var document = try JSONDocument(Array(#"{"a": {}}"#.utf8), options: options)
    try document.edit(objectAt: ["a"], [Self.set("b", [1])], placement: .end)
    let before = document
    let error = #expect(throws: JSONEditError.self) {
      try document.edit(objectAt: ["a"], [Self.set("c", [[]])], placement: .end)
    }
    #expect(error?.reason == .tooDeep)
    #expect(document.bytes == before.bytes)
    #expect(document.root == before.root)
    #expect(try JSONValue(parsing: document.bytes, options: options) == document.root)
  }

  @Test func refusesTextThatIsNoJSON() {
    let error = #expect(throws: JSONParseError.self) { try JSONDocument(Array("{,}".utf8)) }
    #expect(error?.column == 2)
  }

  @Test func editsDuplicateKeysWhereTheyAreAllowed() throws {
    let options = JSONParser.Options(duplicateKeys: .keepLast)
    var document = try JSONDocument(Array(#"{"a": 1, "b": 2, "a": 3}"#.utf8), options: options)
    try document.edit(objectAt: [], [Self.set("c", 4)], placement: .after(key: "a"))
    #expect(document.bytes == Array(#"{"a": 1, "b": 2, "a": 3, "c": 4}"#.utf8))
    #expect(try JSONValue(parsing: document.bytes, options: options) == document.root)
    try document.edit(objectAt: [], [Self.remove("a")], placement: .end)
    #expect(document.bytes == Array(#"{"b": 2, "c": 4}"#.utf8))
    #expect(try JSONValue(parsing: document.bytes, options: options) == document.root)
  }

  @Test func insertsManyMembersInOnePass() throws {
    let old = JSONObject(
      (0..<5_000).map { ("k\(10_000 + 2 * $0)", ["address": "0x00", "timestamp": 1] as JSONValue) })
    var document = try JSONDocument(JSONValue.object(["contracts": .object(old)]).serialized())
    let changes = (0..<5_000).map { Self.set("k\(10_001 + 2 * $0)", ["address": "0x01"]) }
    let duration = try processorTime {
      try document.edit(
        objectAt: ["contracts"], changes.reversed(), placement: .beforeFirstGreaterKey)
    }
    let all = old.map { ($0.key, $0.value) } + changes.map { ($0.key, $0.value ?? nil) }
    let expected = JSONValue.object(["contracts": .object(JSONObject(all).sortedByKey())])
    #expect(document.bytes == expected.serialized())
    // 5,000 passes over half a megabyte would take minutes.
    #expect(duration < bound(.seconds(10)))
  }

  @Test func placesOfValues() throws {
    let text = "{\r\n  \"\u{E9}\": 1,  \"\\u0061\": {\"b\": [],\n\"b\": null}, \"c\": [{\"d\": 2}]}"
    let document = try JSONDocument(
      Array(text.utf8), options: .init(duplicateKeys: .keepLast))
    func place(_ path: String...) -> [Int]? {
      document.place(of: path).map { [$0.line, $0.column] }
    }
    #expect(place("\u{E9}") == [2, 8])
    #expect(place("a") == [2, 22])
    #expect(place("a", "b") == [3, 6])
    #expect(place("c", "d") == nil)
    #expect(place("e") == nil)
    #expect(place() == nil)
  }
}
