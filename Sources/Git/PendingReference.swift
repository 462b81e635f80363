internal import CGit2
internal import Glibc

/// A move of a reference that is prepared: what `refs/.../name.lock` will be is on disk already, so
/// that the lock is never there without its content.
public final class PendingReference {
  /// The reference.
  public let name: String
  /// Where it is to be; nil where there must be none.
  public let old: ObjectID?
  private let file: StagedFile
  /// Its lock file while it moves.
  let lock: String
  private let path: String
  private let logs: [String]
  private let logLine: [UInt8]
  private let area: StagingArea
  private var isLocked = false
  /// The reflogs that were appended to and may not be on disk yet.
  private var openLogs: [(path: String, descriptor: Int32)] = []

  fileprivate init(
    _ name: String, old: ObjectID?, file: StagedFile, path: String, logs: [String],
    logLine: [UInt8], area: StagingArea
  ) {
    self.name = name
    self.old = old
    self.file = file
    self.path = path
    lock = path + ".lock"
    self.logs = logs
    self.logLine = logLine
    self.area = area
  }

  /// The inode that the lock file will have.
  var inode: UInt64 { file.inode }

  deinit {
    // Where it cannot be removed, recovery does it: the lock has the commit that the intent names.
    if isLocked { unlink(lock) }
    for log in openLogs { close(log.descriptor) }
  }

  /// Takes the lock, makes sure that the reference is where it was, notes the move in the reflog and
  /// moves the reference.
  ///
  /// What the reflogs get is on disk once ``finishLogs()`` returns.
  ///
  /// - Parameter repository: The repository that it was prepared in.
  /// - Throws: ``GitError/Code/modified`` where it is elsewhere, ``GitError/Code/locked`` where
  ///   another program holds the lock. Then nothing has moved.
  public func move(in repository: borrowing Repository) throws(GitError) {
    try takeLock()
    guard try repository.directTarget(ofReference: name) == old else {
      // Whoever asks next, also in this process, must not meet our lock.
      try FileSystem.remove(lock)
      isLocked = false
      throw GitError(
        .modified, "the reference has moved meanwhile", category: .reference, context: name)
    }
    if old == nil { try Self.refuseNeighbours(of: name, repository) }
    for log in logs { try append(to: log) }
    try FileSystem.rename(lock, to: path)
    isLocked = false
    area.noteName(path)
  }

  /// Makes the folder that the reference goes to, where it is the first there.
  func makeFolder() throws(GitError) {
    let folder = FileSystem.parent(path)
    guard try FileSystem.status(folder) == nil else { return }
    try FileSystem.makeFolders(folder)
    area.noteName(folder)
  }

  /// Refuses a new reference of which another one would be the folder, or the other way round.
  private static func refuseNeighbours(of name: String, _ repository: borrowing Repository)
    throws(GitError)
  {
    let other = try repository.references(matching: "refs/*").first {
      $0.hasPrefix(name + "/") || name.hasPrefix($0 + "/")
    }
    guard let other else { return }
    throw GitError(
      .exists, "the reference \(name) cannot be made beside \(other)", category: .reference,
      context: name)
  }

  private func takeLock() throws(GitError) {
    do throws(GitError) {
      try file.publishIfAbsent()
    } catch {
      if error.code == .exists {
        throw GitError(
          .locked,
          "\(lock) exists: another git program is at work, or one has crashed; see gitstate locks",
          category: .reference, context: lock)
      }
      // A branch that is packed has no folder; git removes empty ones as it packs.
      let folder = FileSystem.parent(path)
      guard try FileSystem.status(folder) == nil else { throw error }
      try makeFolder()
      throw GitError(.modified, "the folder \(folder) was not there", category: .reference)
    }
    isLocked = true
  }

  /// Waits until what the reflogs got is on disk, where the order of changes alone does not see to it.
  ///
  /// Nothing depends on a line, but a journal may note the file's new length before its content is there, which would
  /// leave a line of NUL bytes.
  ///
  /// - Throws: ``GitError`` where a reflog could not be written to disk; the reference has moved all the same.
  public func finishLogs() throws(GitError) {
    while let log = openLogs.popLast() {
      defer { close(log.descriptor) }
      try FileSystem.writeBack(log.descriptor, .ordered, log.path)
    }
  }

