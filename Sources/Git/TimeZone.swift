internal import Glibc

/// Where local times are.
enum TimeZone {
  /// The zone of this process (`TZ`, or the system's).
  case local
  /// A fixed distance from Greenwich.
  case fixed(minutes: Int)

  /// Minutes east at a moment.
  func offset(at seconds: Int64) -> Int {
    switch self {
    case .fixed(let minutes): return minutes
    case .local:
      var time = time_t(seconds)
      var local = tm()
      tzset()
      guard localtime_r(&time, &local) != nil else { return 0 }
      return local.tm_gmtoff / 60
    }
  }

  /// Minutes east when clocks there show a time, given as if it were UTC.
  func offset(atLocal seconds: Int64) -> Int {
    // Twice, as the first guess may be on the other side of a change of clocks.
    let guess = offset(at: seconds - Int64(offset(at: seconds)) * 60)
    return offset(at: seconds - Int64(guess) * 60)
  }
}
