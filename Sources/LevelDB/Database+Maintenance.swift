import CLevelDB

extension Database {
  /// Removes a database, and its folder if nothing else is in it.
  ///
  /// - Parameter path: A folder with a database that nobody has open.
  /// - Throws: ``LevelDBError/Code/notFound`` if no database is there.
  public static func destroy(path: String) throws(LevelDBError) {
    let location = Location(path: path)
    let use = try FolderUse(of: Folder(location), for: .open)
    try use.folder.checkHasDatabaseFiles()
    let resources = try OptionResources(Options(), path: path)
    try check(location) { leveldb_destroy_db(resources.options.pointer, path, $0) }
  }

  /// Saves what can be saved of a damaged database, which may be less than all.
  ///
  /// Tables that cannot be read end up in the folder `lost` inside it. Repair a copy of the folder,
  /// never the only one.
  ///
  /// - Parameter path: A folder with a database that nobody has open.
  /// - Throws: ``LevelDBError/Code/notFound`` if no database is there.
  public static func repair(path: String) throws(LevelDBError) {
    let location = Location(path: path)
    let use = try FolderUse(of: Folder(location), for: .repair)
    try use.folder.checkHasDatabaseFiles()
    let resources = try OptionResources(Options(), path: path)
    try check(location) { leveldb_repair_db(resources.options.pointer, path, $0) }
  }
}

extension Folder {
  fileprivate borrowing func checkHasDatabaseFiles() throws(LevelDBError) {
    guard try !databaseFiles().isEmpty else {
      throw LevelDBError(
        code: .notFound, message: "'\(shownPath)' is not a LevelDB folder", path: shownPath)
    }
  }
}
