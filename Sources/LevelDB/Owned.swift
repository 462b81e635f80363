import CLevelDB

/// A kind of object of LevelDB's C interface, and the function that ends it.
protocol CResource {
  static func release(_ pointer: OpaquePointer)
}

/// An object of LevelDB's C interface with its one owner.
///
/// The constructors of the C interface never return NULL, since C++'s `new` does not, so the
/// importer's implicitly unwrapped pointers are sound here. `leveldb_open` is the exception.
struct Owned<Resource: CResource>: ~Copyable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit {
    Resource.release(pointer)
  }
}

enum OptionsResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_options_destroy(pointer) }
}

enum CacheResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_cache_destroy(pointer) }
}

enum FilterPolicyResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_filterpolicy_destroy(pointer) }
}

enum ReadOptionsResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_readoptions_destroy(pointer) }
}

enum WriteOptionsResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_writeoptions_destroy(pointer) }
}

enum WriteBatchResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_writebatch_destroy(pointer) }
}

enum IteratorResource: CResource {
  static func release(_ pointer: OpaquePointer) { leveldb_iter_destroy(pointer) }
}

extension Owned<ReadOptionsResource> {
  /// Options of a read that verifies the checksum of every block it takes from the disk.
  ///
  /// - Parameters:
  ///   - fillsCache: Whether blocks read stay in the cache; a scan would only push others out.
  ///   - snapshot: A `leveldb_snapshot_t` that outlives the options.
  /// - Returns: The options.
  static func verifying(fillsCache: Bool, snapshot: OpaquePointer? = nil) -> Self {
    let options = Self(leveldb_readoptions_create())
    leveldb_readoptions_set_verify_checksums(options.pointer, 1)
    leveldb_readoptions_set_fill_cache(options.pointer, fillsCache ? 1 : 0)
    leveldb_readoptions_set_snapshot(options.pointer, snapshot)
    return options
  }
}

extension Owned<WriteOptionsResource> {
  static func make(_ durability: Durability) -> Self {
    let options = Self(leveldb_writeoptions_create())
    leveldb_writeoptions_set_sync(options.pointer, durability == .synced ? 1 : 0)
    return options
  }
}
