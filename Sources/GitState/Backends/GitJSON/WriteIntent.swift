import Git
import Glibc
import LosslessJSON

/// What a write is about to do, noted before it moves the branch, so that whoever comes after a
/// crash can finish it.
///
/// The note is made, and removed or renamed to what ``InStepNotes`` read, while the ``WriterLock`` is held: whoever
/// holds the lock and finds one knows that its owner is gone.
struct WriteIntent {
  /// A file that the write changes; a blob is nil where there is no file.
  struct File: Hashable {
    /// The path from the repository's root.
    var path: String
    /// What the working file holds before.
    var old: ObjectID?
    /// What the commit has.
    var new: ObjectID?
    /// The file's mode in the commit.
    var mode: FileMode
    /// Whether the working file follows; where it does not, the index alone does.
    var isFollowed: Bool
    /// Set where the file is none of the state's.
    var beside: Beside?
    /// Whether the index is to have what the commit has; else it keeps what the user has staged.
    var isIndexed = true
    /// What the index has of it before; nil where it has nothing.
    var indexed: ObjectID?
  }

  /// What is to be known of a file beside the state's: the user may have staged it since.
  struct Beside: Hashable {
    /// What the index has before; nil where it has no such file.
    var base: ObjectID?
  }

  /// The branch that moves.
  var reference: String
  /// Where it stands; nil where it is not yet born.
  var old: ObjectID?
  /// Where it goes.
  var new: ObjectID
  /// The git directory of the worktree whose index and files follow; nil where none do.
  var gitDirectory: String?
  /// The root of that worktree.
  var workingDirectory: String?
  /// The working files that follow.
  var files: [File]
  /// What `index.lock` may be while it is ours, the last one being the finished index.
  var indexLocks: [IndexLock] = []
  /// What ``InStepNotes`` say once all is done, as this note then takes their place; nil where they are written
  /// by themselves.
  var inStep: JSONObject?

  /// By what `index.lock` is known again: another program's may get the inode of one that is gone, but not its
  /// size and time of change as well.
  struct IndexLock: Hashable {
    let inode: UInt64
    let size: Int64
    /// In nanoseconds since 1970.
    let modified: Int64

    init(_ status: stat) {
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    fileprivate init?(_ value: JSONValue) {
      guard let value = value.object, let inode = value["inode"]?.number?.uint64,
        let size = value["size"]?.number?.int64, let modified = value["modified"]?.number?.int64
      else { return nil }
      (self.inode, self.size, self.modified) = (inode, size, modified)
    }

    fileprivate var json: JSONValue {
      [
        "inode": .number(JSONNumber(inode)), "size": .number(JSONNumber(size)),
        "modified": .number(JSONNumber(modified)),
      ]
    }
  }

  /// Where the note is.
  static func path(_ location: StateLocation) -> String {
    location.privateDirectory + "/intent.json"
  }

  /// Reads what an earlier write left; nil where it ended well.
  static func left(at location: StateLocation) throws(StateError) -> WriteIntent? {
    let path = path(location)
    guard let content = try FileSystem.read(path) else { return nil }
    guard let root = (try? JSONValue(parsing: content))?.object,
      let intent = WriteIntent(root, location)
    else {
      throw StateError(
        .writeFailed,
        "nothing was written: the note of an interrupted write, \(path), cannot be read; look at "
          + "git log and git status, then remove the file", file: path)
    }
    return intent
  }

  /// Writes the note, which counts once it is published.
  func stage(at location: StateLocation, _ area: StagingArea) throws -> StagedFile {
    try area.stage(
      JSONValue.object(json(location)).serialized(.compact), for: Self.path(location),
      mode: 0o600)
  }

  /// Removes the note.
  static func remove(at location: StateLocation) throws(StateError) {
    try FileSystem.remove(path(location))
  }

  /// A path as the note has it: from the common git directory, so that a repository may be moved or copied
  /// and the note of the copy never means the other one's files.
  private static func noted(_ path: String, _ location: StateLocation) -> String {
    let common = location.commonDirectory
    if path == common { return "." }
    if path.hasPrefix(common + "/") { return String(path.dropFirst(common.utf8.count + 1)) }
    return FileSystem.split(common).folder == path ? ".." : path
  }

