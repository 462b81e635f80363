public import Glibc

/// A finished index that takes the place of the index by way of `index.lock`.
///
/// While that is there, git programs refuse to change the index. Without ``commit()`` it goes and
/// leaves no trace.
public final class PendingIndex {
  private let index: String
  /// The index that it replaces; nil where there is none.
  public let replaced: stat?
  private let file: StagedFile
  private let area: StagingArea
  private var isLocked = false

  private var lockPath: String { file.path }

  /// What the index has directly in the folder that was asked for, by path.
  public let entries: [String: IndexEntry]
  /// What the index had before for each of the paths that change, in their order; nil is no entry.
  public let former: [IndexEntry?]

  /// Its inode, which stays the same when it takes the place of the index.
  public var inode: UInt64 { file.inode }

  /// What `index.lock` will be, by which its owner knows it again.
  ///
  /// - Throws: ``GitError`` where it cannot be looked at.
  public func status() throws(GitError) -> stat {
    guard let status = try FileSystem.status(file.temporaryPath) else {
      throw FileSystem.error("look at", file.temporaryPath)
    }
    return status
  }

  init(
    index: String, old: stat?, entries: [String: IndexEntry], former: [IndexEntry?],
    file: StagedFile, area: StagingArea
  ) {
    self.index = index
    self.entries = entries
    self.former = former
    replaced = old
    self.file = file
    self.area = area
  }

  deinit {
    // Nobody to tell in a deinit. git will name the file if it is left.
    if isLocked { unlink(lockPath) }
  }

  /// Takes `index.lock`, which is this index from the moment it is there.
  ///
  /// - Throws: ``GitError/Code/locked`` where another program holds it,
  ///   ``GitError/Code/modified`` where the index has changed since it was read.
  public func lock() throws(GitError) {
    do throws(GitError) {
      try file.publishIfAbsent()
    } catch {
      throw error.code == .exists ? Self.locked(lockPath) : error
    }
    isLocked = true
    let now = try FileSystem.status(index)
    guard now?.st_ino == replaced?.st_ino, now?.st_size == replaced?.st_size,
      now?.st_mtim.tv_sec == replaced?.st_mtim.tv_sec,
      now?.st_mtim.tv_nsec == replaced?.st_mtim.tv_nsec
    else {
      try discard()
      throw GitError(
        .modified, "the index has changed meanwhile", category: .index, context: index)
    }
  }

  /// Renames the file into place, which is atomic.
  public func commit() throws(GitError) {
    try FileSystem.rename(lockPath, to: index)
    isLocked = false
    area.noteName(index)
  }

  /// Whether this is still the index, once it was committed.
  ///
  /// A git program that read the index before, and took the lock after, puts what it has read in its
  /// place.
  public func isInPlace() throws(GitError) -> Bool {
    guard let status = try FileSystem.status(index) else { return false }
    return UInt64(status.st_ino) == inode
  }

  /// Whether a program holds `index.lock`, which this one has given back.
  public func isLockedByOthers() throws(GitError) -> Bool {
    let status = try FileSystem.status(lockPath)
    return !isLocked && status != nil
  }

  /// Gives the lock back, if it is ours; the index stays as it was.
  public func discard() throws(GitError) {
    guard isLocked else { return }
    isLocked = false
    try FileSystem.remove(lockPath)
  }

  /// Refuses to prepare anything while another program holds the lock.
  static func refuseLock(of index: String) throws(GitError) {
    let lock = index + ".lock"
    if try FileSystem.status(lock) != nil { throw locked(lock) }
  }

  private static func locked(_ lock: String) -> GitError {
    GitError(
      .locked,
      "\(lock) exists: another git program is at work (such as a git commit -a whose editor is open), or "
        + "one has crashed; gitstate locks tells "
        + "which, and removes it if none is", category: .index, context: lock)
  }
}
