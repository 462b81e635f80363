/// Where an object of a JSON text and its members stand.
struct JSONObjectText {
  /// Where a member stands.
  struct Member {
    /// The end of the brace or the comma before the member.
    var afterSeparator: Int
    var keyStart: Int
    var keyEnd: Int
    var valueStart: Int
    var valueEnd: Int
    /// The place of the comma after the member, or of the closing brace.
    var separator: Int
    /// The white space with which the line begins whose indentation is the member's.
    var indent: Range<Int>

    /// What stands before the key.
    var lead: Range<Int> { afterSeparator..<keyStart }
    /// What stands between key and value, the colon included.
    var colon: Range<Int> { keyEnd..<valueStart }
  }

  /// The places alone, which can be kept while the text is elsewhere.
  struct Places {
    /// The place of the opening brace.
    var opening: Int
    /// The place of the closing brace.
    var closing: Int
    var members: [Member]
    /// The indentation of the line on which the object begins.
    var indent: Range<Int>
    /// Whether opening and closing brace are on one line.
    var isOnOneLine: Bool
  }

  let text: JSONText
  let places: Places

  var opening: Int { places.opening }
  var closing: Int { places.closing }
  var members: [Member] { places.members }
  var indent: Range<Int> { places.indent }
  var isOnOneLine: Bool { places.isOnOneLine }

  init(in text: JSONText, at places: Places) {
    self.text = text
    self.places = places
  }

  /// Finds the members of the object that begins at a place.
  init(in text: JSONText, opening: Int, indent: Range<Int>) {
    let bytes = text.bytes
    var members: [Member] = []
    var memberIndent = indent
    var afterSeparator = opening + 1
    while afterSeparator < bytes.count {
      let keyStart = text.endOfWhiteSpace(afterSeparator)
      guard keyStart < bytes.count, bytes[keyStart] == UInt8(ascii: "\"") else { break }
      if let lineBreak = text.lastLineBreak(in: afterSeparator..<keyStart) {
        memberIndent = lineBreak.upperBound..<keyStart
      }
      let keyEnd = text.endOfString(keyStart)
      let valueStart = text.endOfWhiteSpace(text.endOfWhiteSpace(keyEnd) + 1)
      let valueEnd = text.endOfValue(valueStart)
      let separator = text.endOfWhiteSpace(valueEnd)
      members.append(
        Member(
          afterSeparator: afterSeparator, keyStart: keyStart, keyEnd: keyEnd,
          valueStart: valueStart, valueEnd: valueEnd,
          separator: separator, indent: memberIndent))
      afterSeparator = separator + 1
      guard separator < bytes.count, bytes[separator] == UInt8(ascii: ",") else { break }
    }
    let closing = members.last?.separator ?? text.endOfWhiteSpace(opening + 1)
    self.init(
      in: text,
      at: Places(
        opening: opening, closing: closing, members: members, indent: indent,
        isOnOneLine: text.firstLineBreak(in: opening..<closing) == nil))
  }

  /// The member with a key; the last one, where duplicate keys are allowed.
  func member(_ key: String) -> Member? {
    members.indices.last { self.key(at: $0).hasSameUTF8(as: key) }.map { members[$0] }
  }

  /// The key of a member.
  func key(at position: Int) -> String {
    text.string(in: members[position].keyStart..<members[position].keyEnd)
  }

  /// The object that is the value of a member.
  func object(_ key: String) -> JSONObjectText? {
    guard let member = member(key), text.bytes[member.valueStart] == UInt8(ascii: "{") else {
      return nil
    }
    return JSONObjectText(in: text, opening: member.valueStart, indent: member.indent)
  }
}

/// A place in a text where one value took another's place.
struct JSONReplacement {
  /// Where the old value ended.
  let end: Int
  /// By how much the new one is longer.
  let growth: Int
}

extension JSONObjectText.Places {
  /// The places after values in the object were replaced, each by one that is as long or longer or shorter.
  ///
  /// Right for an object whose first member begins a line, and for those around it: whether they are on one
  /// line depends on no value then.
  func moved(by replacements: [JSONReplacement]) -> Self {
    func moved(_ place: Int) -> Int {
      replacements.reduce(place) { $1.end <= place ? $0 + $1.growth : $0 }
    }
    func moved(_ range: Range<Int>) -> Range<Int> {
      moved(range.lowerBound)..<moved(range.upperBound)
    }
    var result = self
    result.opening = moved(opening)
    result.closing = moved(closing)
    result.indent = moved(indent)
    for index in result.members.indices {
      result.members[index].afterSeparator = moved(members[index].afterSeparator)
      result.members[index].keyStart = moved(members[index].keyStart)
      result.members[index].keyEnd = moved(members[index].keyEnd)
      result.members[index].valueStart = moved(members[index].valueStart)
      result.members[index].valueEnd = moved(members[index].valueEnd)
      result.members[index].separator = moved(members[index].separator)
      result.members[index].indent = moved(members[index].indent)
    }
    return result
  }
}

extension JSONObjectText {
  /// What stands, or would stand, between a member and the one before it: white space, comma, white
  /// space, without empty lines.
  func separator(before position: Int) -> [UInt8] {
    if position > 0 {
      let previous = members[position - 1]
      let spaceBefore = text.lastLine(of: previous.valueEnd..<previous.separator)
      let spaceAfter = text.lastLine(of: members[position].lead)
      return text.bytes[spaceBefore] + [UInt8(ascii: ",")] + text.bytes[spaceAfter]
    }
    guard let first = members.first else { return [UInt8(ascii: ",")] }
    let lead = text.lastLine(of: first.lead)
    let beginsLine = text.firstLineBreak(in: lead) != nil
    if members.count > 1 {
      let hasCommaFirst =
        text.firstLineBreak(in: first.valueEnd..<first.separator) != nil
        && text.firstLineBreak(in: members[1].lead) == nil
      if hasCommaFirst || !beginsLine { return separator(before: 1) }
    }
    return beginsLine ? [UInt8(ascii: ",")] + text.bytes[lead] : inlineComma
  }

  /// What stands between members where they share a line.
  var inlineComma: [UInt8] {
    if members.count > 1 {
      let separator = separator(before: members.count - 1)
      if !separator.contains(where: JSONText.isLineBreak) { return separator }
    }
    guard let first = members.first else { return [UInt8(ascii: ",")] }
    let isSpaced = text.bytes[first.colon].last != UInt8(ascii: ":") || !first.lead.isEmpty
    return isSpaced ? Array(", ".utf8) : [UInt8(ascii: ",")]
  }

  /// What stands between key and value of a member, if they are on one line.
  func colon(at position: Int) -> [UInt8]? {
    guard members.indices.contains(position) else { return nil }
    let colon = members[position].colon
    return text.firstLineBreak(in: colon) == nil ? Array(text.bytes[colon]) : nil
  }

  /// The text that goes when neighbouring members are removed and another member follows them.
  func removal(of run: ClosedRange<Int>) -> Range<Int> {
    let first = members[run.lowerBound]
    let next = members[run.upperBound + 1]
    let firstBreak = text.lastLineBreak(in: first.lead)
    let nextBreak = text.firstLineBreak(in: next.lead)
    switch (firstBreak, nextBreak) {
    case (let firstBreak?, let nextBreak?):
      // Whole lines: what stands at the ends of the lines before and after stays.
      return firstBreak.lowerBound..<nextBreak
    case (nil, .some) where run.lowerBound > 0:
      return first.afterSeparator..<next.afterSeparator
    default:
      return first.keyStart..<next.keyStart
    }
  }
}
