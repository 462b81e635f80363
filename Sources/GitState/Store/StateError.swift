/// What went wrong, with what, and what to do next.
public struct StateError: Error, Sendable {
  /// A kind of failure, under a name that other people's programs rely on.
  ///
  /// Further ones may come; match those that you know and treat the rest as failures.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The name, as it stands in the JSON of errors.
    public let rawValue: String
    /// Makes a code from its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// There is no such contract or revision.
    public static let notFound = Code(rawValue: "STATE_NOT_FOUND")
    /// Nothing was written, though it should have been.
    public static let writeFailed = Code(rawValue: "STATE_WRITE_FAILED")
    /// The state cannot be read, so nothing can be said about what is in it.
    public static let backendUnavailable = Code(rawValue: "BACKEND_UNAVAILABLE")
    /// What was to be written is malformed.
    public static let validationFailed = Code(rawValue: "VALIDATION_FAILED")
    /// A migration could not do its step.
    public static let migrationFailed = Code(rawValue: "MIGRATION_FAILED")
    /// Another program held the lock until the time-out; nothing was written.
    public static let lockTimeout = Code(rawValue: "LOCK_TIMEOUT")
    /// A record or file is not what its format says.
    public static let serializationFailed = Code(rawValue: "SERIALIZATION_FAILED")
    /// Two changes to one field exclude each other; nothing was written.
    public static let mergeConflict = Code(rawValue: "MERGE_CONFLICT")
    /// A remote refused what was pushed.
    public static let remoteRejected = Code(rawValue: "REMOTE_REJECTED")
    /// A remote does not accept who we are.
    public static let authenticationFailed = Code(rawValue: "AUTHENTICATION_FAILED")
    /// A remote could not be reached or gave no usable answer.
    public static let remoteUnavailable = Code(rawValue: "REMOTE_UNAVAILABLE")
    /// A remote is not who it should be: its certificate or host key is not trusted.
    public static let remoteUntrusted = Code(rawValue: "REMOTE_UNTRUSTED")
    /// What a remote has cannot be taken over: rewritten history, a broken file, missing objects.
    public static let remoteInvalid = Code(rawValue: "REMOTE_INVALID")
    /// No answer came in the time that the caller gave.
    public static let operationTimeout = Code(rawValue: "OPERATION_TIMEOUT")
    /// The caller's task was cancelled.
    public static let operationCancelled = Code(rawValue: "OPERATION_CANCELLED")
    /// What was asked makes no sense: an argument, a name, a combination.
    public static let invalidArgument = Code(rawValue: "INVALID_ARGUMENT")
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, to what, and what to do next, in one sentence.
  public var message: String
  /// The contract concerned.
  public var key: ContractKey?
  /// The file concerned, from the repository's root.
  public var file: String?
  /// The line in ``file``, from 1.
  public var line: Int?
  /// The column in ``line``, from 1, in Unicode scalars.
  public var column: Int?
  /// The changes that exclude each other, where that is the failure.
  public var conflicts: [MergeConflict]
  /// The pairs of another store that are no records, where those are the failure.
  public var invalidRecords: [InvalidRecord] = []
  /// What the failure came from.
  public var underlying: (any Error)?

  /// Makes an error.
  public init(
    _ code: Code, _ message: String, key: ContractKey? = nil, file: String? = nil,
    line: Int? = nil, column: Int? = nil, conflicts: [MergeConflict] = [],
    underlying: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.key = key
    self.file = file
    self.line = line
    self.column = column
    self.conflicts = conflicts
    self.underlying = underlying
  }
}

extension StateError: CustomStringConvertible {
  /// The code and the message.
  public var description: String { "\(code.rawValue): \(message)" }
}
