import Glibc

/// A running program, as far as `/proc` shows it to us.
struct RunningProgram {
  let id: String
  let name: String
  /// Where it works; nil where we may not see that.
  let folder: String?

  /// Whether it is one of git's.
  var isGit: Bool { name == "git" || name.hasPrefix("git-") }

  /// Its name and number, as `git (1234)`.
  var shown: String { "\(name) (\(id))" }

  /// The files that it has open, as far as we may see them.
  var files: Set<String> {
    Set(
      // One that has ended meanwhile has none.
      ((try? FileSystem.names(in: "/proc/\(id)/fd")) ?? []).compactMap {
        Self.linkTarget("/proc/\(id)/fd/\($0)")
      })
  }

  /// All programs but this one.
  static func all() -> [RunningProgram] {
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
      return RunningProgram(
        id: id, name: String(decoding: name.filter { $0 != 10 }, as: UTF8.self), folder: folder)
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
