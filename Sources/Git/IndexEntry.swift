public import Glibc

/// What the index has for a path.
public enum IndexEntry: Hashable, Sendable {
  /// A file that the next commit will have.
  case staged(Staged)
  /// A merge left a conflict.
  case conflicted

  /// The blob of a file that the next commit will have; nil in a conflict.
  public var id: ObjectID? {
    if case .staged(let entry) = self { entry.id } else { nil }
  }

  /// A file in the index, and the user's marks on it.
  public struct Staged: Hashable, Sendable {
    /// The blob.
    public let id: ObjectID
    /// What it is.
    public let mode: FileMode
    /// Left out of the working tree (`git sparse-checkout`, `git update-index --skip-worktree`).
    public let skipWorktree: Bool
    /// Only announced (`git add --intent-to-add`); the blob is the empty one.
    public let intentToAdd: Bool
    /// Never compared with the working file (`git update-index --assume-unchanged`).
    public let assumeUnchanged: Bool
    /// Whether git has found the working file to be just this since the entry was made.
    public let isSeen: Bool
  }
}

/// The state of a working file that the index notes, so that git need not read the file again.
public struct FileStat: Hashable, Sendable {
  let changed: Moment
  let modified: Moment
  let device: UInt32
  let inode: UInt32
  let user: UInt32
  let group: UInt32
  let size: UInt32

  struct Moment: Hashable {
    let seconds: Int32
    let nanoseconds: UInt32

    init(_ time: timespec) {
      seconds = Int32(truncatingIfNeeded: time.tv_sec)
      nanoseconds = UInt32(truncatingIfNeeded: time.tv_nsec)
    }
  }

  /// The state of a file; like git, the index keeps the low 32 bits of each number.
  public init(_ status: stat) {
    changed = Moment(status.st_ctim)
    modified = Moment(status.st_mtim)
    device = UInt32(truncatingIfNeeded: status.st_dev)
    inode = UInt32(truncatingIfNeeded: status.st_ino)
    user = status.st_uid
    group = status.st_gid
    size = UInt32(truncatingIfNeeded: status.st_size)
  }

  /// The state of the file at a path; nil only where there is none.
  public init?(ofFile path: String) throws(GitError) {
    guard let status = try FileSystem.status(path) else { return nil }
    self.init(status)
  }
}
