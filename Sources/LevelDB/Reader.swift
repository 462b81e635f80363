import CLevelDB

/// Whether an iteration goes on.
public enum IterationStep: Sendable, Hashable {
  /// On to the next key.
  case next
  /// Enough: the iteration ends here, without an error.
  case stop
}

/// What a database and a snapshot of it have in common: reading through some read options.
///
/// Never stored: the database that the pointers belong to is borrowed as long as this exists.
struct Reader {
  let database: OpaquePointer
  let options: OpaquePointer
  let location: Location

  init(_ handle: borrowing DatabaseHandle, options: borrowing Owned<ReadOptionsResource>) {
    database = handle.pointer
    self.options = options.pointer
    location = handle.location
  }

  /// Reads a value, `leveldb_get`.
  func value(forKey key: [UInt8]) throws(LevelDBError) -> [UInt8]? {
    var count = 0
    let start = try check(location) { error in
      key.withCharacters { leveldb_get(database, options, $0, $1, &count, error) }
    }
    guard let start else { return try valueByIterator(forKey: key) }
    defer { leveldb_free(start) }
    return [UInt8](copying: start, count: count)
  }

  /// Looks a second time for a key that `leveldb_get` did not find.
  ///
  /// `leveldb_get` drops every status that is NotFound, also the one of a table file that has
  /// vanished under an open database. An iterator reports it.
  private func valueByIterator(forKey key: [UInt8]) throws(LevelDBError) -> [UInt8]? {
    let iterator = Owned<IteratorResource>(leveldb_create_iterator(database, options))
    key.withCharacters { leveldb_iter_seek(iterator.pointer, $0, $1) }
    try checkIterator(iterator)
    guard leveldb_iter_valid(iterator.pointer) != 0, Self.key(of: iterator) == key else {
      return nil
    }
    return Self.value(of: iterator)
  }

  /// Calls a body with every pair in key order, from the first key that is not before `start`.
  func forEach(
    from start: [UInt8]?, prefix: [UInt8]?,
    _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> IterationStep
  ) throws {
    let iterator = Owned<IteratorResource>(leveldb_create_iterator(database, options))
    let prefix = prefix ?? []
    let start = start ?? []
    let first = start.lexicographicallyPrecedes(prefix) ? prefix : start
    first.withCharacters { leveldb_iter_seek(iterator.pointer, $0, $1) }
    // An iterator steps over a block that it cannot read and remembers the error. So the error is
    // looked at before each pair: the body never gets one that comes after a gap.
    try checkIterator(iterator)
    while leveldb_iter_valid(iterator.pointer) != 0 {
      let key = Self.key(of: iterator)
      guard key.starts(with: prefix) else { return }
      guard try body(key, Self.value(of: iterator)) == .next else { return }
      leveldb_iter_next(iterator.pointer)
      try checkIterator(iterator)
    }
  }

  private func checkIterator(_ iterator: borrowing Owned<IteratorResource>) throws(LevelDBError) {
    let pointer = iterator.pointer
    try check(location) { leveldb_iter_get_error(pointer, $0) }
  }

  // Copied at once: the iterator's memory is valid until it moves.

  private static func key(of iterator: borrowing Owned<IteratorResource>) -> [UInt8] {
    var count = 0
    guard let start = leveldb_iter_key(iterator.pointer, &count) else { return [] }
    return [UInt8](copying: start, count: count)
  }

  private static func value(of iterator: borrowing Owned<IteratorResource>) -> [UInt8] {
    var count = 0
    guard let start = leveldb_iter_value(iterator.pointer, &count) else { return [] }
    return [UInt8](copying: start, count: count)
  }
}

extension Database {
  /// Calls a body with every key and value, in the order of the keys' bytes.
  ///
  /// The pairs are those of the moment the iteration began, whatever is written meanwhile.
  ///
  /// - Parameters:
  ///   - start: The first key wanted, or where it would be; nil begins with the first of all.
  ///   - prefix: What the keys wanted begin with.
  ///   - body: Gets copies of a key and its value, and says whether to go on.
  /// - Throws: What the body throws, or ``LevelDBError``; an unreadable part is an error before the
  ///   body sees anything that comes after it.
  public borrowing func forEach(
    from start: [UInt8]? = nil, prefix: [UInt8]? = nil,
    _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> IterationStep
  ) throws {
    try Reader(handle, options: handle.scanning).forEach(from: start, prefix: prefix, body)
  }
}