  /// Appends the line to a reflog in one call, as git does.
  private func append(to log: String) throws(GitError) {
    var descriptor = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    if descriptor < 0, errno == ENOENT {
      try FileSystem.makeFolders(FileSystem.parent(log))
      descriptor = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else { throw FileSystem.error("open", log) }
    guard area.method == .ordered else {
      defer { close(descriptor) }
      return try FileSystem.write(logLine, to: descriptor, path: log)
    }
    openLogs.append((log, descriptor))
    try FileSystem.write(logLine, to: descriptor, path: log)
    _ = gitstate_start_write_back(descriptor)
  }
}

extension Repository {
  /// Prepares to move a reference, or to make one.
  ///
  /// - Parameters:
  ///   - name: The full name, such as `refs/heads/main`; not a symbolic reference.
  ///   - old: Where it is; nil where there is none.
  ///   - new: Where it goes.
  ///   - logMessage: The line for the reflog.
  ///   - committer: Who moves it.
  ///   - isHead: Whether HEAD names it, whose reflog has the move, too; nil looks.
  ///   - area: Where what will be the lock is written.
  /// - Returns: What moves it once the area is flushed.
  /// - Throws: ``GitError`` where it cannot be prepared.
  public func stageReference(
    _ name: String, from old: ObjectID?, to new: ObjectID, logMessage: String,
    committer: Signature, isHead: Bool? = nil, in area: StagingArea
  ) throws(GitError) -> PendingReference {
    guard try Self.isValidReferenceName(name) else {
      throw GitError(.invalidSpec, "this is no name of a reference", context: name)
    }
    let path = FileSystem.join(commonDirectory, name)
    let file = try area.stage(Array("\(new.hex)\n".utf8), for: path + ".lock", mode: 0o666)
    let message = logMessage.split(whereSeparator: \.isNewline).joined(separator: " ")
    let line = "\((old ?? .zero).hex) \(new.hex) \(try committer.headerText())\t\(message)\n"
    return PendingReference(
      name, old: old, file: file, path: path, logs: try logs(of: name, isHead),
      logLine: Array(line.utf8), area: area)
  }

  /// The reflogs that a move of a branch goes into (`core.logAllRefUpdates`).
  private func logs(of name: String, _ isHead: Bool?) throws(GitError) -> [String] {
    let setting = try configuration("core.logallrefupdates")
    let creates =
      switch setting?.lowercased() {
      case nil: !isBare
      case "always": true
      default: try configurationBool("core.logallrefupdates") ?? false
      }
    var logs = [FileSystem.join(commonDirectory, "logs/\(name)")]
    var headMoves = isHead
    if headMoves == nil {
      headMoves = if case .branch(name, _) = try head() { true } else { false }
    }
    if headMoves == true {
      logs.append(FileSystem.join(gitDirectory, "logs/HEAD"))
    }
    // What is there goes on, whatever the setting says.
    var kept: [String] = []
    for log in logs {
      if creates {
        kept.append(log)
      } else if try FileSystem.status(log) != nil {
        kept.append(log)
      }
    }
    return kept
  }

  /// The object that a reference itself names; nil where there is none, or it is symbolic.
  func directTarget(ofReference name: String) throws(GitError) -> ObjectID? {
    do throws(GitError) {
      let reference = try Owned<ReferenceResource>(name) {
        git_reference_lookup($0, handle.pointer, name)
      }
      return (git_reference_target(reference.pointer)?.pointee).map { ObjectID($0) }
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }
}

extension Repository {
  /// Removes a reference if it is still where the caller put it (`git_reference_delete`).
  ///
  /// - Parameters:
  ///   - name: The full name; not a symbolic reference.
  ///   - old: Where it must be.
  /// - Throws: ``GitError/Code/modified`` where it is elsewhere.
  public func removeReference(_ name: String, from old: ObjectID) throws(GitError) {
    let reference = try Owned<ReferenceResource>(name) {
      git_reference_lookup($0, handle.pointer, name)
    }
    guard let id = git_reference_target(reference.pointer)?.pointee, ObjectID(id) == old else {
      throw GitError(.modified, "the reference has moved", category: .reference, context: name)
    }
    // It compares once more, with the lock held.
    try check(git_reference_delete(reference.pointer), name)
  }
}

extension FileSystem {
  /// Makes a folder and those above it that are missing.
  static func makeFolders(_ path: String) throws(GitError) {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT else { throw error("create", path) }
    try makeFolders(parent(path))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw error("create", path) }
  }
}
