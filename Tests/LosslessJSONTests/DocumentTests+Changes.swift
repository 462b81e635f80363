import LosslessJSON

extension DocumentTests {
  static let replacements: [Case] = [
    Case(
      name: "in place", before: "{\n  \"\\u0061\" :1 ,\n  \"b\": 2\n}", changes: [set("a", "x")],
      after: "{\n  \"\\u0061\" :\"x\" ,\n  \"b\": 2\n}"),
    Case(
      name: "with an object", before: "{\n\t\"a\": 1,\n\t\"b\": 2\n}",
      changes: [set("a", ["x": 1])], after: "{\n\t\"a\": {\n\t\t\"x\": 1\n\t},\n\t\"b\": 2\n}"),
    Case(
      name: "of an object", before: "{\n  \"a\": {\n    \"x\": 1\n  },\n  \"b\": 2\n}",
      changes: [set("a", nil)], after: "{\n  \"a\": null,\n  \"b\": 2\n}"),
    Case(
      name: "on one line", before: #"{"a": [1, 2], "b": 2}"#,
      changes: [set("a", [3, ["x": 1]])], after: #"{"a": [3, {"x": 1}], "b": 2}"#),
    Case(
      name: "by an equal value", before: "{ \"a\":[1 ,\"\\u0062\"],\n\"b\":2 }",
      changes: [set("a", [1, "b"]), set("b", 2)], after: "{ \"a\":[1 ,\"\\u0062\"],\n\"b\":2 }"),
    Case(
      name: "by an equal number with another text", before: #"{"a":1.0}"#, changes: [set("a", 1)],
      after: #"{"a":1}"#),
    Case(
      name: "by the last of two changes", before: #"{"a":1}"#,
      changes: [set("a", 2), set("b", 1), set("a", 3), set("b", 4)], after: #"{"a":3,"b":4}"#),
    Case(
      name: "nothing at all", before: "{ \n }", changes: [], after: "{ \n }"),
  ]

  static let removals: [Case] = [
    Case(
      name: "of the first", before: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}",
      changes: [remove("a")], after: "{\n  \"b\": 2,\n  \"c\": 3\n}"),
    Case(
      name: "of a middle one", before: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}",
      changes: [remove("b")], after: "{\n  \"a\": 1,\n  \"c\": 3\n}"),
    Case(
      name: "of the last", before: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}",
      changes: [remove("c")], after: "{\n  \"a\": 1,\n  \"b\": 2\n}"),
    Case(
      name: "of the only one", before: "{\n  \"o\": {\n    \"a\": 1\n  }\n}\n", path: ["o"],
      changes: [remove("a")], after: "{\n  \"o\": {}\n}\n"),
    Case(
      name: "of all", before: #"{ "a": 1, "b": 2 }"#, changes: [remove("a"), remove("b")],
      after: "{}"),
    Case(
      name: "of the first two", before: #"{"a": 1, "b": 2, "c": 3}"#,
      changes: [remove("a"), remove("b")], after: #"{"c": 3}"#),
    Case(
      name: "of the last two", before: #"{ "a": 1, "b": 2, "c": 3 }"#,
      changes: [remove("c"), remove("b")], after: #"{ "a": 1 }"#),
    Case(
      name: "of one that is not there", before: "{\n}", changes: [remove("c")], after: "{\n}"),
    Case(
      name: "in a compact text", before: #"{"a":1,"b":{"x":"}"},"c":3}"#, changes: [remove("b")],
      after: #"{"a":1,"c":3}"#),
    Case(
      name: "with CRLF", before: "{\r\n  \"a\": 1,\r\n  \"b\": 2,\r\n  \"c\": 3\r\n}",
      changes: [remove("b")], after: "{\r\n  \"a\": 1,\r\n  \"c\": 3\r\n}"),
    Case(
      name: "between untidy lines that stay",
      before: "{\n    \"a\": 1 , \n\n  \"b\": 2 ,\t\n\n      \"c\": 3\n}", changes: [remove("b")],
      after: "{\n    \"a\": 1 , \n\n\n      \"c\": 3\n}"),
    Case(
      name: "where commas begin the lines", before: "{ \"a\": 1\n, \"b\": 2\n, \"c\": 3\n}",
      changes: [remove("b")], after: "{ \"a\": 1\n, \"c\": 3\n}"),
    Case(
      name: "of the first where commas begin the lines", before: "{ \"a\": 1\n, \"b\": 2\n}",
      changes: [remove("a")], after: "{ \"b\": 2\n}"),
    Case(
      name: "of one that shares its line with the next",
      before: "{\n  \"a\": 1,\n  \"b\": 2, \"c\": 3\n}", changes: [remove("b")],
      after: "{\n  \"a\": 1,\n  \"c\": 3\n}"),
    Case(
      name: "of one that shares its line with the one before",
      before: "{\n  \"a\": 1, \"b\": 2,\n  \"c\": 3\n}", changes: [remove("b")],
      after: "{\n  \"a\": 1,\n  \"c\": 3\n}"),
    Case(
      name: "of a whole shared line",
      before: "{\n  \"a\": 1,\n  \"b\": 2, \"c\": 3,\n  \"d\": 4\n}",
      changes: [remove("b"), remove("c")], after: "{\n  \"a\": 1,\n  \"d\": 4\n}"),
  ]

  static let batches: [Case] = [
    Case(
      name: "all kinds at once",
      before: "{\n  \"a\": 1,\n  \"c\": 3,\n  \"d\": {\n    \"x\": 1\n  },\n  \"f\": 6\n}",
      changes: [set("e", 5), remove("c"), set("d", 4), set("b", 2), remove("f"), set("g", 7)],
      after: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"d\": 4,\n  \"e\": 5,\n  \"g\": 7\n}"),
    Case(
      name: "all members give way to a new one", before: "{\n    \"a\": 1,\n    \"b\": 2\n}\n",
      changes: [remove("a"), remove("b"), set("d", 1), set("c", [1])],
      after: "{\n    \"c\": [\n        1\n    ],\n    \"d\": 1\n}\n"),
    Case(
      name: "the only member gives way on one line", before: #"{ "a": 1 }"#,
      changes: [remove("a"), set("b", 2), set("c", 3)], after: #"{ "b": 2, "c": 3 }"#),
    Case(
      name: "the first gives way", before: "{\n  \"a\": 1,\n  \"c\": 2\n}",
      changes: [remove("a"), set("b", 2)], after: "{\n  \"b\": 2,\n  \"c\": 2\n}"),
    Case(
      name: "the last gives way", before: "{\n  \"a\": 1,\n  \"c\": 2\n}",
      changes: [remove("c"), set("b", 2)], after: "{\n  \"a\": 1,\n  \"b\": 2\n}"),
    Case(
      name: "the key of a placement goes", before: #"{"a":1,"b":2,"c":3}"#,
      changes: [remove("b"), set("x", 2)], placement: .after(key: "b"),
      after: #"{"a":1,"c":3,"x":2}"#),
    Case(
      name: "a new key is set and removed", before: #"{"a":1}"#,
      changes: [set("b", 2), remove("b"), remove("a"), set("a", 5)], after: #"{"a":5}"#),
  ]
}
