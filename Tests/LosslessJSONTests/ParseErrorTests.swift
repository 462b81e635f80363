import LosslessJSON
import Testing

struct ParseErrorTests {
  @Test(arguments: [
    ("", 1, 1, "expected a value, found the end of the text"),
    (" \n ", 2, 2, "expected a value, found the end of the text"),
    ("[1,]", 1, 4, "expected a value, found ']'"),
    ("[1 2]", 1, 4, "expected ',' or ']' after an array's element, found '2'"),
    ("{\"a\": 1 x}", 1, 9, "expected ',' or '}' after an object's member, found 'x'"),
    ("{\n  \"a\": 1,\n}", 3, 1, "expected a key in double quotes after ',', found '}'"),
    ("{a: 1}", 1, 2, "expected a key in double quotes or '}', found 'a'"),
    ("{'a': 1}", 1, 2, "expected a key in double quotes or '}', found '''"),
    ("{\"a\" 1}", 1, 6, "expected ':' after a key, found '1'"),
    ("[] []", 1, 4, "expected the end of the text, found '['"),
    ("[1\n", 2, 1, "expected ',' or ']' after an array's element, found the end of the text"),
    ("[nul]", 1, 2, "expected a value, found the word 'nul'"),
    ("[True]", 1, 2, "expected a value, found the word 'True'"),
    ("[01]", 1, 3, "expected no further digit after a number's first 0, found '1'"),
    ("[-]", 1, 3, "expected a digit after '-', found ']'"),
    ("[1.]", 1, 4, "expected a digit after '.', found ']'"),
    ("[1e+]", 1, 5, "expected a digit in a number's exponent, found ']'"),
    ("[+1]", 1, 2, "expected a value, found '+'"),
    ("\"abc", 1, 1, "a string has no closing quote"),
    ("[\"a\u{1}\"]", 1, 4, "the control character '\\u0001' in a string must be escaped"),
    ("[\"a\nb\"]", 1, 4, "the control character '\\u000a' in a string must be escaped"),
    ("[\"\\x\"]", 1, 4, "expected one of \" \\ / b f n r t u after '\\', found 'x'"),
    ("[\"\\u12g4\"]", 1, 7, "expected four hexadecimal digits after '\\u', found 'g'"),
    ("[1,\u{200b}]", 1, 4, "expected a value, found '\\u200b'"),
    ("[\u{0}]", 1, 1, "the text is not UTF-8, it looks like UTF-16 or UTF-32"),
    ("[1,\u{1b}]", 1, 4, "expected a value, found '\\u001b'"),
    ("\u{feff}{}", 1, 1, "the text begins with a byte order mark, which JSON does not allow"),
  ])
  func namesFaultAndPlace(_ text: String, _ line: Int, _ column: Int, _ message: String) throws {
    let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: text) }
    #expect(error.message == message)
    #expect((error.line, error.column) == (line, column))
    #expect("\(error)" == "\(message), at line \(line), column \(column)")
  }

  @Test(arguments: [
    ("[\n\n x", 3, 2), ("[\r\n\r\n x", 3, 2), ("[\r\r x", 3, 2), ("[\r\n\n\r x", 4, 2),
    ("[\"\u{e9}\u{1F600}e\u{301}\" x", 1, 9), ("[\"\u{2028}\",\n\"\u{e9}\"x", 2, 4),
  ])
  func countsLinesAndColumns(_ text: String, _ line: Int, _ column: Int) throws {
    let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: text) }
    #expect((error.line, error.column) == (line, column))
    #expect(error.offset == text.utf8.count - 1)
  }

  @Test(
    arguments: [
      [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0x80],
      [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xFE, 0xFF],
    ] as [[UInt8]])
  func refusesWhatIsNotUTF8(_ sequence: [UInt8]) throws {
    let bytes = Array("[\"\u{e9}".utf8) + sequence + Array("\"]".utf8)
    let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: bytes) }
    #expect(error.message.hasSuffix("is no part of UTF-8 text"))
    #expect((error.line, error.column, error.offset) == (1, 4, 4))
    let outside = try #require(throws: JSONParseError.self) {
      try JSONValue(parsing: Array("[1,".utf8) + sequence)
    }
    #expect(outside.message.hasPrefix("expected a value, found the byte 0x"))
  }

  @Test(
    arguments: [
      [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80],
      [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
    ] as [[UInt8]])
  func readsTheBoundsOfUTF8(_ sequence: [UInt8]) throws {
    let bytes = Array("[\"".utf8) + sequence + Array("\"]".utf8)
    #expect(try JSONValue(parsing: bytes).serialized(.compact) == bytes)
  }

  @Test(arguments: [
    #"["\ud800"]"#, #"["\udc00"]"#, #"["\uDBFFx"]"#, #"["\ud800\n"]"#, #"["\ud800\ud800"]"#,
    #"["\udc00\ud800"]"#, #"["\ud800\u0041"]"#,
  ])
  func refusesUnpairedSurrogates(_ text: String) throws {
    let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: text) }
    #expect(error.message.contains("one half of a surrogate pair without the other"))
    #expect(error.column == 3)
  }

  @Test(
    arguments: [
      [0xFE, 0xFF, 0x00, 0x5B, 0x00, 0x5D], [0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00],
      [0x00, 0x5B, 0x00, 0x5D], [0x5B, 0x00, 0x5D, 0x00],
    ] as [[UInt8]])
  func refusesUTF16(_ bytes: [UInt8]) throws {
    let error = try #require(throws: JSONParseError.self) { try JSONValue(parsing: bytes) }
    #expect(error.message.contains("UTF-16"))
    #expect((error.line, error.column) == (1, 1))
  }

  @Test func cutsAndEscapesTheKeysItQuotes() throws {
    let key = #"\u001b[31m\u202e"# + String(repeating: "k", count: 100)
    let error = try #require(throws: JSONParseError.self) {
      try JSONValue(parsing: "{\"\(key)\": 1, \"\(key)\": 1}")
    }
    let quoted = #"\u001b[31m\u202e"# + String(repeating: "k", count: 54) + "..."
    #expect(error.message == "duplicate key \"\(quoted)\"")
  }
}
