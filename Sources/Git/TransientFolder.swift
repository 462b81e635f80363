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

extension Repository {
  /// Moves references that only note something, whatever they have now.
  ///
  /// A power cut may take them back to what they were; so their content is on disk before they have it,
  /// and no more is waited for. A process that is cut off leaves no lock that stays.
  ///
  /// - Parameters:
  ///   - targets: Full names of references, each with what it is to name.
  ///   - logMessage: The line for the reflogs.
  ///   - committer: Who moves them.
  ///   - folder: Where temporary files may be.
  /// - Returns: The references that could not be moved so: they are new, or others move them as well.
  /// - Throws: ``GitError`` where a file cannot be written.
  public func moveNotes(
    _ targets: [String: ObjectID], logMessage: String, committer: Signature, below folder: String
  ) throws(GitError) -> [String] {
    let place = try TransientFolder.make(below: folder)
    defer { TransientFolder.remove(place) }
    let area = try StagingArea(
      place, method: try .durable(in: [place, commonDirectory, "\(commonDirectory)/refs"]))
    var moves: [PendingReference] = []
    var left: [String] = []
    for (name, new) in targets.sorted(by: { $0.key < $1.key }) {
      guard let old = try target(ofReference: name) else {
        left.append(name)
        continue
      }
      if old == new { continue }
      moves.append(
        try stageReference(
          name, from: old, to: new, logMessage: logMessage, committer: committer, in: area))
    }
    guard !moves.isEmpty else { return left }
    let lines = moves.map { "\($0.inode) \($0.lock)\n" }.joined()
    let note = try area.stage(
      Array(lines.utf8), for: "\(place)/\(TransientFolder.locks)", mode: 0o600)
    try area.flush()
    try note.publish()
    for move in moves {
      do throws(GitError) {
        try move.move(in: self)
      } catch {
        guard error.code == .locked || error.code == .modified else { throw error }
        left.append(move.name)
      }
    }
    return left
  }
}
