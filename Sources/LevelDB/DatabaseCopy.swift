/// A private copy of a LevelDB folder, opened; the source is read and never written.
///
/// LevelDB has no read-only mode: opening rotates LOG and writes a MANIFEST and tables. So the files
/// are copied to a temporary folder, which is removed when this value ends; a process that is killed
/// leaves it behind. While they are copied, no other process can open the source.
public struct DatabaseCopy: ~Copyable, Sendable {
  /// The copy, opened; its errors and its path name the source, and what is put in it is lost.
  public let database: Database

  /// The folder that was copied, as the caller named it.
  public let sourcePath: String

  /// Copies a folder and opens the copy.
  ///
  /// - Parameter path: A folder with a database; a symbolic link to one will do.
  /// - Throws: ``LevelDBError``: ``LevelDBError/Code/locked`` if the folder is open anywhere,
  ///   ``LevelDBError/Code/notFound`` if it is no LevelDB folder, ``LevelDBError/Code/corruption`` if
  ///   files are missing or damaged.
  /// - Complexity: O(*n*) in the size of the folder.
  public init(of path: String) throws(LevelDBError) {
    let database = try Self.openCopy(of: path)
    self.database = database
    sourcePath = path
  }

  /// The copy alone, for whoever keeps it where an opened folder could stand.
  ///
  /// - Parameter path: A folder with a database; a symbolic link to one will do.
  /// - Returns: The copy, opened; its errors and its path name the source.
  /// - Throws: As ``init(of:)``.
  public static func openCopy(of path: String) throws(LevelDBError) -> Database {
    let temporaryFolder = try makeCopy(of: path)
    return try Database(
      Location(path: temporaryFolder.path, shownAs: path), options: Database.Options(),
      temporaryFolder: temporaryFolder)
  }

  private static func makeCopy(of path: String) throws(LevelDBError) -> TemporaryFolder {
    let use = try FolderUse(of: Folder(Location(path: path)), for: .copy)
    guard try use.folder.checkCurrentFile() else {
      throw LevelDBError(
        code: .notFound,
        message: "'\(path)' is not a LevelDB folder: it has no file CURRENT", path: path)
    }
    let files = try use.folder.databaseFiles()
    try use.folder.checkTables(files.map(\.name))
    let temporaryFolder = try TemporaryFolder(for: path)
    try use.folder.copy(files, to: temporaryFolder.path)
    // A folder without LOCK cannot be locked without writing to it; and git, which is no LevelDB
    // process, may check out another version at any time.
    let filesAfterwards = try use.folder.databaseFiles()
    let isLocked = use.holdsLock
    let hasLockFile = try use.folder.names().contains("LOCK")
    guard filesAfterwards == files, hasLockFile == isLocked else {
      throw LevelDBError(
        code: .locked,
        message: "the LevelDB folder '\(path)' was written to while it was read; "
          + "stop what writes to it and try again",
        path: path)
    }
    return temporaryFolder
  }
}