  private static func resolved(_ path: String, _ location: StateLocation) -> String {
    switch path {
    case ".": location.commonDirectory
    case "..": FileSystem.split(location.commonDirectory).folder
    default: path.hasPrefix("/") ? path : "\(location.commonDirectory)/\(path)"
    }
  }

  private func json(_ location: StateLocation) -> JSONObject {
    var root: JSONObject = [
      "process": .number(JSONNumber(Int64(getpid()))), "reference": .string(reference),
      "new": .string(new.hex),
    ]
    root["old"] = old.map { .string($0.hex) }
    root["gitDirectory"] = gitDirectory.map { .string(Self.noted($0, location)) }
    root["workingDirectory"] = workingDirectory.map { .string(Self.noted($0, location)) }
    root["files"] = .array(
      files.map { file in
        var member: JSONObject = [
          "path": .string(file.path), "mode": .number(JSONNumber(file.mode.rawValue)),
          "isFollowed": .bool(file.isFollowed),
        ]
        member["old"] = file.old.map { .string($0.hex) }
        member["new"] = file.new.map { .string($0.hex) }
        if !file.isIndexed { member["isIndexed"] = false }
        member["indexed"] = file.indexed.map { .string($0.hex) }
        if let beside = file.beside {
          member["isBeside"] = true
          member["base"] = beside.base.map { .string($0.hex) }
        }
        return .object(member)
      })
    root["indexLocks"] = .array(indexLocks.map(\.json))
    // No file of the state's has a name as the members above.
    for (file, note) in inStep ?? [:] { root[file] = note }
    return root
  }

  private init?(_ root: JSONObject, _ location: StateLocation) {
    func id(_ value: JSONValue?) -> ObjectID? { value?.string.flatMap { ObjectID(hex: $0) } }
    guard let reference = root["reference"]?.string, let new = id(root["new"]) else { return nil }
    self.init(
      reference: reference, old: id(root["old"]), new: new,
      gitDirectory: root["gitDirectory"]?.string.map { Self.resolved($0, location) },
      workingDirectory: root["workingDirectory"]?.string.map { Self.resolved($0, location) },
      files: [])
    files = (root["files"]?.array ?? []).compactMap { file in
      guard let file = file.object, let path = file["path"]?.string,
        let mode = file["mode"]?.number?.uint64.flatMap({ FileMode(rawValue: UInt32($0)) })
      else { return nil }
      return File(
        path: path, old: id(file["old"]), new: id(file["new"]), mode: mode,
        isFollowed: file["isFollowed"]?.bool ?? false,
        beside: file["isBeside"]?.bool == true ? Beside(base: id(file["base"])) : nil,
        isIndexed: file["isIndexed"]?.bool ?? true, indexed: id(file["indexed"]))
    }
    indexLocks = (root["indexLocks"]?.array ?? []).compactMap(IndexLock.init)
  }

  init(
    reference: String, old: ObjectID?, new: ObjectID, gitDirectory: String?,
    workingDirectory: String?, files: [File]
  ) {
    self.reference = reference
    self.old = old
    self.new = new
    self.gitDirectory = gitDirectory
    self.workingDirectory = workingDirectory
    self.files = files
  }
}

extension WriteIntent {
  /// Finishes what the interrupted write began, or takes back what it had only prepared.
  ///
  /// Call it with the ``WriterLock`` held. Each step may be done twice, so that a crash in here is
  /// mended by the next call.
  ///
  /// - Returns: A sentence about what was done.
  func recover(at location: StateLocation, _ repository: borrowing Repository, _ area: StagingArea)
    throws -> String
  {
    try removeReferenceLock(location)
    // A branch that is not there may have been renamed.
    let tip = try repository.target(ofReference: reference) ?? repository.head().target
    let isMoved = try isMoved(tip, repository)
    try settleIndex(isMoved: isMoved)
    var edited: [String] = []
    if tip == new, try isCheckedOut(location, repository) {
      try updateIndex(location, repository, area)
      edited = try updateFiles(files, repository, area)
      try updateFilesBeside(repository, area)
    } else if isMoved {
      // The next write or git itself sees to the rest; but what the index has by now a file must not seem to
      // have been edited from.
      let known = try filesInIndex(location, repository)
      edited = try updateFiles(known, repository, area)
      try noteRecorded(besides: Set(known.map(\.path)))
    }
    try area.syncNames()
    try Self.remove(at: location)
    if !isMoved { return "an interrupted write was taken back: it had not reached the branch" }
    let left =
      edited.isEmpty
      ? ""
      : "; \(edited.map(\.escapingUnprintable).joined(separator: ", ")) had been edited since and was left as it is, "
        + "and the next write to it takes the edits over, as far as they go together"
    return tip == new
      ? "an interrupted write was completed: commit \(new.short) is in place\(left)"
      : "an interrupted write had reached the branch, which has gone on since: commit \(new.short)"
  }

