import Git
import Synchronization

/// Deployment state as JSON files in a git repository: every atomic write is one commit.
///
/// Reads serve what is committed on the state's branch. The working tree is only written to, and
/// only where HEAD is on that branch.
public final class GitBackend: StateBackend {
  let location: StateLocation
  let options: GitBackendOptions
  // libgit2's repository may be used by one thread at a time; each of these has its own, so that a
  // read does not wait for a write.
  private let reader: Mutex<GitReader?>
  // Opened when it is first needed, as most programs only read.
  private let writer = Mutex<GitWriter?>(nil)
  // Why there are none.
  private let fault: StateError?
  private let cache: FileCache

  /// Opens the state of a repository.
  ///
  /// What a crash left behind is repaired, if that can be done at once and the repository is this user's; else
  /// at the first write.
  ///
  /// - Parameter options: Which repository, branch and folder, and how to write.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository, or it cannot be used.
  public init(_ options: GitBackendOptions) throws(StateError) {
    self.options = options
    location = try lookingAgain { () throws(StateError) in try StateLocation(options) }
    cache = FileCache(capacity: options.cacheSize)
    fault = nil
    var reader = try GitReader(location, staleness: options.staleness, cache: cache)
    if options.warmsCache { reader.warm() }
    self.reader = Mutex(reader)
    if GitWriter.mayBeCutOff(at: location) {
      try write { writer throws(StateError) in writer.finishLeftWrite() }
    }
  }

  /// A repository that cannot be opened: everything fails for that reason.
  init(unavailable fault: StateError, _ location: StateLocation, _ options: GitBackendOptions) {
    self.fault = fault
    self.location = location
    self.options = options
    cache = FileCache(capacity: 0)
    reader = Mutex(nil)
  }

  private var unavailable: StateError {
    fault ?? StateError(.backendUnavailable, "the repository cannot be opened")
  }

  /// `git`.
  public var type: String { "git" }

  /// The record of a contract on the state's branch.
  public func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    try snapshot().contract(key)
  }

  /// The records that a query finds on the state's branch.
  public func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    try snapshot().contracts(matching: query)
  }

  /// The chain whose file has this `network`; nil where no file has it.
  public func chainID(ofNetwork network: String) throws(StateError) -> ChainID? {
    try snapshot().chainID(ofNetwork: network)
  }

  /// The state as it was at a commit.
  public func state(at revision: String) throws(StateError) -> any StateReading {
    try snapshot(at: revision)
  }

  /// This one.
  public var git: GitBackend? { self }

  /// The state as it is committed now, or as it was.
  ///
  /// - Parameter revision: What `git rev-parse` takes, or a date; nil is the branch's tip.
  /// - Returns: The state, which does not change any more.
  /// - Throws: `STATE_NOT_FOUND` where there is no such commit.
  public func snapshot(at revision: String? = nil) throws(StateError) -> StateSnapshot {
    try read { reader throws(StateError) in try reader.snapshot(at: revision) }
  }

  /// The branch of its own that the state has, while it has no commit; nil where all is well.
  ///
  /// A slip in a branch's name looks like an empty state: tell the user.
  public func unbornBranch() throws(StateError) -> String? {
    guard let branch = location.branch else { return nil }
    return try read { reader throws(StateError) in
      let tip = try convertingGitErrors(
        .backendUnavailable, "the branch that has the state could not be read"
      ) { try reader.branch().tip }
      return tip == nil ? String(branch.dropFirst("refs/heads/".count)) : nil
    }
  }

  /// Does something with the reader's repository.
  func read<Result>(_ body: (inout GitReader) throws(StateError) -> sending Result)
    throws(StateError) -> Result
  {
    try reader.withLock { slot throws(StateError) in
      guard var reader = slot.take() else { throw unavailable }
      do throws(StateError) {
        let result = try body(&reader)
        slot = consume reader
        return result
      } catch {
        slot = consume reader
        throw error
      }
    }
  }

  /// Makes each operation that changes anything a commit.
  public func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    write(operations.map { operation in PlannedOperation(operation) })
  }

  /// Makes commits of operations that are planned in the writer, on the state as it is then.
  func write(_ operations: [PlannedOperation]) -> [Result<WriteResult, StateError>] {
    do {
      let results = try write { writer throws(StateError) in try writer.write(operations) }
      // The caller must see what it was just told is written.
      let needsUpkeep = reader.withLock { reader in
        reader?.forgetTip()
        return reader?.needsUpkeep() ?? false
      }
      if needsUpkeep { Upkeep.current.start(options, location.commonDirectory) }
      return results
    } catch {
      return operations.map { _ in .failure(error) }
    }
  }

  /// Does something with the writer.
  func write<Result>(_ body: (GitWriter) throws(StateError) -> sending Result) throws(StateError)
    -> Result
  {
    if let fault { throw fault }
    return try writer.withLock { slot throws(StateError) in
      if let writer = slot { return try body(writer) }
      let writer = try GitWriter(location, options, cache: cache)
      slot = writer
      return try body(writer)
    }
  }

  /// What was done about a write that a crash had cut off, when this backend was opened or removed stale locks.
  ///
  /// - Returns: A sentence; nil where there was nothing to do, or it was told before, here or with the answer of
  ///   a write.
  public func recoveryNote() -> String? {
    writer.withLock { writer in writer?.leftNote.take() }
  }

  /// What operations would do to the state as it is now, without doing it.
  ///
  /// - Returns: An answer for each, whose changes have no `to`.
  public func preview(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    preview(operations.map { operation in PlannedOperation(operation) })
  }

  func preview(_ operations: [PlannedOperation]) -> [Result<WriteResult, StateError>] {
    do {
      return try write { writer throws(StateError) in try writer.preview(operations) }
    } catch {
      return operations.map { _ in .failure(error) }
    }
  }

  /// Whether the branch's tip and all files at it can be read, and each chain has one file.
  public func health() -> BackendHealth {
    do {
      let folder = try snapshot().folder
      var problems = folder.broken.map(\.error.message)
      for chainID in Set(folder.deployments.map(\.chainID)).sorted() {
        do {
          _ = try folder.file(of: chainID)
        } catch {
          problems.append(error.message)
        }
      }
      return BackendHealth(problems: problems)
    } catch {
      return BackendHealth(problems: [error.message])
    }
  }

  /// What the cache of parsed files holds, and how many parses it has saved reads and writes.
  ///
  /// A read of a tip that has not moved does not ask the cache, and is counted as neither hit nor
  /// miss.
  public var cacheStatistics: CacheStatistics? { cache.statistics }

  /// Looks at every file on the state's branch, and at the team's rules.
  public func verify() throws(StateError) -> VerificationReport {
    let snapshot = try snapshot()
    var report = snapshot.verify()
    guard let tip = snapshot.commitID else { return report }
    do throws(StateError) {
      report.warnings += try read { reader throws(StateError) in
        let commit = try reader.commit(tip).id
        return try convertingGitErrors(.backendUnavailable, "the rules could not be read") {
          try reader.unknownChains(at: commit)
        }
      }
    } catch {
      report.errors.append(error.message)
    }
    do throws(StateError) {
      report.warnings += try lostRaces()
    } catch {
      report.warnings.append(error.message)
    }
    return report
  }
}
