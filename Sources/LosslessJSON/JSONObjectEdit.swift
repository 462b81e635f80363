/// One pass over a text that changes members of one of its objects.
struct JSONObjectEdit {
  private let target: JSONObjectText
  private let container: JSONObjectText?
  private let value: JSONObject
  private let style: JSONStyle
  /// Whether what is new stays on the line where it begins.
  private let isInline: Bool
  /// The text as edited, up to `copied`.
  private var output: [UInt8] = []
  /// The end of the part of the old text that is dealt with.
  private var copied = 0
  /// What was replaced, where nothing else changes.
  private(set) var replacements: [JSONReplacement]? = []
  /// The object's members as edited, where their number or order changes.
  private var members: [JSONObject.Element] = []
  /// Whether some key is there twice, so that places in the text and in the value differ.
  private var hasDuplicates: Bool { value.count != target.members.count }

  init(
    _ target: JSONObjectText, container: JSONObjectText?, value: JSONObject, style: JSONStyle
  ) {
    self.target = target
    self.container = container
    self.value = value
    self.style = style
    let surroundings = target.members.isEmpty && target.isOnOneLine ? container : target
    isInline = style.indentation == nil || surroundings?.isOnOneLine ?? false
  }

  /// Applies the changes.
  ///
  /// - Returns: The whole text and the object as edited, or nil if nothing changes.
  mutating func apply(
    _ changes: [JSONMemberChange], placement: JSONPlacement
  ) -> (bytes: [UInt8], object: JSONObject)? {
    if let change = changes.first, changes.count == 1, let new = change.value, !hasDuplicates,
      let position = value.position(of: change.key)
    {
      return replace(position, with: new)
    }
    var latest: [UTF8Key: JSONMemberChange] = [:]
    for change in changes { latest[UTF8Key(change.key)] = change }
    var inPlace = [JSONMemberChange?](repeating: nil, count: target.members.count)
    var new: [JSONMemberChange] = []
    var isChanged = false
    for change in changes {
      // Of several changes of one key, the first has the place and the last the value.
      guard let last = latest.removeValue(forKey: UTF8Key(change.key)) else { continue }
      if let old = value[change.key] {
        isChanged = isChanged || old != last.value
        for place in places(of: change.key) { inPlace[place] = last }
      } else if last.value != nil {
        new.append(last)
      }
    }
    guard isChanged || !new.isEmpty else { return nil }

    output.reserveCapacity(target.text.bytes.count + 256 * new.count)
    let object: JSONObject
    if inPlace.allSatisfy(isRemoval) {
      replacements = nil
      rewriteAll(placed(new, placement))
      object = JSONObject(distinct: members)
    } else if !hasDuplicates, new.isEmpty, !inPlace.contains(where: isRemoval) {
      object = replace(inPlace)
    } else {
      replacements = nil
      rewrite(inPlace, new, placement)
      object = hasDuplicates ? JSONObject(members.map { ($0, $1) }) : JSONObject(distinct: members)
    }
    copy(upTo: target.text.bytes.count)
    return (output, object)
  }

  /// Where a key of the object stands in the text.
  private func places(of key: String) -> [Int] {
    guard hasDuplicates else { return value.position(of: key).map { [$0] } ?? [] }
    return target.members.indices.filter { target.key(at: $0).hasSameUTF8(as: key) }
  }

  /// The key of a member.
  private func key(at place: Int) -> String {
    hasDuplicates ? target.key(at: place) : value[place].key
  }

  private func isRemoval(_ change: JSONMemberChange?) -> Bool {
    if let change { change.value == nil } else { false }
  }

  /// New members in the order that a placement asks for where no other member is.
  private func placed(
    _ new: [JSONMemberChange], _ placement: JSONPlacement
  ) -> [JSONMemberChange] {
    placement == .beforeFirstGreaterKey ? new.sorted { $0.key.precedesInUTF8($1.key) } : new
  }
}

extension JSONObjectEdit {
  /// Writes the whole text with one other value, as most edits do.
  private mutating func replace(_ position: Int, with new: JSONValue) -> (
    bytes: [UInt8], object: JSONObject
  )? {
    guard new != value[position].value else { return nil }
    output.reserveCapacity(target.text.bytes.count + 256)
    replaceValue(at: position, with: new)
    copy(upTo: target.text.bytes.count)
    var object = value
    object.setValue(new, at: position)
    return (output, object)
  }

  /// Writes an object of which just some values change.
  private mutating func replace(_ changes: [JSONMemberChange?]) -> JSONObject {
    var object = value
    for (position, change) in changes.enumerated() {
      guard let newValue = change?.value, newValue != value[position].value else { continue }
      replaceValue(at: position, with: newValue)
      object.setValue(newValue, at: position)
    }
    return object
  }

  private mutating func replaceValue(at position: Int, with new: JSONValue) {
    let member = target.members[position]
    copy(upTo: member.valueStart)
    let text = written(new, indent: member.indent, colon: target.colon(at: position))
    output += text
    copied = member.valueEnd
    replacements?.append(
      JSONReplacement(
        end: member.valueEnd, growth: text.count - (member.valueEnd - member.valueStart)))
  }

