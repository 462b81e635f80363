/// Dates as deployment files carry them: ISO 8601, as JavaScript's `toISOString` prints it.
enum DeploymentDate {
  /// Reads `2025-07-25T11:11:18.006Z` and what is near it: a date alone, a space for the `T`,
  /// seconds or their fraction left out, an offset, or no zone at all, which means UTC.
  ///
  /// - Returns: Milliseconds since 1970, or nil where the text is no such date.
  static func milliseconds(_ text: String) -> Int64? {
    var rest = Array(text.utf8)[...]
    guard let year = number(&rest, digits: 4), skip(&rest, "-"),
      let month = number(&rest, digits: 2), (1...12).contains(month), skip(&rest, "-"),
      let day = number(&rest, digits: 2), (1...daysInMonth(month, of: year)).contains(day)
    else { return nil }
    var seconds = daysFromCivil(year: year, month: month, day: day) * 86400
    if rest.isEmpty { return seconds * 1000 }
    guard skip(&rest, "T") || skip(&rest, "t") || skip(&rest, " "),
      let hour = number(&rest, digits: 2), hour < 24, skip(&rest, ":"),
      let minute = number(&rest, digits: 2), minute < 60
    else { return nil }
    seconds += hour * 3600 + minute * 60
    var milliseconds: Int64 = 0
    if skip(&rest, ":") {
      guard let second = number(&rest, digits: 2), second < 61 else { return nil }
      seconds += second
      if skip(&rest, ".") || skip(&rest, ",") {
        guard let fraction = fraction(&rest) else { return nil }
        milliseconds = fraction
      }
    }
    guard let offset = offset(&rest), rest.isEmpty else { return nil }
    return (seconds - offset) * 1000 + milliseconds
  }

  /// Prints a time of commits: `2025-07-25T11:11:18Z`, with milliseconds where there are any.
  static func iso8601(milliseconds: Int64) -> String {
    let (days, inDay) = milliseconds.flooredDivision(by: 86_400_000)
    let (year, month, day) = civil(fromDays: days)
    let fraction = inDay % 1000
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
      + "T\(padded(inDay / 3_600_000, 2)):\(padded(inDay / 60_000 % 60, 2))"
      + ":\(padded(inDay / 1000 % 60, 2))\(fraction == 0 ? "" : "." + padded(fraction, 3))Z"
  }

  /// The days from 1970-01-01 to a date of the proleptic Gregorian calendar.
  ///
  /// Years begin in March here, so that the leap day is a year's last; 719468 days lie between
  /// 0000-03-01 and 1970-01-01.
  static func daysFromCivil(year: Int64, month: Int64, day: Int64) -> Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = marchYear.flooredDivision(by: 400)
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146097 + dayOfEra - 719468
  }

  private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (days + 719468).flooredDivision(by: 146097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  private static func daysInMonth(_ month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  private static func skip(_ rest: inout ArraySlice<UInt8>, _ mark: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: mark) else { return false }
    rest.removeFirst()
    return true
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Int64? {
    guard rest.count >= digits else { return nil }
    var value: Int64 = 0
    for byte in rest.prefix(digits) {
      guard let digit = digitValue(byte) else { return nil }
      value = value * 10 + digit
    }
    rest.removeFirst(digits)
    return value
  }

  /// Reads the digits behind the decimal point; past milliseconds they are cut off.
  private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    let digits = rest.prefix { digitValue($0) != nil }
    guard !digits.isEmpty else { return nil }
    rest.removeFirst(digits.count)
    return (0..<3).reduce(0) { value, position in
      let index = digits.startIndex + position
      return value * 10 + (index < digits.endIndex ? digitValue(digits[index]) ?? 0 : 0)
    }
  }

  /// Reads the zone's offset from UTC in seconds; nothing there is UTC.
  private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    if rest.isEmpty || skip(&rest, "Z") || skip(&rest, "z") { return 0 }
    _ = skip(&rest, " ")
    let east = skip(&rest, "+")
    guard east || skip(&rest, "-"), let hours = number(&rest, digits: 2), hours < 24 else {
      return nil
    }
    let minutes = !skip(&rest, ":") && rest.isEmpty ? 0 : number(&rest, digits: 2)
    guard let minutes, minutes < 60 else { return nil }
    return (east ? 1 : -1) * (hours * 3600 + minutes * 60)
  }

  private static func digitValue(_ byte: UInt8) -> Int64? {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      ? Int64(byte - UInt8(ascii: "0")) : nil
  }
}

extension Int64 {
  /// Quotient and remainder where the remainder is never negative.
  fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
