import LosslessJSON
import Testing

struct ValueTests {
  @Test func comparesStringsByBytes() {
    #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
    #expect(JSONValue.string("\u{212b}") != .string("\u{c5}"))
    #expect(JSONValue.string("\u{e9}") == .string("\u{e9}"))
    #expect(Set<JSONValue>([.string("\u{e9}"), .string("e\u{301}"), .string("\u{e9}")]).count == 2)
  }

  @Test func comparesNumbersByText() {
    #expect(JSONValue.number(JSONNumber("1.0") ?? 0) != 1)
    #expect(JSONValue.number(JSONNumber("-0") ?? 1) != 0)
    #expect(JSONValue.number(JSONNumber("7") ?? 0) == 7)
  }

  @Test func comparesObjectsInOrder() {
    let left: JSONValue = ["a": 1, "b": [1, 2]]
    #expect(left == ["a": 1, "b": [1, 2]])
    #expect(left.hashValue == (["a": 1, "b": [1, 2]] as JSONValue).hashValue)
    #expect(left != ["b": [1, 2], "a": 1])
    #expect(left != ["a": 1])
    #expect(left != ["a": 1, "b": [1]])
  }

  @Test func namesItsKind() {
    let values: [JSONValue] = [nil, true, 1, "s", [], [:]]
    #expect(
      values.map(\.kind) == [
        "null", "a boolean", "a number", "a string", "an array", "an object",
      ])
    #expect(values.map(\.isNull) == [true, false, false, false, false, false])
    #expect(values.map(\.bool) == [nil, true, nil, nil, nil, nil])
    #expect(values.map(\.number) == [nil, nil, 1, nil, nil, nil])
    #expect(values.map(\.string) == [nil, nil, nil, "s", nil, nil])
    #expect(values.map(\.array) == [nil, nil, nil, nil, [], nil])
    #expect(values.map(\.object) == [nil, nil, nil, nil, nil, [:]])
  }

  @Test(arguments: [
    "0", "-0", "1.0", "1e400", "1E+2", "-1.5e-07", "123456789012345678901234567890",
    "115792089237316195423570985008687907853269984665640564039457584007913129639935",
  ])
  func keepsTheTextOfNumbers(_ text: String) throws {
    #expect(try JSONValue(parsing: text).number?.text == text)
    #expect(try JSONValue(parsing: "[\(text)]").text() == "[\(text)]")
    #expect(JSONNumber(text)?.text == text)
  }

  @Test(arguments: [
    "", "-", "+1", "01", "-01", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "1 ", " 1", "NaN",
    "Infinity", "1_000", "\u{661}", "--1", "1a",
  ])
  func refusesWhatIsNoNumber(_ text: String) {
    #expect(JSONNumber(text) == nil)
  }

  @Test func readsIntegersExactly() {
    #expect(JSONNumber("9223372036854775807")?.int64 == .max)
    #expect(JSONNumber("-9223372036854775808")?.int64 == .min)
    #expect(JSONNumber("9223372036854775808")?.int64 == nil)
    #expect(JSONNumber("18446744073709551615")?.uint64 == .max)
    #expect(JSONNumber("18446744073709551616")?.uint64 == nil)
    #expect(JSONNumber("-1")?.uint64 == nil)
    #expect(JSONNumber("-0")?.int64 == 0)
    #expect(JSONNumber("1.0")?.int64 == nil)
    #expect(JSONNumber("1e3")?.int64 == nil)
    #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
    #expect(JSONNumber(-5).int64 == -5)
  }

  @Test func readsTheNearestDouble() {
    #expect(JSONNumber("1.5")?.double == 1.5)
    #expect(JSONNumber("1E+2")?.double == 100)
    #expect(JSONNumber("0.1")?.double == 0.1)
    #expect(JSONNumber("-0")?.double?.sign == .minus)
    #expect(JSONNumber("1e400")?.double == nil)
    #expect(JSONNumber("1e-400")?.double == 0)
  }
}
