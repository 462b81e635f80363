/// Which repository, branch and folder hold the state, and how it is written.
public struct GitBackendOptions: Sendable {
  /// Whether an answered write survives a power cut.
  public enum Durability: String, CaseIterable, Sendable {
    /// It does.
    case full
    /// It survives the end of the process, but not of the machine: for tests, and for bulk work that
    /// can be done again.
    case none
  }

  /// A folder in the repository, or below one of its folders.
  public var directory: String
  /// The branch that has the state; nil is that of the configuration, or else HEAD's.
  public var branch: String?
  /// The deployments folder from the repository's root; nil is that of the configuration, or else
  /// the nearest folder `deployments`.
  public var deployments: String?
  /// Whether an answered write survives a power cut.
  public var durability: Durability
  /// How long a write waits for other writers and for git programs.
  public var lockTimeout: Duration
  /// For how long a read may not see what another process has committed.
  public var staleness: Duration
  /// How many bytes of memory parsed files may take that are kept for later; 0 keeps none.
  ///
  /// A file counts as 1 KiB and five times its size. One that needs more than the whole is parsed anew
  /// for each commit that is read. What is read again and again should fit: a folder that does not is
  /// parsed in part by each read that finds a new commit.
  public var cacheSize: Int
  /// Whether the files at the branch's tip are parsed when the state is opened.
  ///
  /// Opening then takes as long as the first read would, and the first read or write is quick. This
  /// is for programs that stay; one that reads a single contract and ends gains nothing. Where the
  /// tip cannot be read, opening succeeds all the same and the first read fails.
  public var warmsCache: Bool

  /// Makes options; each has the value that serves most.
  ///
  /// - Parameters:
  ///   - directory: A folder in the repository, or below one of its folders.
  ///   - branch: The branch that has the state.
  ///   - deployments: The deployments folder from the repository's root.
  ///   - durability: Whether an answered write survives a power cut.
  ///   - lockTimeout: How long a write waits for other writers.
  ///   - staleness: For how long a read may not see what another process has committed.
  ///   - cacheSize: How many bytes of memory parsed files may take that are kept for later.
  ///   - warmsCache: Whether the files at the branch's tip are parsed when the state is opened.
  public init(
    directory: String, branch: String? = nil, deployments: String? = nil,
    durability: Durability = .full, lockTimeout: Duration = .seconds(10),
    staleness: Duration = .milliseconds(5), cacheSize: Int = 64 << 20, warmsCache: Bool = false
  ) {
    self.directory = directory
    self.branch = branch
    self.deployments = deployments
    self.durability = durability
    self.lockTimeout = lockTimeout
    self.staleness = staleness
    self.cacheSize = cacheSize
    self.warmsCache = warmsCache
  }
}
