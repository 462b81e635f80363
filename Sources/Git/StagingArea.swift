internal import CGit2
internal import Glibc

/// Files that are written under temporary names, made durable together, and then given their names.
///
/// Its folder belongs to whoever holds the lock under which it is used: ``sweep()`` removes what an
/// earlier holder left.
public final class StagingArea {
  /// Where the files are until they get their names.
  public let folder: String
  /// How they become durable.
  public let method: SyncMethod
  private var files: [StagedFile] = []
  private var folders: Set<String> = []
  private var count = 0

  /// Makes the folder where it is missing.
  ///
  /// - Parameters:
  ///   - folder: A folder on the file system of all files that are staged in it.
  ///   - method: How they become durable.
  /// - Throws: ``GitError`` where the folder cannot be made.
  public init(_ folder: String, method: SyncMethod) throws(GitError) {
    self.folder = folder
    self.method = method
    guard mkdir(try withoutNUL(folder), 0o700) == 0 || errno == EEXIST else {
      throw FileSystem.error("create", folder)
    }
  }

  /// Removes what is left of writes that were cut off.
  public func sweep() throws(GitError) {
    for name in try FileSystem.names(in: folder) ?? [] {
      try FileSystem.remove("\(folder)/\(name)")
    }
  }

  /// Writes a file that ``StagedFile/publish()`` will put at a path.
  ///
  /// - Parameters:
  ///   - content: All of it.
  ///   - path: Where it is to be.
  ///   - mode: Its permissions, as in chmod(2).
  ///   - masksMode: Whether the process's umask applies to them.
  ///   - temporaryPath: Where it is until then; nil is a name in this area.
  /// - Returns: The file.
  /// - Throws: ``GitError`` where it cannot be written.
  public func stage(
    _ content: [UInt8], for path: String, mode: UInt32, masksMode: Bool = true,
    at temporaryPath: String? = nil
  ) throws(GitError) -> StagedFile {
    let place: String
    if let temporaryPath { place = temporaryPath } else { place = try freePath(for: path) }
    let file = try StagedFile(
      at: place, for: path, content: content, mode: mode, masksMode: masksMode)
    add(file)
    return file
  }

  /// Makes a symbolic link that ``StagedFile/publish()`` will put at a path.
  ///
  /// - Parameters:
  ///   - target: Where it leads.
  ///   - path: Where it is to be.
  /// - Returns: The link.
  /// - Throws: ``GitError`` where it cannot be made.
  public func stageLink(to target: [UInt8], for path: String) throws(GitError) -> StagedFile {
    try StagedFile(linkTo: target, at: try freePath(for: path), for: path)
  }

  /// A name in the area that nothing has.
  func freePath() -> String { "\(folder)/\(freeName())" }

  private func freeName() -> String {
    count += 1
    return "\(getpid())-\(UInt32.random(in: 0 ... .max))-\(count)"
  }

  /// A name on the file system of a path.
  private func freePath(for path: String) throws(GitError) -> String {
    // The order is kept only on one file system, so that all is there.
    guard method != .ordered else { return freePath() }
    var parent = FileSystem.parent(path)
    while try FileSystem.status(parent) == nil { parent = FileSystem.parent(parent) }
    guard try Self.device(of: parent) != Self.device(of: folder) else { return freePath() }
    // The beginning by which git knows what it may remove when it is old.
    return "\(parent)/tmp_obj_gitstate-\(freeName())"
  }

  /// Whether what is staged in the area can be renamed into a folder.
  func reaches(_ other: String) throws(GitError) -> Bool {
    if method == .ordered { return true }
    return try Self.device(of: other) == Self.device(of: folder)
  }

  /// Whether a file that is made in the area, and then renamed into a folder, is what it would be if it had
  /// been made there: of the same file system and group, with no access list that the folder gives.
  public func isLike(_ other: String) throws(GitError) -> Bool {
    guard gitstate_gives_access_list(other) == 0 else { return false }
    let (own, theirs) = (try Self.status(of: folder), try Self.status(of: other))
    return own.st_dev == theirs.st_dev && Self.group(own) == Self.group(theirs)
  }

  /// The group of files that are made in a folder.
  private static func group(_ folder: stat) -> gid_t {
    folder.st_mode & S_ISGID != 0 ? folder.st_gid : getegid()
  }

  private static func device(of folder: String) throws(GitError) -> dev_t {
    try status(of: folder).st_dev
  }

  private static func status(of folder: String) throws(GitError) -> stat {
    var status = stat()
    guard stat(folder, &status) == 0 else { throw FileSystem.error("look at", folder) }
    return status
  }

  /// Adds a file, and begins to write its content to disk.
  func add(_ file: StagedFile) {
    file.startWriteBack(method)
    files.append(file)
  }

  /// Waits until the content of all files staged so far is on disk.
  public func flush() throws(GitError) {
    while let file = files.popLast() { try file.finish(method) }
  }

  /// Notes that a name was made or changed in a path's folder.
  public func noteName(_ path: String) {
    if method == .each { folders.insert(FileSystem.parent(path)) }
  }

  /// Makes the names noted so far durable where their order alone does not.
  public func syncNames() throws(GitError) {
    let folders = self.folders
    self.folders = []
    for folder in folders { try FileSystem.sync(folder) }
  }

  /// Makes everything that was done so far durable, the last change being a name in a path's folder.
  public func syncAll(last path: String) throws(GitError) {
    noteName(path)
    try syncNames()
    if method == .ordered { try FileSystem.sync(FileSystem.parent(path)) }
  }
}
