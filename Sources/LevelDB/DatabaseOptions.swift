import CLevelDB

extension Database {
  /// How a database is opened.
  public struct Options: Sendable, Hashable {
    /// How tables are stored.
    public enum Compression: Sendable, Hashable {
      /// As they are.
      case none
      /// Compressed with Snappy, where the library was built with it.
      case snappy
    }

    /// Whether a database is made where there is none; the folder above it must exist.
    public var createIfMissing = false
    /// Whether it is an error that a database is there already.
    public var errorIfExists = false
    /// Whether damage found anywhere ends the work, rather than costing the damaged part only.
    public var paranoidChecks = true
    /// How tables are stored that are written from now on.
    public var compression = Compression.snappy
    /// Bytes gathered in memory before a table is written; LevelDB's default is 4 MiB.
    public var writeBufferSize: Int?
    /// Bytes of uncompressed blocks kept in memory; LevelDB's default is 8 MiB.
    public var blockCacheSize: Int?
    /// How many files LevelDB keeps open; its default is 1,000.
    public var maximumOpenFiles: Int?
    /// Bits per key of a Bloom filter in each table, which spares reads of absent keys; 10 is usual.
    public var bloomFilterBitsPerKey: Int?

    /// Options that open a database that is there.
    public init() {}

    /// Options that make a database where there is none yet, and fail where there is one.
    public static var creatingNew: Self {
      var options = Self()
      options.createIfMissing = true
      options.errorIfExists = true
      return options
    }

    /// Options that open a database and make it first where there is none.
    public static var creatingIfMissing: Self {
      var options = Self()
      options.createIfMissing = true
      return options
    }
  }
}

/// The C objects that the options of an open database are made of.
///
/// LevelDB keeps pointers to the cache and the filter policy, so they live until it is closed.
struct OptionResources: ~Copyable {
  let options: Owned<OptionsResource>
  let cache: Owned<CacheResource>?
  let filterPolicy: Owned<FilterPolicyResource>?

  init(_ values: Database.Options, path: String) throws(LevelDBError) {
    let numbers = [
      values.writeBufferSize, values.blockCacheSize, values.maximumOpenFiles,
      values.bloomFilterBitsPerKey,
    ]
    // Those that are an `int` in C are the narrower ones; no sensible size is beyond either.
    guard numbers.allSatisfy({ $0.map { 0 <= $0 && $0 <= Int32.max } ?? true }) else {
      throw LevelDBError(
        code: .invalidArgument, message: "an option's number is negative or too large", path: path)
    }
    let options = Owned<OptionsResource>(leveldb_options_create())
    leveldb_options_set_create_if_missing(options.pointer, values.createIfMissing ? 1 : 0)
    leveldb_options_set_error_if_exists(options.pointer, values.errorIfExists ? 1 : 0)
    leveldb_options_set_paranoid_checks(options.pointer, values.paranoidChecks ? 1 : 0)
    let compression =
      values.compression == .snappy ? leveldb_snappy_compression : leveldb_no_compression
    leveldb_options_set_compression(options.pointer, Int32(compression))
    if let size = values.writeBufferSize {
      leveldb_options_set_write_buffer_size(options.pointer, size)
    }
    if let count = values.maximumOpenFiles {
      leveldb_options_set_max_open_files(options.pointer, Int32(count))
    }
    if let size = values.blockCacheSize {
      let cache = Owned<CacheResource>(leveldb_cache_create_lru(size))
      leveldb_options_set_cache(options.pointer, cache.pointer)
      self.cache = consume cache
    } else {
      self.cache = nil
    }
    if let bits = values.bloomFilterBitsPerKey {
      let policy = Owned<FilterPolicyResource>(leveldb_filterpolicy_create_bloom(Int32(bits)))
      leveldb_options_set_filter_policy(options.pointer, policy.pointer)
      self.filterPolicy = consume policy
    } else {
      self.filterPolicy = nil
    }
    self.options = consume options
  }
}
