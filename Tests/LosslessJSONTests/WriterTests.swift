import LosslessJSON
import SystemPackage
import TestSupport
import Testing

struct WriterTests {
  static let sample: JSONValue = [
    "s": .string(
      "\" \\ / \u{8}\u{c}\n\r\t \u{0}\u{1}\u{b}\u{e}\u{10}\u{1f} \u{7f}\u{80} \u{2028}\u{2029} "
        + "\u{e9} e\u{301} \u{1F600}"),
    "e": [:], "a": [], "n": [[], [:], [1, [2]]], "o": ["k\"": nil, "": true], "f": false,
  ]

  /// Printed by Node's JSON.stringify(value, null, 2).
  static let pretty = [
    #"{"#,
    #"  "s": "\" \\ / \b\f\n\r\t \u0000\u0001\u000b\u000e\u0010\u001f "#
      + "\u{7f}\u{80} \u{2028}\u{2029} \u{e9} e\u{301} \u{1F600}\",",
    #"  "e": {},"#,
    #"  "a": [],"#,
    #"  "n": ["#,
    #"    [],"#,
    #"    {},"#,
    #"    ["#,
    #"      1,"#,
    #"      ["#,
    #"        2"#,
    #"      ]"#,
    #"    ]"#,
    #"  ],"#,
    #"  "o": {"#,
    #"    "k\"": null,"#,
    #"    "": true"#,
    #"  },"#,
    #"  "f": false"#,
    #"}"#,
  ]

  @Test func printsAsStringify() {
    let expected = Self.pretty.joined(separator: "\n")
    #expect(Self.sample.serialized() == Array(expected.utf8))
    #expect(Array(Self.sample.text(.pretty).utf8) == Array(expected.utf8))
  }

  @Test func printsAsStringifyOnOneLine() {
    let value: JSONValue = ["e": [:], "a": [1, [], "x: y, z"], "o": ["k": nil, "": true]]
    #expect(value.text() == #"{"e":{},"a":[1,[],"x: y, z"],"o":{"k":null,"":true}}"#)
    #expect("\(value)" == value.text())
  }

  @Test func printsOtherStyles() {
    let value: JSONValue = ["a": [1], "b": [:]]
    let tabs = JSONStyle(indentation: "\t", lineEnd: .crlf, finalNewline: true)
    #expect(value.text(tabs) == "{\r\n\t\"a\": [\r\n\t\t1\r\n\t],\r\n\t\"b\": {}\r\n}\r\n")
    #expect(value.text(JSONStyle(indentation: "")) == "{\n\"a\": [\n1\n],\n\"b\": {}\n}")
    #expect(value.text(JSONStyle(indentation: nil, finalNewline: true)) == "{\"a\":[1],\"b\":{}}\n")
  }

  @Test func printsEveryScalarOnceEscaped() throws {
    for value in UInt32(0)..<0x80 {
      let scalar = try #require(Unicode.Scalar(value))
      let text = JSONValue.string(String(scalar)).text()
      let hasShortEscape = "\"\\\u{8}\t\n\u{c}\r".unicodeScalars.contains(scalar)
      #expect(text.utf8.count == (hasShortEscape ? 4 : value < 0x20 ? 8 : 3))
      #expect(try JSONValue(parsing: text).string == String(scalar))
    }
  }

  @Test(.enabled(if: node != nil), .scratchDirectory)
  func printsAsNodeDoes() async throws {
    let node = try #require(Self.node)
    let values = (0..<300).map { seed in
      var generator = DocumentGenerator(seed: seed)
      return generator.value(depth: 4)
    }
    // Numbers keep their text here, so that only those that JavaScript prints alike can be compared.
    let array = JSONValue.array(values.map(Self.withSimpleNumbers))
    let folder = ScratchDirectory.current.path
    let script =
      "let s='';process.stdin.setEncoding('utf8').on('data',d=>s+=d).on('end',()=>"
      + "process.stdout.write(JSON.stringify(JSON.parse(s), null, 2)))"
    for input in [array.serialized(), array.serialized(.compact)] {
      let result = try await runProgram(node, ["-e", script], in: folder, input: input)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output == array.serialized())
    }
  }

  static let node = ["/usr/bin/node", "/usr/local/bin/node"].first { exists(FilePath($0)) }

  static func withSimpleNumbers(_ value: JSONValue) -> JSONValue {
    switch value {
    case .number: 17
    case .array(let elements): .array(elements.map(withSimpleNumbers))
    case .object(let object):
      .object(JSONObject(object.map { ($0.key, withSimpleNumbers($0.value)) }))
    default: value
    }
  }
}
