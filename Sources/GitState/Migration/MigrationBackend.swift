import Synchronization

/// Deployment state on its way from a LevelDB folder to git: both are written, one of them is right.
///
/// The phase is kept in the repository's common git directory, and is looked at anew by each
/// operation. Without a migration on this clone everything goes to git alone.
public final class MigrationBackend: StateBackend {
  /// How sides that fail are dealt with.
  public let options: MigrationOptions
  let gitBackend: GitBackend
  let folder: MigrationFolder
  let breakers: [MigrationSide: CircuitBreaker]
  private let sources = Mutex<[String: MigrationSource]>([:])

  /// Opens the state of a repository, whatever migration is under way there.
  ///
  /// - Parameters:
  ///   - git: Which repository, branch and folder.
  ///   - options: How to deal with sides that fail.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository.
  public init(_ git: GitBackendOptions, options: MigrationOptions = MigrationOptions())
    throws(StateError)
  {
    self.options = options
    gitBackend = try Self.gitBackend(git)
    folder = MigrationFolder(
      privateDirectory: gitBackend.location.privateDirectory, isDurable: git.durability == .full,
      faults: options.faults)
    var breakers: [MigrationSide: CircuitBreaker] = [:]
    for side in MigrationSide.allCases {
      breakers[side] = CircuitBreaker(
        failures: options.breakerFailures, pause: options.breakerPause)
    }
    self.breakers = breakers
  }

  /// Opens the git side; where that cannot be done, and a migration is under way, LevelDB serves without it.
  private static func gitBackend(_ git: GitBackendOptions) throws(StateError) -> GitBackend {
    do throws(StateError) {
      return try GitBackend(git)
    } catch  where error.code == .backendUnavailable {
      guard let found = try FoundMigration(from: git.directory) else { throw error }
      // The objects that name the branch may be what cannot be read; the migration's note has it as well.
      var named = git
      named.branch = found.state.branch
      do throws(StateError) {
        return try GitBackend(named)
      } catch {
        return GitBackend(unavailable: error, found.location, git)
      }
    }
  }

  /// `git` while no migration is under way, else `migration`.
  public var type: String {
    // Where the note cannot be read, the next operation says so.
    (try? folder.state()) == nil ? gitBackend.type : "migration"
  }

  /// The git side.
  public var git: GitBackend? { gitBackend }

  /// The cache of the git side.
  public var cacheStatistics: CacheStatistics? { gitBackend.cacheStatistics }

  /// The state as it was at a commit of the git side.
  public func state(at revision: String) throws(StateError) -> any StateReading {
    try gitBackend.state(at: revision)
  }

  /// How far the migration is; nil where none is under way.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where that cannot be told.
  public func phase() throws(StateError) -> MigrationPhase? { try folder.state()?.phase }

  /// Closes the git side; LevelDB is open during operations alone.
  public func close() { gitBackend.close() }

  /// Changes the git side by something that knows of no migration, and takes to LevelDB at once what that
  /// changed.
  ///
  /// What pends is done before, as before every write. Where LevelDB cannot be written, the change waits
  /// in the journal, and a notice says so.
  ///
  /// - Throws: What the body throws; `STATE_WRITE_FAILED` where an earlier write still pends for git,
  ///   `MIGRATION_FAILED` where git's branch has lost what LevelDB is in step with, as for every write.
  func following<Value>(_ body: (GitBackend) throws(StateError) -> Value) throws(StateError)
    -> Value
  {
    guard let state = try folder.state(), state.phase != .complete else {
      return try body(gitBackend)
    }
    if try !folder.entries().isEmpty {
      try followGit()
      if let entry = try folder.entries().first(where: { $0.isPending(.git) }) {
        let names = entry.records.filter { $0.isPending(.git) }.map(
          \.key.description.escapingUnprintable)
        throw StateError(
          .writeFailed,
          "nothing was changed: an earlier write of \(names.joined(separator: ", ")) still pends for git; "
            + "gitstate migrate sync does it, or says what is in the way")
      }
    }
    let before = Result { () throws(StateError) in try gitBackend.tip() }
    if case .success(let tip) = before, let now = try folder.state(), now.phase != .complete,
      try now.isLost(at: tip, in: gitBackend)
    {
      throw MigrationSession.rewound(tip, now)
    }
    let result = Result { () throws(StateError) in try body(gitBackend) }
    if case .success(let before) = before {
      do throws(StateError) {
        if try gitBackend.tip() != before { try followGit() }
      } catch {
        options.notice("what git has anew was not taken to LevelDB: \(error.message)")
      }
    }
    return try result.get()
  }

  private func followGit() throws(StateError) {
    let notes = try withSession { session throws(StateError) in
      guard session.state.phase != .complete else { return [String]() }
      try session.prepare()
      session.noteClashes()
      if session.entries.contains(where: { $0.isPending(.source) }) {
        session.note(
          "LevelDB could not be written (\(session.failed[.source]?.message ?? "not yet tried")); that "
            + "half is pending, and the next write does it")
      }
      return session.notes
    }
    for note in notes { options.notice(note) }
  }

  /// The LevelDB side.
  func source(at path: String) -> MigrationSource {
    sources.withLock { sources in
      if let source = sources[path] { return source }
      let source = MigrationSource(path: path)
      sources[path] = source
      return source
    }
  }

  /// When to give up waiting for other programs.
  var deadline: ContinuousClock.Instant { ContinuousClock.now + gitBackend.options.lockTimeout }

  /// When to give up waiting for a program that has LevelDB open.
  var sourceDeadline: ContinuousClock.Instant {
    ContinuousClock.now + (options.sourceTimeout ?? gitBackend.options.lockTimeout)
  }

  /// Uses a side, unless it is left alone, and counts how that went.
  func using<Value>(_ side: MigrationSide, _ body: () throws(StateError) -> Value)
    throws(StateError) -> Value
  {
    let breaker = breakers[side]
    try breaker?.enter()
    do throws(StateError) {
      let value = try body()
      breaker?.succeed()
      return value
    } catch {
      if error.isOfSide { breaker?.fail(error) } else { breaker?.succeed() }
      throw error
    }
  }
}

extension StateError {
  /// Whether it says that a side does not work, and nothing about what was asked.
  var isOfSide: Bool {
    [.backendUnavailable, .writeFailed, .lockTimeout].contains(code)
  }
}
