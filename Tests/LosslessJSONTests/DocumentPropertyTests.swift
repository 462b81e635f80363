import LosslessJSON
import Testing

/// What holds for all documents and edits, tried with many generated ones.
struct DocumentPropertyTests {
  static let seeds = 0..<40

  @Test(arguments: seeds)
  func rootIsAlwaysWhatTheBytesSay(_ seed: Int) throws {
    for round in 0..<25 {
      var generator = DocumentGenerator(seed: seed * 1_000 + round)
      let text = generator.wildText(.object(generator.object(depth: 4)))
      var document = try JSONDocument(Array(text.utf8))
      for _ in 0..<4 {
        let edit = RandomEdit(of: document.root, &generator)
        let before = document
        let expected = edit.model(document.root)
        try document.edit(objectAt: edit.path, edit.changes, placement: edit.placement)
        #expect(document.root == expected, "\(before.bytes.text) \(edit)")
        #expect(try JSONValue(parsing: document.bytes) == expected, "\(before.bytes.text) \(edit)")
      }
    }
  }

  @Test(arguments: seeds)
  func anEditedPrintIsThePrintOfTheEditedValue(_ seed: Int) throws {
    for round in 0..<25 {
      var generator = DocumentGenerator(seed: seed * 1_000 + round)
      let style = generator.style()
      // A member that shows the style, and an edit that leaves it there.
      var object: JSONObject = ["style": ["shown": [1]]]
      for (key, value) in generator.object(depth: 4) { object[key] = value }
      var document = try JSONDocument(JSONValue.object(object).serialized(style))
      for _ in 0..<4 {
        let edit = RandomEdit(of: document.root, &generator)
        let before = document
        try document.edit(objectAt: edit.path, edit.changes, placement: edit.placement)
        #expect(
          document.bytes == document.root.serialized(style), "\(before.bytes.text) \(edit)")
      }
    }
  }

  /// A document keeps where the members of the object stand that was edited last.
  @Test(arguments: seeds)
  func editsOneAfterTheOtherAreEditsOfWhatTheyFind(_ seed: Int) throws {
    var count = 0
    for round in 0..<10 {
      var generator = DocumentGenerator(seed: seed * 1_000 + round)
      var contracts: JSONObject = [:]
      for number in 0..<8 { contracts["c\(number)"] = .object(generator.object(depth: 2)) }
      let value: JSONValue = ["before": 1, "contracts": .object(contracts), "after": [1, 2]]
      var document = try JSONDocument(value.serialized(generator.style()))
      for _ in 0..<8 {
        let key = "c\(generator.random.pick(Array(0..<9)))"
        let isRoot = generator.random.pick([false, false, false, true])
        let change =
          isRoot
          ? JSONMemberChange(key: "before", value: generator.value(depth: 2))
          : JSONMemberChange(
            key: key, value: generator.random.pick([.object(generator.object(depth: 2)), 7, nil]))
        var fresh = try JSONDocument(document.bytes)
        // What the text looks like may change with what is in it.
        guard fresh.style == document.style else { break }
        let path = isRoot ? [] : ["contracts"]
        try fresh.edit(objectAt: path, [change], placement: .beforeFirstGreaterKey)
        try document.edit(objectAt: path, [change], placement: .beforeFirstGreaterKey)
        #expect(document.bytes == fresh.bytes, "\(document.bytes.text)")
        #expect(document.root == fresh.root)
        count += 1
      }
    }
    #expect(count > 10)
  }

  @Test(arguments: seeds)
  func removingWhatWasInsertedRestoresTheBytes(_ seed: Int) throws {
    var count = 0
    for round in 0..<40 {
      var generator = DocumentGenerator(seed: seed * 1_000 + round)
      let text = generator.wildText(.object(generator.object(depth: 3)))
      var document = try JSONDocument(Array(text.utf8))
      guard let object = document.root.object, !object.isEmpty else { continue }
      let keys = Set((0..<3).map { _ in "\(generator.random.pick(DocumentGenerator.keys))+" })
      let value = generator.value(depth: 2)
      let placement = generator.random.pick([
        JSONPlacement.end, .beforeFirstGreaterKey, .before(key: object[0].key),
        .after(key: object[0].key),
      ])
      let insertions = keys.sorted().map { JSONMemberChange(key: $0, value: value) }
      try document.edit(objectAt: [], insertions, placement: placement)
      #expect(document.bytes.count > text.utf8.count)
      let removals = insertions.map { JSONMemberChange(key: $0.key, value: nil) }
      try document.edit(objectAt: [], removals, placement: .end)
      #expect(document.bytes.elementsEqual(text.utf8), "\(text) \(document.bytes.text)")
      count += 1
    }
    #expect(count > 10)
  }
}

/// An edit of an object somewhere in a document, and what it means without regard to text.
struct RandomEdit {
  var path: [String] = []
  var changes: [JSONMemberChange] = []
  var placement = JSONPlacement.end

  init(of root: JSONValue, _ generator: inout DocumentGenerator) {
    var object = root.object ?? [:]
    while generator.random.chance(2) {
      let inner = object.filter { $0.value.object != nil }
      guard !inner.isEmpty else { break }
      let member = generator.random.pick(inner)
      path.append(member.key)
      object = member.value.object ?? [:]
    }
    for _ in 0..<Int.random(in: 0..<6, using: &generator.random) {
      let isRemoval = generator.random.chance(3)
      let key = generator.random.pick(DocumentGenerator.keys + object.keys.filter { $0 != "style" })
      changes.append(
        JSONMemberChange(key: key, value: isRemoval ? nil : generator.value(depth: 2)))
    }
    let key = generator.random.pick(DocumentGenerator.keys)
    placement = generator.random.pick([
      .beforeFirstGreaterKey, .beforeFirstGreaterKey, .end, .after(key: key), .before(key: key),
    ])
  }

  /// The value after the edit.
  func model(_ root: JSONValue) -> JSONValue {
    model(root, path[...])
  }

  private func model(_ value: JSONValue, _ path: ArraySlice<String>) -> JSONValue {
    guard var object = value.object else { return value }
    if let key = path.first {
      object[key] = object[key].map { model($0, path.dropFirst()) }
      return .object(object)
    }
    var last = JSONObject()
    var removed: [String] = []
    for change in changes {
      removed.removeAll { $0.utf8.elementsEqual(change.key.utf8) }
      if let value = change.value {
        if last[change.key] != nil || object[change.key] == nil { last[change.key] = value }
        if object[change.key] != nil { last[change.key] = value }
      } else {
        if last[change.key] != nil { last[change.key] = JSONValue.null }
        removed.append(change.key)
      }
    }
    for key in removed {
      last[key] = nil
      object[key] = nil
    }
    var members = object.map { ($0.key, last[$0.key] ?? $0.value) }
    var new = last.filter { object[$0.key] == nil }
    if placement == .beforeFirstGreaterKey {
      new.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (key, value) in new {
        let greater = members.firstIndex { member in
          object[member.0] != nil && key.utf8.lexicographicallyPrecedes(member.0.utf8)
        }
        members.insert((key, value), at: greater ?? members.count)
      }
      return .object(JSONObject(members))
    }
    var at = members.count
    if case .before(let key) = placement { at = object.position(of: key) ?? at }
    if case .after(let key) = placement { at = object.position(of: key).map { $0 + 1 } ?? at }
    members.insert(contentsOf: new.map { ($0.key, $0.value) }, at: at)
    return .object(JSONObject(members))
  }
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
}
