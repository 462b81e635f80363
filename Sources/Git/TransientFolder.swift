internal import Glibc

/// Folders that belong to one process and are nothing once it is gone.
///
/// Each has its process's number in its name, by which a later process knows what was left.
enum TransientFolder {
  private static let prefix = "incoming-"
  /// In a folder, the lock files that its process has taken: lines of an inode and a path.
  static let locks = "locks"

  /// Makes one.
  ///
  /// - Parameter folder: Where it goes; leftovers of processes that are gone are removed there.
  /// - Returns: Its path.
  /// - Throws: ``GitError`` where it cannot be made.
  static func make(below folder: String) throws(GitError) -> String {
    guard mkdir(try withoutNUL(folder), 0o700) == 0 || errno == EEXIST else {
      throw FileSystem.error("create", folder)
    }
    try removeLeftovers(in: folder)
    let path = "\(folder)/\(prefix)\(getpid())-\(UInt32.random(in: 0 ... .max))"
    guard mkdir(path, 0o700) == 0 else { throw FileSystem.error("create", path) }
    return path
  }

  private static func removeLeftovers(in folder: String) throws(GitError) {
    for name in try FileSystem.names(in: folder) ?? [] where name.hasPrefix(prefix) {
      let owner = name.dropFirst(prefix.count).prefix { $0 != "-" }
      guard let process = pid_t(owner), kill(process, 0) != 0, errno == ESRCH else { continue }
      try removeLocks(in: "\(folder)/\(name)")
      remove("\(folder)/\(name)")
    }
  }

  /// Removes lock files that are the very ones that a process took before it was cut off.
  private static func removeLocks(in folder: String) throws(GitError) {
    let content = try FileSystem.content("\(folder)/\(locks)") ?? []
    for line in content.split(separator: UInt8(ascii: "\n")) {
      let words = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
      guard words.count == 2, let inode = UInt64(String(decoding: words[0], as: UTF8.self)) else {
        continue
      }
      let path = String(decoding: words[1], as: UTF8.self)
      if try FileSystem.status(path).map({ UInt64($0.st_ino) }) == inode {
        try FileSystem.remove(path)
      }
    }
  }

  /// Removes a folder with all that is in it.
  static func remove(_ path: String) {
    // What cannot be removed is removed as a leftover by a later fetch.
    for name in (try? FileSystem.names(in: path)) ?? [] {
      let entry = "\(path)/\(name)"
      if unlink(entry) != 0 { remove(entry) }
    }
    rmdir(path)
  }
}
