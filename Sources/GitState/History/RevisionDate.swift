/// Dates as people give them in place of a revision.
enum RevisionDate {
  /// Reads an ISO 8601 date or time, `@` and seconds, `yesterday`, `last week`, or `3 days ago`.
  ///
  /// A day without a time is meant as a whole: what was there at its end, in UTC.
  ///
  /// - Parameters:
  ///   - text: The date.
  ///   - now: The present in seconds since 1970.
  /// - Returns: Seconds since 1970, or nil where the text is no date.
  static func seconds(_ text: String, now: Int64) -> Int64? {
    if let milliseconds = DeploymentDate.milliseconds(text) {
      let isWholeDay = text.utf8.count == 10
      return milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) + (isWholeDay ? 86399 : 0)
    }
    if text.hasPrefix("@") { return Int64(text.dropFirst()) }
    let words = text.lowercased().split { $0 == " " || $0 == "." }
    switch words {
    case ["now"]: return now
    case ["yesterday"]: return now - 86400
    default: break
    }
    if words.count == 2, words[0] == "last", let unit = unit(String(words[1])), unit >= 7 * 86400 {
      return now - unit
    }
    guard words.count == 3, words[2] == "ago", let count = number(words[0]), count >= 0,
      let unit = unit(String(words[1]))
    else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    return overflow ? nil : now.subtractingReportingOverflow(product).partialValue
  }

  private static func number(_ word: Substring) -> Int64? {
    ["a", "an", "one"].contains(word) ? 1 : Int64(word)
  }

  private static func unit(_ word: String) -> Int64? {
    switch word.hasSuffix("s") ? String(word.dropLast()) : word {
    case "second", "sec": 1
    case "minute", "min": 60
    case "hour": 3600
    case "day": 86400
    case "week": 7 * 86400
    case "month": 30 * 86400
    case "year": 365 * 86400
    default: nil
    }
  }
}
