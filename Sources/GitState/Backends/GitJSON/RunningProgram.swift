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

extension RunningProgram {
  /// The git commands that have something under way for as long as they run, and end it by themselves.
  ///
  /// `git commit` is none: it ends what the user has had open.
  private static let operations: Set<String> = [
    "merge", "pull", "rebase", "cherry-pick", "revert", "am",
  ]

  /// The git commands that replace files of the working tree before they move HEAD or its branch.
  private static let movers = operations.subtracting(["pull"]).union([
    "switch", "checkout", "reset", "restore", "stash",
  ])

  /// A program of git's that merges, rebases or the like in a worktree just now; nil where none can be seen.
  ///
  /// One that has started us is none: it waits for us.
  static func atWork(in location: StateLocation) -> RunningProgram? {
    first(of: operations, in: location)
  }

  /// A program of git's that may be about to move HEAD in a worktree, and has put files in place for that.
  static func movingHead(in location: StateLocation) -> RunningProgram? {
    first(of: movers, in: location)
  }

  private static func first(of commands: Set<String>, in location: StateLocation) -> RunningProgram?
  {
    let roots = [location.workingDirectory, location.gitDirectory].compactMap(\.self)
    let found = all().filter { program in
      guard program.isGit, let folder = program.folder else { return false }
      return roots.contains { folder == $0 || folder.hasPrefix($0 + "/") }
        && program.command.map(commands.contains) == true
    }
    guard !found.isEmpty else { return nil }
    let ancestors = ancestors()
    return found.first { !ancestors.contains($0.id) }
  }

  /// The command of a git program, as in `git -C folder merge side`.
  private var command: String? {
    // One that has ended meanwhile does nothing.
    guard let line = try? FileSystem.read("/proc/\(id)/cmdline") else { return nil }
    var words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }[...]
    guard let program = words.popFirst().map({ FileSystem.split($0).name }) else { return nil }
    if program.hasPrefix("git-") { return String(program.dropFirst("git-".count)) }
    while let word = words.popFirst() {
      if !word.hasPrefix("-") { return word }
      if ["-C", "-c", "--git-dir", "--work-tree", "--namespace"].contains(word) {
        words = words.dropFirst()
      }
    }
    return nil
  }

  /// The numbers of the programs that this one was started by.
  private static func ancestors() -> Set<String> {
    var found: Set<String> = []
    var next = String(getppid())
    // Where it cannot be read, it is the last one that we see.
    while found.insert(next).inserted, let status = try? FileSystem.read("/proc/\(next)/stat"),
      let end = status.lastIndex(of: UInt8(ascii: ")"))
    {
      // The name, in brackets, may have anything in it; the state and the parent follow.
      let fields = status[status.index(after: end)...].split(separator: UInt8(ascii: " "))
      guard fields.count > 1 else { break }
      next = String(decoding: fields[1], as: UTF8.self)
    }
    return found
  }
}
