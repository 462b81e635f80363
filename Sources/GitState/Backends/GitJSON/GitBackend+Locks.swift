import Git
import Glibc

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
    guard removesStale else { return try findLocks() }
    try FileSystem.makeFolder(location.privateDirectory, mode: 0o700)
    let lock = try WriterLock(
      location.privateDirectory + "/lock", until: .now + options.lockTimeout)
    do throws(StateError) {
      let found = try findLocks()
      for lock in found where lock.isStale { try FileSystem.remove(lock.path) }
      lock.unlock()
      return found
    } catch {
      lock.unlock()
      throw error
    }
  }

  private func findLocks() throws(StateError) -> [GitLock] {
    var paths: Set<String> = []
    for folder in Set([location.commonDirectory, location.gitDirectory]) {
      for name in try FileSystem.names(in: folder) where name.hasSuffix(".lock") {
        paths.insert("\(folder)/\(name)")
      }
    }
    try collectLocks(in: location.commonDirectory + "/refs", &paths)
    guard !paths.isEmpty else { return [] }
    let programs = Self.programs()
    let now = SystemClock.milliseconds / 1000
    var locks: [GitLock] = []
    for path in paths.sorted() {
      guard let status = try FileSystem.status(of: path) else { continue }
      let holders = programs.filter { program in
        program.files.contains(path)
          || program.isGit && (program.folder.map { isInside($0) } ?? true)
      }
      let age = max(0, now - Int64(status.st_mtim.tv_sec))
      locks.append(
        GitLock(
          path: path, age: age, holders: holders.map { "\($0.name) (\($0.id))" },
          isStale: holders.isEmpty && age > 60))
    }
    return locks
  }

  private func collectLocks(in folder: String, _ paths: inout Set<String>) throws(StateError) {
    for name in try FileSystem.names(in: folder) {
      let path = "\(folder)/\(name)"
      switch try FileSystem.kind(of: path) {
      case .folder: try collectLocks(in: path, &paths)
      case .file where name.hasSuffix(".lock"): paths.insert(path)
      default: continue
      }
    }
  }

  /// Whether a folder is in this repository or its working tree.
  private func isInside(_ folder: String) -> Bool {
    [location.commonDirectory, location.gitDirectory, location.workingDirectory].contains { root in
      guard let root else { return false }
      return folder == root || folder.hasPrefix(root + "/")
    }
  }

  /// A running program, as far as `/proc` shows it to us.
  private struct Program {
    let id: String
    let name: String
    /// Where it works; nil where we may not see that.
    let folder: String?
    let files: Set<String>
    var isGit: Bool { name == "git" || name.hasPrefix("git-") }
  }

  private static func programs() -> [Program] {
    let own = String(getpid())
    // Without /proc nothing can be seen; what cannot be listed is left out.
    let ids = ((try? FileSystem.names(in: "/proc")) ?? []).filter {
      $0 != own && $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
    return ids.compactMap { id in
      guard let name = try? FileSystem.read("/proc/\(id)/comm") else { return nil }
      let folder = linkTarget("/proc/\(id)/cwd")
      // One that has ended, though nobody has asked for its status yet, works nowhere.
      guard folder != nil || errno == EACCES || errno == EPERM else { return nil }
      let files = ((try? FileSystem.names(in: "/proc/\(id)/fd")) ?? []).compactMap {
        linkTarget("/proc/\(id)/fd/\($0)")
      }
      return Program(
        id: id, name: String(decoding: name.filter { $0 != 10 }, as: UTF8.self),
        folder: folder, files: Set(files))
    }
  }

  private static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.baseAddress.map {
        readlink(path, $0.assumingMemoryBound(to: CChar.self), bytes.count)
      } ?? 0
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}
