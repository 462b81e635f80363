import LosslessJSON

extension DocumentTests {
  static let insertions: [Case] = [
    Case(
      name: "between members, in order of keys",
      before: "{\n  \"a\": 1,\n  \"c\": 3\n}\n", changes: [set("b", 2)],
      after: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n"),
    Case(
      name: "before all members", before: "{\n  \"b\": 1,\n  \"c\": 3\n}",
      changes: [set("a", 0)], after: "{\n  \"a\": 0,\n  \"b\": 1,\n  \"c\": 3\n}"),
    Case(
      name: "at the end", before: "{\n  \"b\": 1,\n  \"c\": 3\n}", changes: [set("a", 0)],
      placement: .end, after: "{\n  \"b\": 1,\n  \"c\": 3,\n  \"a\": 0\n}"),
    Case(
      name: "after a key", before: "{\n  \"b\": 1,\n  \"c\": 3\n}",
      changes: [set("z", 0), set("y", 1)], placement: .after(key: "b"),
      after: "{\n  \"b\": 1,\n  \"z\": 0,\n  \"y\": 1,\n  \"c\": 3\n}"),
    Case(
      name: "after the last key", before: "{\n  \"b\": 1\n}", changes: [set("a", 0)],
      placement: .after(key: "b"), after: "{\n  \"b\": 1,\n  \"a\": 0\n}"),
    Case(
      name: "after a key that is not there", before: #"{"b":1,"c":2}"#, changes: [set("a", 0)],
      placement: .after(key: "x"), after: #"{"b":1,"c":2,"a":0}"#),
    Case(
      name: "before a key", before: "{\n  \"b\": 1,\n  \"c\": 3\n}", changes: [set("z", 0)],
      placement: .before(key: "c"), after: "{\n  \"b\": 1,\n  \"z\": 0,\n  \"c\": 3\n}"),
    Case(
      name: "before the first greater key though the keys are not sorted",
      before: "{\n  \"b\": 1,\n  \"z\": 2,\n  \"c\": 3\n}", changes: [set("d", 0)],
      after: "{\n  \"b\": 1,\n  \"d\": 0,\n  \"z\": 2,\n  \"c\": 3\n}"),
    Case(
      name: "in order of bytes, not of letters",
      before: "{\n  \"B\": 1,\n  \"a\": 2,\n  \"\u{10000}\": 3\n}",
      changes: [set("\u{ffff}", 5), set("Z", 4)],
      after: "{\n  \"B\": 1,\n  \"Z\": 4,\n  \"a\": 2,\n  \"\u{ffff}\": 5,\n  \"\u{10000}\": 3\n}"),
    Case(
      name: "several at one place in ascending order",
      before: "{\n  \"a\": 1,\n  \"z\": 2\n}", changes: [set("d", 4), set("b", 2), set("c", 3)],
      after: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4,\n  \"z\": 2\n}"),
    Case(
      name: "nested values at the right depth",
      before: "{\n    \"contracts\": {\n        \"B\": {}\n    }\n}\n", path: ["contracts"],
      changes: [set("A", ["args": [1, ["x"]], "none": [], "o": [:]])],
      after: "{\n    \"contracts\": {\n        \"A\": {\n            \"args\": [\n"
        + "                1,\n                [\n                    \"x\"\n                ]\n"
        + "            ],\n            \"none\": [],\n            \"o\": {}\n        },\n"
        + "        \"B\": {}\n    }\n}\n"),
    Case(
      name: "with tabs and CRLF", before: "{\r\n\t\"a\": 1\r\n}\r\n", changes: [set("b", [1])],
      after: "{\r\n\t\"a\": 1,\r\n\t\"b\": [\r\n\t\t1\r\n\t]\r\n}\r\n"),
    Case(
      name: "into a compact text", before: #"{"a":1,"c":{"x":[1,2]}}"#,
      changes: [set("b", ["y": [1, 2]])], after: #"{"a":1,"b":{"y":[1,2]},"c":{"x":[1,2]}}"#),
    Case(
      name: "into a compact text with one member", before: #"{"b":1}"#, changes: [set("a", 0)],
      after: #"{"a":0,"b":1}"#),
    Case(
      name: "into a spaced line", before: #"{"a": 1, "c": 3}"#,
      changes: [set("b", ["x": [1, 2], "y": nil])],
      after: #"{"a": 1, "b": {"x": [1, 2], "y": null}, "c": 3}"#),
    Case(
      name: "into a spaced line with one member", before: #"{"b": 1}"#,
      changes: [set("a", 0), set("c", 2)], after: #"{"a": 0, "b": 1, "c": 2}"#),
    Case(
      name: "into a line with space in its braces", before: #"{ "b" : 1 }"#,
      changes: [set("a", 0), set("c", 2)], after: #"{ "a" : 0, "b" : 1, "c" : 2 }"#),
    Case(
      name: "into a line inside lines",
      before: "{\n  \"o\": {\"a\": 1, \"c\": 3}\n}", path: ["o"], changes: [set("b", [1, 2])],
      after: "{\n  \"o\": {\"a\": 1, \"b\": [1, 2], \"c\": 3}\n}"),
    Case(
      name: "into {} inside lines", before: "{\n  \"o\": {}\n}", path: ["o"],
      changes: [set("b", 1), set("a", [:])],
      after: "{\n  \"o\": {\n    \"a\": {},\n    \"b\": 1\n  }\n}"),
    Case(
      name: "into { }", before: "{ }", changes: [set("a", 1)], after: "{\n  \"a\": 1\n}"),
    Case(
      name: "into an empty object over two lines", before: "{\n\t\"o\": {\n\t}\n}\n", path: ["o"],
      changes: [set("a", 1)], after: "{\n\t\"o\": {\n\t\t\"a\": 1\n\t}\n}\n"),
    Case(
      name: "into {} of a compact text", before: #"{"o":{},"p":1}"#, path: ["o"],
      changes: [set("a", 1), set("b", [1, 2])], after: #"{"o":{"a":1,"b":[1,2]},"p":1}"#),
    Case(
      name: "into {} of a spaced line", before: "{\n  \"x\": {\"o\": {}, \"p\": 1}\n}",
      path: ["x", "o"], changes: [set("a", 1), set("b", [1, 2])],
      after: "{\n  \"x\": {\"o\": {\"a\": 1, \"b\": [1, 2]}, \"p\": 1}\n}"),
    Case(
      name: "into {} with Foundation's colons", before: "{\n  \"o\" : {\n\n  }\n}", path: ["o"],
      changes: [set("a", ["b": 1])],
      after: "{\n  \"o\" : {\n    \"a\" : {\n      \"b\" : 1\n    }\n  }\n}"),
    Case(
      name: "with the siblings' unusual indentation",
      before: "{\n  \"o\": {\n       \"a\": 1,\n       \"c\": 3\n  }\n}", path: ["o"],
      changes: [set("b", [2])],
      after: "{\n  \"o\": {\n       \"a\": 1,\n       \"b\": [\n         2\n       ],\n"
        + "       \"c\": 3\n  }\n}"),
    Case(
      name: "beside misindented members without touching their lines",
      before: "{\n  \"b\": 1,\n     \"d\": 2,\n \"f\": 3\n}",
      changes: [set("a", 0), set("c", 0), set("e", 0), set("g", 0)],
      after: "{\n  \"a\": 0,\n  \"b\": 1,\n     \"c\": 0,\n     \"d\": 2,\n \"e\": 0,\n \"f\": 3,\n"
        + " \"g\": 0\n}"),
    Case(
      name: "beside empty lines", before: "{\n\n  \"b\": 1,\n\n  \"d\": 2\n\n}",
      changes: [set("a", 0), set("c", 0), set("e", 0)],
      after: "{\n\n  \"a\": 0,\n  \"b\": 1,\n\n  \"c\": 0,\n  \"d\": 2,\n  \"e\": 0\n\n}"),
    Case(
      name: "where commas begin the lines", before: "{ \"a\": 1\n, \"c\": 3\n, \"e\": 5\n}",
      changes: [set("b", 2), set("f", 6)],
      after: "{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n, \"e\": 5\n, \"f\": 6\n}"),
    Case(
      name: "where the first member is on the brace's line",
      before: "{\"b\": 1,\n \"c\": 3}", changes: [set("a", 0), set("d", 4)],
      after: "{\"a\": 0,\n \"b\": 1,\n \"c\": 3,\n \"d\": 4}"),
    Case(
      name: "leaving escapes, number texts and surrounding white space alone",
      before: " \n{\n  \"\\u0061\": \"\\u00e9\\/\",\n  \"c\": 1.0e+2\n}\n\n ",
      changes: [set("b", -0)],
      after: " \n{\n  \"\\u0061\": \"\\u00e9\\/\",\n  \"b\": 0,\n  \"c\": 1.0e+2\n}\n\n "),
    Case(
      name: "a canonically equivalent key", before: "{\"\u{e9}\":1}",
      changes: [set("e\u{301}", 2)], after: "{\"e\u{301}\":2,\"\u{e9}\":1}"),
    Case(
      name: "a key that needs escapes", before: "{\n  \"z\": 1\n}",
      changes: [set("a\"\n\u{1}", "\\")],
      after: "{\n  \"a\\\"\\n\\u0001\": \"\\\\\",\n  \"z\": 1\n}"),
    Case(
      name: "through a path of escaped keys", before: #"{"\u0061":{"b\n":{}},"c":"}"}"#,
      path: ["a", "b\n"], changes: [set("x", 1)], after: #"{"\u0061":{"b\n":{"x":1}},"c":"}"}"#),
  ]
}
