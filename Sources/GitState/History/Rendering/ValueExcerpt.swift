public import LosslessJSON

/// Values of records as people read them: a huge one is cut to the part that matters, and says so.
///
/// JSON output is for machines and always has the whole value.
public enum ValueExcerpt {
  /// What is shown whole, in bytes: some forty addresses.
  private static let whole = 2000
  /// What is shown of anything longer.
  private static let part = 600

  /// A value's text: what a text holds, anything else as compact JSON.
  ///
  /// - Parameter value: The value.
  /// - Returns: The text, at most some 700 bytes of what is longer than 2000; unescaped.
  public static func text(of value: JSONValue) -> String { texts(of: [value])[0] ?? "" }

  /// The texts of values that are shown beside each other.
  ///
  /// Where any is cut, all are cut to the place at which they begin to differ.
  ///
  /// - Parameters:
  ///   - values: The values; nil where there is none.
  ///   - field: Whose values they are; a record's time, which is in milliseconds, has its date beside it.
  /// - Returns: A text for each value.
  public static func texts(of values: [JSONValue?], field: String = "") -> [String?] {
    if field == Contract.Field.timestamp { return values.map { value in value.map(time) } }
    let texts = values.map { value in value.map { $0.string ?? $0.text(.compact) } }
    guard texts.contains(where: { ($0?.utf8.count ?? 0) > whole }) else { return texts }
    let start = max(0, commonLength(texts.compactMap(\.self)) - 100)
    return texts.map { text in
      guard let text, text.utf8.count > whole else { return text }
      return excerpt(of: text, from: start)
    }
  }

  /// `1753441878006 (2025-07-25T11:11:18.006Z)`; what is no time is as it is.
  private static func time(_ value: JSONValue) -> String {
    let text = value.string ?? value.text(.compact)
    // The years from 1 to 9999, which ISO 8601 has.
    guard let time = value.number?.int64, (-62_135_596_800_000...253_402_300_799_999).contains(time)
    else { return text }
    return "\(text) (\(StateTime.iso8601(milliseconds: time)))"
  }

  private static func commonLength(_ texts: [String]) -> Int {
    guard texts.count > 1, var rest = texts.first?.utf8[...] else { return 0 }
    for text in texts.dropFirst() {
      rest = rest.prefix(zip(rest, text.utf8).prefix { $0 == $1 }.count)
    }
    return rest.count
  }

  private static func excerpt(of text: String, from start: Int) -> String {
    let bytes = text.utf8
    // Not in the middle of a character.
    func isStart(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
    let first = min(start, max(0, bytes.count - part))
    let tail = bytes.dropFirst(first).drop { !isStart($0) }
    var shown = tail.prefix(part)
    if shown.count < tail.count {
      while let next = tail.dropFirst(shown.count).first, !isStart(next) { shown.removeLast() }
    }
    let before = first > 0 ? "..." : ""
    let after = first + part < bytes.count ? "..." : ""
    return
      "\(before)\(String(decoding: shown, as: UTF8.self))\(after) (\(size(bytes.count)) in all)"
  }

  private static func size(_ count: Int) -> String {
    let (unit, name) = count < 1_000_000 ? (1000, "kB") : (1_000_000, "MB")
    return "\(count / unit).\(count % unit * 10 / unit) \(name)"
  }
}
