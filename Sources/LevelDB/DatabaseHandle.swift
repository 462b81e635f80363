import CLevelDB

/// An open `leveldb_t` with all that must outlive it.
///
/// `@unchecked Sendable`: the pointers never change after `init`; LevelDB's `DB` may be used from
/// several threads without further locking (leveldb/db.h, doc/index.md "Concurrency"); the read and
/// write options and the option resources are only read from then on; and `deinit` runs once, when
/// nobody borrows the handle any more, since the type is not copyable.
struct DatabaseHandle: ~Copyable, @unchecked Sendable {
  let pointer: OpaquePointer
  let location: Location
  let reading: Owned<ReadOptionsResource>
  let scanning: Owned<ReadOptionsResource>
  let writingSynced: Owned<WriteOptionsResource>
  let writingUnsynced: Owned<WriteOptionsResource>

  // Only kept: destroyed after `deinit` has closed the database.
  private let resources: OptionResources
  private let use: FolderUse
  private let temporaryFolder: TemporaryFolder?

  /// Opens a database, `leveldb_open`, in a folder entered as ours.
  ///
  /// The temporary folder is removed once the database is closed.
  init(
    _ location: Location, options: Database.Options, use: consuming FolderUse,
    temporaryFolder: consuming TemporaryFolder?
  ) throws(LevelDBError) {
    let resources = try OptionResources(options, path: location.shownPath)
    let opened = try check(location) { leveldb_open(resources.options.pointer, location.path, $0) }
    guard let opened else {
      throw LevelDBError(
        code: .other, message: "leveldb_open gave neither a database nor an error",
        path: location.shownPath)
    }
    pointer = opened
    self.location = location
    self.resources = resources
    self.use = use
    self.temporaryFolder = temporaryFolder
    reading = .verifying(fillsCache: true)
    scanning = .verifying(fillsCache: false)
    writingSynced = .make(.synced)
    writingUnsynced = .make(.unsynced)
  }

  deinit {
    leveldb_close(pointer)
  }
}
