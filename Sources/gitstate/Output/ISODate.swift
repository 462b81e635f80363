import GitState

/// Times as people read them.
enum ISODate {
  /// `2025-07-25 11:11` in UTC.
  static func minutes(milliseconds: Int64) -> String {
    let text = StateTime.iso8601(milliseconds: milliseconds)
    return text.prefix(10) + " " + text.dropFirst(11).prefix(5)
  }
}