  /// Whether the branch has the write's commit, as it is or below others.
  private func isMoved(_ tip: ObjectID?, _ repository: borrowing Repository) throws -> Bool {
    guard let tip else { return false }
    if tip == new { return true }
    // A commit that is not there any more, such as after git gc, is in no history.
    return try repository.contains(new) && repository.isAncestor(new, of: tip)
  }

  /// Whether the worktree still has the branch checked out: else its index and files are another's by now.
  private func isCheckedOut(_ location: StateLocation, _ repository: borrowing Repository) throws
    -> Bool
  {
    // A worktree may have been removed.
    guard let gitDirectory, try FileSystem.kind(of: gitDirectory) == .folder else { return false }
    let head =
      gitDirectory == location.gitDirectory
      ? try repository.head() : try Repository(opening: gitDirectory).head()
    return head.isOn(reference)
  }

  /// Removes the branch's lock file where it can only be the interrupted write's: empty, or with
  /// the very commit that it was to move to.
  private func removeReferenceLock(_ location: StateLocation) throws {
    let path = "\(location.commonDirectory)/\(reference).lock"
    guard let content = try FileSystem.read(path) else { return }
    guard content.isEmpty || content.starts(with: Array(new.hex.utf8)) else {
      throw GitError(
        .locked, "\(path) belongs to another program", category: .reference, context: path)
    }
    try FileSystem.remove(path)
  }

  private func settleIndex(isMoved: Bool) throws {
    guard let gitDirectory else { return }
    let lock = "\(gitDirectory)/index.lock"
    guard let status = try FileSystem.status(of: lock) else { return }
    let known = IndexLock(status)
    guard indexLocks.contains(known) else { return }
    if isMoved, known == indexLocks.last {
      guard rename(lock, "\(gitDirectory)/index") == 0 else {
        throw FileSystem.failure("could not be replaced", "\(gitDirectory)/index")
      }
    } else {
      try FileSystem.remove(lock)
    }
  }

  /// Brings the index in step where the write had no time to.
  private func updateIndex(
    _ location: StateLocation, _ repository: borrowing Repository, _ area: StagingArea
  ) throws {
    guard gitDirectory == location.gitDirectory else { return }
    var behind: [File] = []
    for file in files where file.isIndexed {
      let isBehind =
        switch (try repository.indexEntry(at: file.path), file.beside) {
        case (.staged(let entry)?, let beside?): entry.id == beside.base && entry.id != file.new
        case (nil, let beside?): beside.base == nil && file.new != nil
        case (.conflicted?, .some): false
        // What the user has staged since stays.
        case (.staged(let entry)?, nil):
          entry.id == file.indexed && entry.mode == file.mode && entry.id != file.new
        case (.conflicted?, nil): false
        case (nil, nil): file.indexed == nil && file.new != nil
        }
      if isBehind { behind.append(file) }
    }
    guard !behind.isEmpty else { return }
    try setIndex(behind, location, repository, area)
  }

  /// Gives files the entries that the commit has for them, under a lock that the note knows.
  ///
  /// - Parameters:
  ///   - behind: The files.
  ///   - location: Where the note is.
  ///   - repository: The repository.
  ///   - area: Where the index is written first.
  /// - Throws: ``GitError/Code/locked`` where another program holds the lock.
  func setIndex(
    _ behind: [File], _ location: StateLocation, _ repository: borrowing Repository,
    _ area: StagingArea
  ) throws {
    let index = try repository.stageIndex(
      setting: behind.map { file in (file.path, file.new.map { ($0, file.mode) }) },
      baseTree: try repository.commit(new).tree, in: area)
    var note = self
    note.indexLocks.append(IndexLock(try index.status()))
    let noted = try note.stage(at: location, area)
    try area.flush()
    try noted.publish()
    area.noteName(noted.path)
    try area.syncNames()
    try index.lock()
    try index.commit()
  }

