/// A finished index that waits, as `index.lock`, to take the place of the index.
///
/// As long as it is there, git programs refuse to change the index. Without ``commit()`` it goes
/// and leaves no trace.
public struct PendingIndex: ~Copyable {
  private let index: String
  private let lock: String
  private let syncs: Bool
  private var isLocked = true

  init(index: String, lock: String, syncs: Bool) {
    self.index = index
    self.lock = lock
    self.syncs = syncs
  }

  deinit {
    guard isLocked else { return }
    do throws(GitError) {
      try FileSystem.remove(lock)
    } catch {
      // Nobody to tell in a deinit; discard() tells. git will name the file that is left.
    }
  }

  /// Renames the file into place, which is atomic.
  public consuming func commit() throws(GitError) {
    try FileSystem.rename(lock, to: index)
    isLocked = false
    if syncs { try FileSystem.sync(FileSystem.parent(index)) }
  }

  /// Removes the file; the index stays as it was.
  public consuming func discard() throws(GitError) {
    isLocked = false
    try FileSystem.remove(lock)
  }
}
