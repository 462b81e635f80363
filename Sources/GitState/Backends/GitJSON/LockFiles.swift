import Git
import Glibc

/// The lock files that git's programs make in a repository, in all of its worktrees, and our own that are held.
struct LockFiles {
  private let location: StateLocation

  init(_ location: StateLocation) { self.location = location }

  /// Those that are there, by path.
  func locks() throws(StateError) -> [GitLock] {
    var paths: Set<String> = []
    let common = location.commonDirectory
    let worktrees = try worktreeDirectories()
    for folder in Set([common, location.gitDirectory] + worktrees) {
      try collect(in: folder, &paths)
      try collect(in: folder + "/info", &paths)
      for tree in ["refs", "logs"] { try collectBelow("\(folder)/\(tree)", &paths) }
    }
    for folder in ["", "/pack", "/info", "/info/commit-graphs"] {
      try collect(in: "\(common)/objects\(folder)", &paths)
    }
    let ownHolders = try ownHolders()
    guard !paths.isEmpty || !ownHolders.isEmpty else { return [] }
    let roots = try roots(worktrees)
    let programs = RunningProgram.all().map { program in
      (
        program, files: program.files,
        mayHold: program.isGit
          && (program.folder.map { folder in
            roots.contains { folder == $0 || folder.hasPrefix($0 + "/") }
          } ?? true)
      )
    }
    let now = SystemClock.milliseconds / 1000
    var locks: [GitLock] = []
    for path in paths.union(ownHolders.keys).sorted() {
      guard let status = try FileSystem.status(of: path) else { continue }
      let holders =
        if let id = ownHolders[path] {
          // The file stays, and another program may have the number of one that is gone.
          programs.filter {
            $0.0.id == id && ($0.files.contains(path) || !Self.seesPrograms(of: status.st_uid))
          }
        } else {
          programs.filter { $0.mayHold || $0.files.contains(path) }
        }
      if holders.isEmpty, ownHolders[path] != nil { continue }
      let age = max(0, now - Int64(status.st_mtim.tv_sec))
      locks.append(
        GitLock(
          path: path, age: age, holders: holders.map(\.0.shown),
          isStale: holders.isEmpty && age > 60 && Self.seesPrograms(of: status.st_uid),
          owner: Self.seesPrograms(of: status.st_uid) ? nil : status.st_uid))
    }
    return locks
  }

  /// The numbers of the programs that our own lock files name, by the files' paths.
  private func ownHolders() throws(StateError) -> [String: String] {
    var holders: [String: String] = [:]
    for name in ["lock", "optimize.lock"] {
      let path = "\(location.privateDirectory)/\(name)"
      holders[path] = try WriterLock.process(at: path).map(String.init)
    }
    return holders
  }

  /// Whether `/proc` tells us what files a user's programs have open.
  private static func seesPrograms(of user: uid_t) -> Bool { geteuid() == 0 || geteuid() == user }

  private func collect(in folder: String, _ paths: inout Set<String>) throws(StateError) {
    for name in try FileSystem.names(in: folder) where name.hasSuffix(".lock") {
      paths.insert("\(folder)/\(name)")
    }
  }

  private func collectBelow(_ folder: String, _ paths: inout Set<String>) throws(StateError) {
    for name in try FileSystem.names(in: folder) {
      let path = "\(folder)/\(name)"
      switch try FileSystem.kind(of: path) {
      case .folder: try collectBelow(path, &paths)
      case .file where name.hasSuffix(".lock"): paths.insert(path)
      default: continue
      }
    }
  }

  /// The git directories of the linked worktrees.
  private func worktreeDirectories() throws(StateError) -> [String] {
    let folder = location.commonDirectory + "/worktrees"
    return try FileSystem.names(in: folder).map { "\(folder)/\($0)" }
  }

  /// The folders in which a program works that works in this repository.
  private func roots(_ worktrees: [String]) throws(StateError) -> [String] {
    var roots = [location.commonDirectory, location.gitDirectory]
    if let root = location.workingDirectory { roots.append(root) }
    // Its main working tree, which the configuration may have put elsewhere (`core.worktree`).
    let (folder, name) = FileSystem.split(location.commonDirectory)
    if name == ".git" { roots.append(folder) }
    for worktree in worktrees {
      guard let link = try FileSystem.read(worktree + "/gitdir") else { continue }
      let path = String(decoding: link.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
      roots.append(FileSystem.split(path).folder)
    }
    return roots
  }
}
