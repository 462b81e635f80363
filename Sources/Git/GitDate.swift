/// A moment with a zone, and the texts that git accepts for it in `GIT_AUTHOR_DATE`
/// (git-commit(1), "Date formats").
struct GitDate: Hashable {
  /// Seconds since 1970.
  let seconds: Int64
  /// Minutes east of Greenwich.
  let offset: Int

  init(seconds: Int64, offset: Int) {
    self.seconds = seconds
    self.offset = offset
  }

  /// Reads git's own form (`@1753441878 +0000`, with or without `@`), ISO 8601
  /// (`2005-04-07T22:13:13`) and RFC 2822 (`Thu, 07 Apr 2005 22:13:13 +0200`), and refuses
  /// anything else, times before 1970 included.
  init?(_ text: String, zone: TimeZone) {
    guard let date = Self.ofSeconds(text) ?? GitDateFields(text)?.date(zone) else { return nil }
    guard date.seconds >= 0 else { return nil }
    self = date
  }

  /// `@seconds zone`, or seconds alone, which git takes for such from nine digits on.
  private static func ofSeconds(_ text: String) -> GitDate? {
    let words = text.split(separator: " ")
    guard let first = words.first, words.count <= 2 else { return nil }
    let digits = first.hasPrefix("@") ? first.dropFirst() : first
    guard digits.allSatisfy({ ("0"..."9").contains($0) }), let seconds = Int64(digits),
      first.hasPrefix("@") || digits.count >= 9
    else { return nil }
    guard words.count == 2 else { return GitDate(seconds: seconds, offset: 0) }
    guard let offset = GitDateFields.offset(words[1]) else { return nil }
    return GitDate(seconds: seconds, offset: offset)
  }
}

/// The parts of a date, found word by word in whatever order they come.
struct GitDateFields {
  private var year: Int?
  private var month: Int?
  private var day: Int?
  private var time: Int?
  private var offset: Int?

  init?(_ text: String) {
    for word in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
      guard add(word) else { return nil }
    }
  }

  /// The date; nil where a part is missing or out of range.
  func date(_ zone: TimeZone) -> GitDate? {
    guard let year, let month, let day, let time, (1970...9999).contains(year),
      (1...12).contains(month), (1...Self.days(in: month, year)).contains(day)
    else { return nil }
    let local = Int64(Self.daysSince1970(year, month, day)) * 86_400 + Int64(time)
    let offset = offset ?? zone.offset(atLocal: local)
    return GitDate(seconds: local - Int64(offset) * 60, offset: offset)
  }

  private mutating func add(_ word: Substring) -> Bool {
    if Self.isDayOfWeek(word) { return true }
    if let month = Self.month(word) {
      defer { self.month = month }
      return self.month == nil
    }
    if let offset = Self.offset(word) {
      defer { self.offset = offset }
      return time != nil && self.offset == nil
    }
    if word.contains(":") { return addDateAndTime(word) }
    if word.contains(where: { "-/.".contains($0) }) { return addDate(word) }
    guard let number = Self.number(word, digits: 1...4) else { return false }
    if word.count <= 2, day == nil {
      day = number
    } else if word.count == 4, year == nil {
      year = number
    } else {
      return false
    }
    return true
  }

  /// `22:13:13`, `22:13:13.019`, with a date and `T` before it or a zone after it.
  private mutating func addDateAndTime(_ word: Substring) -> Bool {
    var word = word
    if let t = word.firstIndex(where: { $0 == "T" || $0 == "t" }) {
      guard addDate(word[..<t]) else { return false }
      word = word[word.index(after: t)...]
    }
    if let end = word.firstIndex(where: { "+-Zz".contains($0) }) {
      guard let offset = Self.offset(word[end...]), self.offset == nil else { return false }
      self.offset = offset
      word = word[..<end]
    }
    let whole = word.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard time == nil, whole.count == 1 || Self.number(whole[1], digits: 1...9) != nil else {
      return false
    }
    let parts = whole[0].split(separator: ":", omittingEmptySubsequences: false)
      .map { Self.number($0, digits: 1...2) }
    guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1],
      let second = parts.count == 3 ? parts[2] : 0, hour < 24, minute < 60, second <= 60
    else { return false }
    time = hour * 3600 + minute * 60 + second
    return true
  }

  /// `2005-04-07`, `2005/04/07`, `2005.04.07`, `04/07/2005`, `07.04.2005`.
  private mutating func addDate(_ word: Substring) -> Bool {
    guard year == nil, month == nil, day == nil,
      let separator = word.first(where: { "-/.".contains($0) })
    else { return false }
    let words = word.split(separator: separator, omittingEmptySubsequences: false)
    let numbers = words.compactMap { Self.number($0, digits: 1...4) }
    guard words.count == 3, numbers.count == 3 else { return false }
    if words[0].count == 4 {
      (year, month, day) = (numbers[0], numbers[1], numbers[2])
    } else if words[2].count == 4, separator == "/" {
      (month, day, year) = (numbers[0], numbers[1], numbers[2])
    } else if words[2].count == 4, separator == "." {
      (day, month, year) = (numbers[0], numbers[1], numbers[2])
    } else {
      return false
    }
    return true
  }

  /// `Z`, `GMT`, `UTC`, `+02`, `+0200` or `+02:00` as minutes east.
  static func offset(_ word: Substring) -> Int? {
    if ["Z", "z", "UTC", "GMT"].contains(word) { return 0 }
    guard let sign = word.first, sign == "+" || sign == "-" else { return nil }
    let parts = word.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
    let digits = parts.joined()
    guard parts.count == 1 || (parts.count == 2 && parts[0].count == 2 && digits.count == 4),
      digits.count == 2 || digits.count == 4, let number = number(digits[...], digits: 2...4)
    else { return nil }
    let minutes = digits.count == 2 ? number * 60 : number / 100 * 60 + number % 100
    guard number % 100 < 60 || digits.count == 2, minutes < 24 * 60 else { return nil }
    return sign == "-" ? -minutes : minutes
  }

  private static func number(_ word: Substring, digits: ClosedRange<Int>) -> Int? {
    guard digits.contains(word.count), word.allSatisfy({ ("0"..."9").contains($0) }) else {
      return nil
    }
    return Int(word)
  }

  private static func month(_ word: Substring) -> Int? {
    let names = [
      "january", "february", "march", "april", "may", "june", "july", "august", "september",
      "october", "november", "december",
    ]
    return index(of: word, in: names).map { $0 + 1 }
  }

  private static func isDayOfWeek(_ word: Substring) -> Bool {
    let names = [
      "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
    ]
    return index(of: word, in: names) != nil
  }

  /// A name in full or shortened to three letters or more.
  private static func index(of word: Substring, in names: [String]) -> Int? {
    guard word.count >= 3 else { return nil }
    return names.firstIndex { $0.hasPrefix(word.lowercased()) }
  }

  private static func days(in month: Int, _ year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Days from 1970-01-01, with years that begin in March so that the leap day comes last.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
  }
}
