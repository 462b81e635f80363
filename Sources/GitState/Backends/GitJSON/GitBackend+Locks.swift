import Git

/// A lock file of git's that is there, or one of ours that is held.
public struct GitLock: Hashable, Sendable {
  /// Its path.
  public let path: String
  /// For how many seconds it has been there.
  public let age: Int64
  /// Programs that have it open, or that are git's and work in this repository, as `git (1234)`.
  public let holders: [String]
  /// Whether no program can be seen that it may belong to, and all of its owner's can.
  public let isStale: Bool
  /// The number of the user who made it, where we may not see what that one's programs have open.
  public let owner: UInt32?
}

extension GitBackend {
  /// The lock files of git's in this repository, and ours that another program holds.
  ///
  /// A lock is taken for stale where no process has it open, no program of git's works in the
  /// repository, it is older than a minute, and it is not another user's, whose processes only root can see
  /// into. Programs in other containers and on other machines cannot be seen.
  ///
  /// Our own end with their process, so they are never stale. A lock of git's that a write of ours has left is
  /// not removed: what was interrupted is finished, and with it the lock goes. To remove it would leave the
  /// index behind the branch.
  ///
  /// - Parameter removesStale: Whether to remove stale ones, with our own lock held.
  /// - Returns: The locks as they were found, by path.
  /// - Throws: `LOCK_TIMEOUT` where another gitstate is writing; what keeps a file from being removed, or an
  ///   interrupted write from being finished.
  public func locks(removesStale: Bool = false) throws(StateError) -> [GitLock] {
    let files = LockFiles(location)
    guard removesStale else { return try files.locks() }
    return try write { writer throws(StateError) in
      try writer.removeStaleLocks(files)
    }
  }
}

extension GitWriter {
  fileprivate func removeStaleLocks(_ files: LockFiles) throws(StateError) -> [GitLock] {
    try convertingGitErrors(.writeFailed, "not all locks could be removed") {
      try withLock(until: .now + options.lockTimeout) {
        do {
          leftNote = try recover() ?? leftNote
        } catch {
          // A lock that is stale may be what is in the way.
        }
        let found = try files.locks()
        for lock in found where lock.isStale { try FileSystem.remove(lock.path) }
        leftNote = try recover() ?? leftNote
        return found
      }
    }
  }
}
