import Logging

/// How a migration backend deals with sides that fail.
public struct MigrationOptions: Sendable {
  /// After how many failures in a row a side is left alone.
  public var breakerFailures: Int
  /// For how long it is left alone.
  public var breakerPause: Duration
  /// How many contracts `sync` copies in one commit.
  public var batchSize: Int
  /// How long to wait for a program that has LevelDB open; nil is as long as for git's writers.
  public var sourceTimeout: Duration?
  /// Told what a caller should know of an operation that has no other way to say so.
  ///
  /// That is, that LevelDB answered since git could not be read, or what became of a change that git alone
  /// had. It may be called from any thread.
  public var notice: @Sendable (String) -> Void
  var faults: MigrationFaults?

  /// Makes options; each has the value that serves most.
  ///
  /// - Parameters:
  ///   - breakerFailures: After how many failures in a row a side is left alone.
  ///   - breakerPause: For how long it is left alone.
  ///   - batchSize: How many contracts `sync` copies in one commit.
  ///   - sourceTimeout: How long to wait for a program that has LevelDB open; nil is as long as for
  ///     git's writers.
  ///   - notice: Told what a caller should know besides; nil writes it to
  ///     ``StateManagerOptions/defaultLogger``.
  public init(
    breakerFailures: Int = 5, breakerPause: Duration = .seconds(30), batchSize: Int = 500,
    sourceTimeout: Duration? = nil, notice: (@Sendable (String) -> Void)? = nil
  ) {
    self.breakerFailures = breakerFailures
    self.breakerPause = breakerPause
    self.batchSize = batchSize
    self.sourceTimeout = sourceTimeout
    self.notice = notice ?? { StateManagerOptions.defaultLogger.warning("\($0)") }
  }
}
