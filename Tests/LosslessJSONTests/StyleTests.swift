import LosslessJSON
import Testing

struct StyleTests {
  @Test(
    arguments: [
      ("{}", "  "), ("{ }", "  "), ("{\n}", "  "), ("", "  "), ("7", "  "), (#"{"a":1}"#, nil),
      (#"{"a": {"b": 1}}"#, nil), ("{\n  \"a\": 1\n}", "  "), ("{\n\t\"a\": 1\n}", "\t"),
      ("{\n    \"a\": 1\n}", "    "), ("{\n   \"a\": 1\n}", "   "), ("[\n  1\n]", "  "),
      ("[{\n  \"a\": 1\n}]", "  "), ("{\"a\": {\n    \"b\": 1\n}}", "    "), ("{\n\"a\": 1\n}", ""),
      ("{\n\"a\": {\n \"b\": 1}}", " "), ("{\"a\": 1,\n \"b\": 2}", " "),
      ("  {\n    \"a\": 1\n  }", "  "), ("{\n\n\n \t\"a\": 1}", " \t"), ("{\"a\":1\n}", nil),
      (#"{"a": "{\n   x"}"#, nil), ("{\"a{\\\"\n  \": 1}", nil), ("{\n  \"a\": [\n", "  "),
      ("{\"x", nil), ("[[],{}]", nil),
    ] as [(String, String?)])
  func findsTheIndentation(_ text: String, _ indentation: String?) {
    #expect(JSONStyle.detect(in: Array(text.utf8)).indentation == indentation)
  }

  @Test func findsLineEnds() {
    #expect(JSONStyle.detect(in: Array("{\r\n}".utf8)).lineEnd == .crlf)
    #expect(JSONStyle.detect(in: Array("{\n}\r\n".utf8)).lineEnd == .lf)
    #expect(JSONStyle.detect(in: Array("\n".utf8)).lineEnd == .lf)
    #expect(JSONStyle.detect(in: Array("{}".utf8)).lineEnd == .lf)
    #expect(JSONStyle.detect(in: Array("{}\r\n".utf8)).finalNewline)
    #expect(JSONStyle.detect(in: Array("{}\n".utf8)).finalNewline)
    #expect(!JSONStyle.detect(in: Array("{}\n ".utf8)).finalNewline)
    #expect(!JSONStyle.detect(in: []).finalNewline)
  }

  @Test(arguments: 0..<200)
  func findsTheStyleOfWhatItPrinted(_ seed: Int) {
    var generator = DocumentGenerator(seed: seed)
    let style = generator.style()
    let value: JSONValue = ["a": generator.value(depth: 3), "b": [1]]
    let found = JSONStyle.detect(in: value.serialized(style))
    #expect(found.indentation == style.indentation)
    #expect(found.finalNewline == style.finalNewline)
    if style.indentation != nil { #expect(found == style) }
    #expect(value.serialized(found) == value.serialized(style))
  }
}
