internal import CGit2
internal import Glibc

/// How files that were written survive a power cut.
public enum SyncMethod: String, Sendable {
  /// They may not.
  case none
  /// By the order that a journal keeps.
  ///
  /// The content of each file is written back before the file gets its name, and what the journal
  /// has of names it commits in the order in which they were made; so one sync at the end makes all
  /// that came before it durable, and a power cut before that leaves a beginning of it. It is what
  /// git's `core.fsyncMethod=batch` relies on.
  case ordered
  /// Each file, and each folder with a new name in it, is synced by itself. It holds everywhere.
  case each

  /// What makes files in some folders durable.
  ///
  /// - Parameter folders: Where files are written; what is not there yet does not count.
  /// - Returns: ``ordered`` where all folders are on one file system of a kind that is known to keep
  ///   the order (ext3 and ext4 with a journal, XFS), else ``each``.
  /// - Throws: ``GitError`` where a folder cannot be looked at.
  public static func durable(in folders: [String]) throws(GitError) -> SyncMethod {
    var device: dev_t?
    for folder in folders {
      var status = stat()
      guard stat(try withoutNUL(folder), &status) == 0 else {
        if errno == ENOENT || errno == ENOTDIR { continue }
        throw FileSystem.error("look at", folder)
      }
      guard device == nil || device == status.st_dev else { return .each }
      guard device == nil else { continue }
      device = status.st_dev
      let system = gitstate_file_system(folder)
      guard system >= 0 else { throw FileSystem.error("look at", folder) }
      switch UInt32(truncatingIfNeeded: system) {
      case xfs: continue
      case ext where hasJournal(status.st_dev): continue
      default: return .each
      }
    }
    return .ordered
  }

  // statfs(2); ext2 to ext4 share a number.
  private static let xfs: UInt32 = 0x5846_5342
  private static let ext: UInt32 = 0xef53

  /// Whether an ext file system on a device has a journal: the kernel lists them by the device's name
  /// and the journal's inode, as in `/proc/fs/jbd2/sda1-8`.
  private static func hasJournal(_ device: dev_t) -> Bool {
    let number = UInt64(device)
    let major = (number >> 8) & 0xfff | (number >> 32) & 0xffff_f000
    let minor = number & 0xff | (number >> 12) & 0xffff_ff00
    guard let path = realpath("/sys/dev/block/\(major):\(minor)", nil) else { return false }
    defer { free(path) }
    guard let name = String(cString: path).split(separator: "/").last,
      // Where the list cannot be read, nothing is known, and each file is synced.
      let journals = try? FileSystem.names(in: "/proc/fs/jbd2")
    else { return false }
    return journals.contains { $0.hasPrefix("\(name)-") }
  }
}