  /// Writes an object of which members stay.
  private mutating func rewrite(
    _ changes: [JSONMemberChange?], _ new: [JSONMemberChange], _ placement: JSONPlacement
  ) {
    let kept = changes.indices.filter { !isRemoval(changes[$0]) }
    let arrivals = arrivals(of: placed(new, placement), placement, kept: kept)
    let count = target.members.count
    var position = 0
    while position < count {
      if isRemoval(changes[position]) {
        let next = changes[position...].firstIndex { !isRemoval($0) } ?? count
        if next < count {
          remove(target.removal(of: position...next - 1))
        } else {
          remove(target.members[position - 1].valueEnd..<target.members[count - 1].valueEnd)
        }
        position = next
        continue
      }
      if let new = arrivals[position] {
        copy(upTo: target.members[position].keyStart)
        for change in new {
          write(change, near: position)
          output += target.separator(before: position)
        }
      }
      let key = key(at: position)
      let old = hasDuplicates ? value[key] : value[position].value
      if let newValue = changes[position]?.value, newValue != old {
        replaceValue(at: position, with: newValue)
        members.append((key, newValue))
      } else if let old {
        members.append((key, old))
      }
      position += 1
    }
    if let new = arrivals[count] {
      copy(upTo: target.members[count - 1].valueEnd)
      for change in new {
        output += target.separator(before: count - 1)
        write(change, near: count - 1)
      }
    }
  }

  /// The new members by the position of the member before which they go; `members.count`: the end.
  private func arrivals(
    of new: [JSONMemberChange], _ placement: JSONPlacement, kept: [Int]
  ) -> [Int: [JSONMemberChange]] {
    guard !new.isEmpty else { return [:] }
    let end = target.members.count
    func keptPosition(of key: String) -> Int? {
      kept.lastIndex { self.key(at: $0).hasSameUTF8(as: key) }
    }
    switch placement {
    case .end:
      return [end: new]
    case .after(let key):
      guard let found = keptPosition(of: key) else { return [end: new] }
      return [found + 1 < kept.count ? kept[found + 1] : end: new]
    case .before(let key):
      return [keptPosition(of: key).map { kept[$0] } ?? end: new]
    case .beforeFirstGreaterKey:
      var arrivals: [Int: [JSONMemberChange]] = [:]
      var next = kept[...]
      for change in new {
        // The new keys ascend, so no member that was passed for one is greater than the next.
        next = next.drop { !change.key.precedesInUTF8(key(at: $0)) }
        arrivals[next.first ?? end, default: []].append(change)
      }
      return arrivals
    }
  }

  /// Writes an object of which no member stays.
  private mutating func rewriteAll(_ new: [JSONMemberChange]) {
    guard let first = target.members.first, let last = target.members.last else {
      return rewriteEmpty(new)
    }
    if new.isEmpty {
      copy(upTo: target.opening + 1)
      copied = target.closing
      return
    }
    copy(upTo: first.keyStart)
    for (position, change) in new.enumerated() {
      if position > 0 { output += target.separator(before: 0) }
      write(change, near: 0)
    }
    copied = last.valueEnd
  }

  /// Writes an object that had no members.
  private mutating func rewriteEmpty(_ new: [JSONMemberChange]) {
    copy(upTo: target.opening)
    members = new.compactMap { change in change.value.map { (change.key, $0) } }
    let object = JSONValue.object(JSONObject(distinct: members))
    let colon = container.flatMap { $0.colon(at: $0.members.count - 1) }
    output += written(object, indent: target.indent, colon: colon)
    copied = target.closing + 1
  }
}

extension JSONObjectEdit {
  private mutating func copy(upTo end: Int) {
    guard copied < end else { return }
    output.append(contentsOf: UnsafeBufferPointer(rebasing: target.text.bytes[copied..<end]))
    copied = end
  }

  private mutating func remove(_ range: Range<Int>) {
    copy(upTo: range.lowerBound)
    copied = range.upperBound
  }

  /// Writes a new member in the manner of one that is there.
  private mutating func write(_ change: JSONMemberChange, near position: Int) {
    guard let value = change.value else { return }
    members.append((change.key, value))
    let colon = target.colon(at: position)
    var writer = writer(indent: target.members[position].indent, colon: colon)
    writer.write(key: change.key, value, level: 0)
    output += writer.output
  }

  /// A value as text.
  private func written(_ value: JSONValue, indent: Range<Int>, colon: [UInt8]?) -> [UInt8] {
    var writer = writer(indent: indent, colon: colon)
    writer.write(value)
    return writer.output
  }

  /// A writer for a member whose line has the indentation.
  private func writer(indent: Range<Int>, colon: [UInt8]?) -> JSONWriter {
    let defaultColon = style.indentation == nil ? [UInt8(ascii: ":")] : Array(": ".utf8)
    let surroundings = target.members.isEmpty ? container : target
    return JSONWriter(
      indentation: isInline ? nil : style.indentation.map { Array($0.utf8) },
      firstLine: style.lineEnd.bytes + target.text.bytes[indent], colon: colon ?? defaultColon,
      comma: isInline ? surroundings?.inlineComma ?? [UInt8(ascii: ",")] : [UInt8(ascii: ",")])
  }
}
