/// Times as JSON documents and people have them.
public enum StateTime {
  /// A time in ISO 8601 and UTC.
  ///
  /// - Parameter milliseconds: Milliseconds since 1970.
  /// - Returns: `2025-07-25T11:11:18Z`, with milliseconds where there are any.
  public static func iso8601(milliseconds: Int64) -> String {
    DeploymentDate.iso8601(milliseconds: milliseconds)
  }
}

/// Dates as people give them to limit a log.
public enum RevisionTime {
  /// Reads an ISO 8601 date or time, `yesterday`, or `3 days ago`.
  ///
  /// - Parameters:
  ///   - text: The date.
  ///   - isStart: Whether a day without a time means its beginning rather than its end.
  /// - Returns: Seconds since 1970.
  /// - Throws: `INVALID_ARGUMENT` where the text is no date.
  public static func seconds(_ text: String, isStart: Bool) throws(StateError) -> Int64 {
    guard let time = RevisionDate.seconds(text, now: SystemClock.milliseconds / 1000) else {
      throw StateError(
        .invalidArgument,
        "\(text.quoted) is no date; write 2025-07-25, 2025-07-25T11:11:18Z or \"3 days ago\"")
    }
    let isWholeDay = text.utf8.count == 10 && DeploymentDate.milliseconds(text) != nil
    return isStart && isWholeDay ? time - 86399 : time
  }
}