  /// The files that the worktree's index has as the write left them, whatever is checked out.
  private func filesInIndex(_ location: StateLocation, _ repository: borrowing Repository) throws
    -> [File]
  {
    guard let gitDirectory, try FileSystem.kind(of: gitDirectory) == .folder else { return [] }
    func files(in repository: borrowing Repository) throws -> [File] {
      try self.files.filter { file in
        guard case .staged(let entry)? = try repository.indexEntry(at: file.path) else {
          return false
        }
        return entry.id == file.new && !entry.isSeen
      }
    }
    if gitDirectory == location.gitDirectory { return try files(in: repository) }
    return try files(in: Repository(opening: gitDirectory))
  }

  /// Brings working files up to date.
  ///
  /// - Returns: Those that were edited since, and are left as they are.
  private func updateFiles(
    _ files: [File], _ repository: borrowing Repository, _ area: StagingArea
  ) throws -> [String] {
    // A worktree may have been removed.
    guard let workingDirectory, let gitDirectory,
      try FileSystem.kind(of: workingDirectory) == .folder
    else { return [] }
    var edited: [String] = []
    var notes = try InStepNotes(worktreeDirectory: gitDirectory + "/gitstate")
    for file in files where file.isFollowed && file.beside == nil {
      // The write had got there: what the file is now was made of what it wrote.
      if let note = notes[file.path], note.commit == new, !note.isLeftBehind { continue }
      let path = "\(workingDirectory)/\(file.path)"
      let kind = try FileSystem.kind(of: path)
      let isFile = kind == .absent || kind == .file
      if try isFile && update(file, at: path, repository, area) {
        notes[file.path] = file.new.map { InStepNotes.Note(commit: new, blob: $0) }
      } else {
        // Edited since: what it was edited from is what it had before the write.
        notes[file.path] = .leftBehind(of: old ?? new, file.old, recorded: new)
        edited.append(file.path)
      }
    }
    try notes.save()
    return edited
  }

  /// Notes what the write recorded in files that are another's by now, so that it is told if the branch lost it.
  private func noteRecorded(besides known: Set<String>) throws {
    guard let gitDirectory, try FileSystem.kind(of: gitDirectory) == .folder else { return }
    var notes = try InStepNotes(worktreeDirectory: gitDirectory + "/gitstate")
    for file in files where file.isFollowed && file.beside == nil && !known.contains(file.path) {
      guard notes[file.path]?.commit != new else { continue }
      notes[file.path] = .leftBehind(of: old ?? new, file.old, recorded: new)
    }
    try notes.save()
  }

  /// Brings one file up to date.
  ///
  /// - Returns: False where it is neither what it was before nor what it is to be.
  private func update(
    _ file: File, at path: String, _ repository: borrowing Repository, _ area: StagingArea
  ) throws -> Bool {
    let present = try FileSystem.read(path)
    let blob = try present.map { try ObjectID.blob($0) }
    if blob == file.new { return true }
    guard blob == file.old else { return false }
    guard let new = file.new else {
      try FileSystem.remove(path)
      area.noteName(path)
      return true
    }
    let content = try repository.blob(new)
    return try WorkingFiles.publish(
      WorkingFiles.stage(content, at: path, area), content, over: present, area)
  }

  /// Brings the files beside the state's up to date that are what the write had found.
  private func updateFilesBeside(_ repository: borrowing Repository, _ area: StagingArea) throws {
    let beside = files.filter { $0.isFollowed && $0.beside != nil }
    guard let workingDirectory, !beside.isEmpty else { return }
    let area = try CheckedOutFiles.area(like: area)
    let incoming = try IncomingTree(
      try repository.commit(new).tree, setting: [], of: repository.gitDirectory)
    for file in beside {
      let path = "\(workingDirectory)/\(file.path)"
      guard try CheckedOutFiles.blob(at: path) == file.old else { continue }
      guard let blob = file.new else {
        try FileSystem.remove(path)
        CheckedOutFiles.removeEmptyFolders(above: file.path, workingDirectory)
        continue
      }
      let staged = try CheckedOutFiles.stage(
        (blob, file.mode), file.path, workingDirectory, incoming, area)
      try area.flush()
      // The disk may have taken its time.
      guard try CheckedOutFiles.blob(at: path) == file.old else { continue }
      try FileSystem.makeFolder(FileSystem.split(path).folder, mode: 0o777)
      try staged.publish()
    }
  }
}
