/// What went wrong with a LevelDB folder.
public struct LevelDBError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure.
  public let code: Code

  /// LevelDB's own words, or ours where LevelDB was not reached or would have been unclear.
  public let message: String

  /// The folder, as the caller named it.
  public let path: String

  /// Creates an error.
  public init(code: Code, message: String, path: String) {
    self.code = code
    self.message = message
    self.path = path
  }

  /// One sentence: what happened, to which folder, and what to do where that is known.
  public var description: String {
    let sentence = message.contains(path) ? message : "LevelDB folder '\(path)': \(message)"
    switch code {
    case .corruption where !message.contains("restore"):
      return "\(sentence); restore the folder from a backup"
    case .locked where !message.contains("try again"):
      return "\(sentence); stop what has it open and try again"
    default:
      return sentence
    }
  }
}

extension LevelDBError {
  /// A kind of failure; later versions may know more of them.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The code's stable name.
    public let rawValue: String

    /// Creates a code from its name.
    public init(rawValue: String) {
      self.rawValue = rawValue
    }

    /// The folder's content is damaged: a checksum is wrong, or a file is missing.
    public static let corruption = Self(rawValue: "corruption")
    /// The operating system refused to read or write.
    public static let ioError = Self(rawValue: "io-error")
    /// Another process, or another handle of this one, has the folder open.
    public static let locked = Self(rawValue: "locked")
    /// No LevelDB folder is there.
    public static let notFound = Self(rawValue: "not-found")
    /// A LevelDB folder is there, and none was to be.
    public static let alreadyExists = Self(rawValue: "already-exists")
    /// A path, an option or the folder's key order is not one that can be worked with.
    public static let invalidArgument = Self(rawValue: "invalid-argument")
    /// LevelDB cannot do this.
    public static let notSupported = Self(rawValue: "not-supported")
    /// Anything else.
    public static let other = Self(rawValue: "other")
  }
}

extension LevelDBError {
  /// Reads the text that LevelDB's `Status::ToString` made, all that its C interface tells.
  init(statusText text: String, at location: Location) {
    let code: Code
    if text.hasPrefix("Corruption: ") {
      code = .corruption
    } else if text.hasPrefix("NotFound: ") {
      // About a file that the folder's MANIFEST or CURRENT names: that a folder or database is
      // missing altogether is found out before LevelDB is called.
      code = .corruption
    } else if text.hasPrefix("IO error: lock "),
      text.hasSuffix(": Resource temporarily unavailable")
        || text.hasSuffix(": already held by process")
    {
      code = .locked
    } else if text.hasPrefix("IO error: "),
      text.hasSuffix(".ldb: Invalid argument") || text.hasSuffix(".sst: Invalid argument")
    {
      // What `PosixMmapReadableFile` says of a read past a table's end: the table was cut off, or
      // its footer points nowhere.
      code = .corruption
    } else if text.hasPrefix("IO error: ") {
      code = .ioError
    } else if text.hasPrefix("Invalid argument: ") {
      if text.hasSuffix(": does not exist (create_if_missing is false)") {
        code = .notFound
      } else if text.hasSuffix(": exists (error_if_exists is true)") {
        code = .alreadyExists
      } else {
        code = .invalidArgument
      }
    } else if text.hasPrefix("Not implemented: ") {
      code = .notSupported
    } else {
      code = .other
    }
    self.init(code: code, message: location.shown(in: text), path: location.shownPath)
  }

  /// A system call's failure: `errno`, read right after the call, and what was tried, as in "cannot
  /// read 'CURRENT'".
  init(errno number: Int32, _ action: String, path: String) {
    self.init(code: .ioError, message: "\(action): \(systemMessage(number))", path: path)
  }
}
