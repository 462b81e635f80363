import LosslessJSON
import Testing

struct HostileBytesTests {
  @Test(arguments: 0..<60)
  func neverCrashesAndKeepsWhatItReads(_ seed: Int) throws {
    var generator = DocumentGenerator(seed: seed)
    let text = generator.wildText(generator.value(depth: 4))
    let tokens = [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "0", "-", "e", ".", "null", "\r",
      "\n", "\u{feff}", "\u{e9}", "\u{0}",
    ]
    var readable = 0
    for _ in 0..<200 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator.random) {
        let at = Int.random(in: 0...bytes.count, using: &generator.random)
        switch Int.random(in: 0..<4, using: &generator.random) {
        case 0 where at < bytes.count:
          bytes[at] = UInt8.random(in: 0...255, using: &generator.random)
        case 1 where at < bytes.count:
          bytes.removeSubrange(at..<min(bytes.count, at + 3))
        case 2:
          bytes.removeSubrange(at...)
        default:
          bytes.insert(contentsOf: Array(generator.random.pick(tokens).utf8), at: at)
        }
      }
      _ = JSONStyle.detect(in: bytes)
      do {
        let value = try JSONValue(parsing: bytes)
        readable += 1
        for style in [JSONStyle.compact, .pretty, generator.style()] {
          #expect(try JSONValue(parsing: value.serialized(style)) == value)
        }
      } catch {
        #expect((0...bytes.count).contains(error.offset))
        #expect(error.line >= 1 && error.column >= 1 && !error.message.isEmpty)
        #expect(error.column <= error.offset + 1)
      }
    }
    #expect(readable < 200)
  }

  @Test(arguments: 0..<30)
  func readsWhatItWroteInEveryLayout(_ seed: Int) throws {
    var generator = DocumentGenerator(seed: seed)
    for _ in 0..<20 {
      let value = generator.value(depth: 5)
      #expect(try JSONValue(parsing: generator.wildText(value)) == value)
      #expect(try JSONValue(parsing: value.serialized(generator.style())) == value)
    }
  }

  @Test func refusesEveryBeginningOfAText() throws {
    let text = #"{"a": [1, -2.5e+3, "\u00e9\n\ud83d\ude00", true, null, {"b": {}}], "é": false}"#
    let bytes = Array(text.utf8)
    #expect(try JSONValue(parsing: bytes).object?.count == 2)
    for count in bytes.indices {
      #expect(throws: JSONParseError.self) { try JSONValue(parsing: bytes[..<count]) }
    }
  }
}
