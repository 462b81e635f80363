import Glibc
import Synchronization

/// This process's use of a LevelDB folder, until the value ends.
///
/// A process's `fcntl` locks do not keep it from itself, and LevelDB's own table goes by the path's
/// spelling. This table goes by device and inode, so neither a second handle by another path nor a
/// copy of a folder that is open here slips through.
struct FolderUse: ~Copyable, Sendable {
  enum Purpose: Sendable {
    /// For a call of LevelDB's that takes the lock itself.
    case open
    /// For `leveldb_repair_db`, which takes none.
    case repair
    /// For copying, beside other copies.
    case copy
  }

  private struct Entry: Sendable {
    let isShared: Bool
    var count: Int
    /// LOCK, locked, which copies share: closing a descriptor of their own would drop the lock.
    let lock: Int32?
  }

  private static let table = Mutex<[Folder.Identity: Entry]>([:])

  /// Kept open, so that its inode number is not given to another folder while it is in the table.
  let folder: Folder

  /// Enters a folder, unless it is in use here or in another process.
  init(of folder: consuming Folder, for purpose: Purpose) throws(LevelDBError) {
    try Self.enter(folder, for: purpose)
    self.folder = folder
  }

  deinit {
    let identity = folder.identity
    Self.table.withLock { table in
      guard var entry = table[identity] else { return }
      entry.count -= 1
      if entry.count == 0 {
        table[identity] = nil
        if let lock = entry.lock { close(lock) }
      } else {
        table[identity] = entry
      }
    }
  }

  /// Whether LOCK was there to be locked.
  var holdsLock: Bool {
    let identity = folder.identity
    return Self.table.withLock { $0[identity]?.lock != nil }
  }

  private static func enter(
    _ folder: borrowing Folder, for purpose: Purpose
  ) throws(LevelDBError) {
    let identity = folder.identity
    let shownPath = folder.shownPath
    try table.withLock { table throws(LevelDBError) in
      if var entry = table[identity] {
        guard purpose == .copy, entry.isShared else {
          throw LevelDBError(
            code: .locked,
            message: "this program has the LevelDB folder '\(shownPath)' open already; "
              + "close it there and try again",
            path: shownPath)
        }
        entry.count += 1
        table[identity] = entry
        return
      }
      let lock: Int32?
      switch purpose {
      case .open:
        try folder.checkUnlocked()
        lock = nil
      case .repair:
        lock = try folder.takeLock(exclusive: true)?.released()
      case .copy:
        lock = try folder.takeLock(exclusive: false)?.released()
      }
      table[identity] = Entry(isShared: purpose == .copy, count: 1, lock: lock)
    }
  }
}
