import LosslessJSON
import TestSupport
import Testing

struct ObjectTests {
  @Test func setsAppendsAndRemoves() {
    var object: JSONObject = ["a": 1, "b": 2, "c": 3]
    object["b"] = 20
    object["d"] = 4
    object["a"] = nil
    object["nowhere"] = nil
    #expect(object == ["b": 20, "c": 3, "d": 4])
    #expect(object.keys == ["b", "c", "d"])
    #expect(object["a"] == nil)
    #expect(object["d"] == 4)
    #expect(object.first?.key == "b")
    #expect(object[1].value == 3)
  }

  @Test func laterMembersReplaceEarlierInPlace() {
    let object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
    #expect(object == ["a": 3, "b": 2])
  }

  @Test func holdsCanonicallyEquivalentKeys() {
    var object: JSONObject = ["\u{e9}": 1]
    object["e\u{301}"] = 2
    #expect(object.count == 2)
    #expect(object["\u{e9}"] == 1)
    object["\u{e9}"] = nil
    #expect(object["\u{e9}"] == nil)
    #expect(object["e\u{301}"] == 2)
  }

  @Test(arguments: [5, 16, 17, 300])
  func behavesLikeAListOfMembers(_ size: Int) {
    var random = SeededGenerator(seed: size)
    var object = JSONObject()
    var list: [(key: String, value: JSONValue)] = []
    for step in 0..<size * 6 {
      let key = "key \(Int.random(in: 0..<size * 2, using: &random))"
      let place = list.firstIndex { $0.key == key }
      if random.chance(3) {
        object[key] = nil
        if let place { list.remove(at: place) }
      } else {
        let value = JSONValue.number(JSONNumber(step))
        object[key] = value
        if let place { list[place].value = value } else { list.append((key, value)) }
      }
    }
    #expect(object.count > size / 2)
    #expect(object.keys == list.map(\.key))
    #expect(object.map(\.value) == list.map(\.value))
    for (position, member) in list.enumerated() {
      #expect(object[member.key] == member.value)
      #expect(object.position(of: member.key) == position)
    }
    #expect(object["none"] == nil)
  }

  @Test func comparesWithoutOrderOfOneLevel() {
    let object: JSONObject = ["a": 1, "b": ["x": 1, "y": 2]]
    #expect(object.hasSameMembers(as: ["b": ["x": 1, "y": 2], "a": 1]))
    #expect(!object.hasSameMembers(as: ["b": ["y": 2, "x": 1], "a": 1]))
    #expect(!object.hasSameMembers(as: ["a": 1, "b": 2]))
    #expect(!object.hasSameMembers(as: ["a": 1]))
    #expect(!object.hasSameMembers(as: ["a": 1, "c": ["x": 1, "y": 2]]))
  }

  @Test func comparesKeysInOrder() {
    let object: JSONObject = ["a": 1, "\u{e9}": 2]
    #expect(object.hasSameKeys(as: ["a": 3, "\u{e9}": .null]))
    #expect(!object.hasSameKeys(as: ["\u{e9}": 2, "a": 1]))
    #expect(!object.hasSameKeys(as: ["a": 1, "e\u{301}": 2]))
    #expect(!object.hasSameKeys(as: ["a": 1]))
    #expect(!object.hasSameKeys(as: ["a": 1, "\u{e9}": 2, "b": 3]))
  }

  @Test func sortsByBytes() {
    let object: JSONObject = ["b": 1, "\u{ffff}": 2, "\u{10000}": 3, "B": 4, "": 5, "ab": 6]
    #expect(object.sortedByKey().keys == ["", "B", "ab", "b", "\u{ffff}", "\u{10000}"])
    #expect(object.sortedByKey()["B"] == 4)
  }

  @Test func findsKeysOfLargeObjectsAtOnce() throws {
    let object = JSONObject(
      (0..<10_000).map { ("contract \($0)", JSONValue.number(JSONNumber($0))) })
    let duration = processorTime {
      for number in 0..<10_000 {
        #expect(object["contract \(number)"]?.number?.int64 == Int64(number))
      }
    }
    // A search through the members, 50 million comparisons, would take far longer.
    #expect(duration < bound(.seconds(5)))
  }
}
