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
  var faults: MigrationFaults?

  /// Makes options; each has the value that serves most.
  ///
  /// - Parameters:
  ///   - breakerFailures: After how many failures in a row a side is left alone.
  ///   - breakerPause: For how long it is left alone.
  ///   - batchSize: How many contracts `sync` copies in one commit.
  ///   - sourceTimeout: How long to wait for a program that has LevelDB open; nil is as long as for
  ///     git's writers.
  public init(
    breakerFailures: Int = 5, breakerPause: Duration = .seconds(30), batchSize: Int = 500,
    sourceTimeout: Duration? = nil
  ) {
    self.breakerFailures = breakerFailures
    self.breakerPause = breakerPause
    self.batchSize = batchSize
    self.sourceTimeout = sourceTimeout
  }
}
