import CLevelDB
import Glibc

/// An open LevelDB folder, closed when the value ends.
///
/// Only one handle of one process can have a folder open; all others are refused with
/// ``LevelDBError/Code/locked``. Opening writes to the folder even if nothing is put: to read one
/// that must stay as it is, use ``DatabaseCopy``. Methods block on the disk, and may be called from
/// several threads at once.
public struct Database: ~Copyable, Sendable {
  let handle: DatabaseHandle

  /// Opens a database, or makes one if the options say so.
  ///
  /// - Parameters:
  ///   - path: The folder; a symbolic link to one will do.
  ///   - options: How to open it.
  /// - Throws: ``LevelDBError``; the folder is left untouched if another process has it open, if no
  ///   database is there, or if its file CURRENT is unusable.
  public init(path: String, options: Options = Options()) throws(LevelDBError) {
    try self.init(Location(path: path), options: options, temporaryFolder: nil)
  }

  init(
    _ location: Location, options: Options, temporaryFolder: consuming TemporaryFolder?
  ) throws(LevelDBError) {
    try Folder.checkPath(location)
    let path = location.shownPath
    if options.createIfMissing, mkdir(location.path, 0o755) != 0, errno != EEXIST {
      throw LevelDBError(errno: errno, "cannot make the folder '\(path)'", path: path)
    }
    let use = try FolderUse(of: Folder(location), for: .open)
    let isThere = try use.folder.checkCurrentFile()
    if isThere, options.errorIfExists {
      throw LevelDBError(
        code: .alreadyExists, message: "a LevelDB database is already in '\(path)'", path: path)
    }
    if !isThere, !options.createIfMissing {
      throw LevelDBError(
        code: .notFound,
        message: "'\(path)' is not a LevelDB folder: it has no file CURRENT", path: path)
    }
    handle = try DatabaseHandle(
      location, options: options, use: use, temporaryFolder: temporaryFolder)
  }

  /// The folder, as the caller named it; of a private copy its source.
  public var path: String { handle.location.shownPath }

  /// Reads a key's value, its checksum verified.
  ///
  /// - Parameter key: Any bytes.
  /// - Returns: The value, which may be empty; nil only if the key is known to be absent.
  /// - Throws: ``LevelDBError`` if what is on the disk does not tell.
  public borrowing func value(forKey key: [UInt8]) throws(LevelDBError) -> [UInt8]? {
    try Reader(handle, options: handle.reading).value(forKey: key)
  }

  /// Sets a key's value, replacing one that is there.
  ///
  /// - Parameters:
  ///   - value: Any bytes, also none.
  ///   - key: Any bytes.
  ///   - durability: What the write survives once the call has returned.
  /// - Throws: ``LevelDBError``.
  public borrowing func put(
    _ value: [UInt8], forKey key: [UInt8], durability: Durability = .synced
  ) throws(LevelDBError) {
    let options = writeOptions(durability)
    try check(handle.location) { error in
      key.withCharacters { keyStart, keyCount in
        value.withCharacters { valueStart, valueCount in
          leveldb_put(handle.pointer, options, keyStart, keyCount, valueStart, valueCount, error)
        }
      }
    }
  }

  /// Removes a key and its value, if they are there.
  ///
  /// - Parameters:
  ///   - key: Any bytes.
  ///   - durability: What the removal survives once the call has returned.
  /// - Throws: ``LevelDBError``.
  public borrowing func removeValue(
    forKey key: [UInt8], durability: Durability = .synced
  ) throws(LevelDBError) {
    let options = writeOptions(durability)
    try check(handle.location) { error in
      key.withCharacters { leveldb_delete(handle.pointer, options, $0, $1, error) }
    }
  }

  /// Writes all changes of a batch, or on failure none of them.
  ///
  /// - Parameters:
  ///   - batch: The changes.
  ///   - durability: What they survive once the call has returned.
  /// - Throws: ``LevelDBError``.
  public borrowing func write(
    _ batch: WriteBatch, durability: Durability = .synced
  ) throws(LevelDBError) {
    let options = writeOptions(durability)
    let cBatch = batch.makeCBatch()
    try check(handle.location) { leveldb_write(handle.pointer, options, cBatch.pointer, $0) }
  }

  /// Rewrites the tables without what was removed or replaced, `leveldb_compact_range`.
  ///
  /// LevelDB does not say whether it succeeded; a failure shows at the next write.
  public borrowing func compact() {
    leveldb_compact_range(handle.pointer, nil, 0, nil, 0)
  }

  /// What LevelDB tells about itself, such as `leveldb.stats`; nil if it knows no such property.
  public borrowing func property(named name: String) -> String? {
    guard let text = leveldb_property_value(handle.pointer, name) else { return nil }
    defer { leveldb_free(text) }
    return String(cString: text)  // terminated, says leveldb/c.h
  }

  private borrowing func writeOptions(_ durability: Durability) -> OpaquePointer {
    switch durability {
    case .synced: handle.writingSynced.pointer
    case .unsynced: handle.writingUnsynced.pointer
    }
  }
}
