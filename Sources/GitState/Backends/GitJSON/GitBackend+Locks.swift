import Git

/// A lock file of git's that is there.
public struct GitLock: Hashable, Sendable {
  /// Its path.
  public let path: String
  /// For how many seconds it has been there.
  public let age: Int64
  /// Programs that have it open, or that are git's and work in this repository, as `git (1234)`.
  public let holders: [String]
  /// Whether no program can be seen that it may belong to.
  public let isStale: Bool
}

extension GitBackend {
  /// The lock files of git's in this repository.
  ///
  /// A lock is taken for stale where no process has it open, no program of git's works in the
  /// repository, and it is older than a minute.
  ///
  /// - Parameter removesStale: Whether to remove stale ones, with our own lock held.
  /// - Returns: The locks as they were found, by path.
  /// - Throws: `LOCK_TIMEOUT` where another gitstate is writing; what keeps a file from being removed.
  public func locks(removesStale: Bool = false) throws(StateError) -> [GitLock] {
    let files = LockFiles(location)
    guard removesStale else { return try files.locks() }
    try FileSystem.makeFolder(location.privateDirectory, mode: 0o700)
    let lock = try WriterLock(
      location.privateDirectory + "/lock", until: .now + options.lockTimeout)
    do throws(StateError) {
      let found = try files.locks()
      for lock in found where lock.isStale { try FileSystem.remove(lock.path) }
      lock.unlock()
      return found
    } catch {
      lock.unlock()
      throw error
    }
  }
}
