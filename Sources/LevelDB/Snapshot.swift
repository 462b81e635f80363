import CLevelDB

/// A database as it was at one moment, lent to the closure of ``Database/withSnapshot(_:)``.
public struct Snapshot: ~Copyable {
  private let reading: Reader
  private let scanning: Reader

  fileprivate init(reading: Reader, scanning: Reader) {
    self.reading = reading
    self.scanning = scanning
  }

  /// Reads a key's value; see ``Database/value(forKey:)``.
  public borrowing func value(forKey key: [UInt8]) throws(LevelDBError) -> [UInt8]? {
    try reading.value(forKey: key)
  }

  /// Calls a body with every key and value; see ``Database/forEach(from:prefix:_:)``.
  public borrowing func forEach(
    from start: [UInt8]? = nil, prefix: [UInt8]? = nil,
    _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> IterationStep
  ) throws {
    try scanning.forEach(from: start, prefix: prefix, body)
  }
}

extension Database {
  /// Lends a snapshot, `leveldb_create_snapshot`, which later writes do not change.
  ///
  /// - Parameter body: Reads from the snapshot; the database itself may be written meanwhile.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws.
  public borrowing func withSnapshot<Result: ~Copyable, Failure: Error>(
    _ body: (borrowing Snapshot) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let pointer = leveldb_create_snapshot(handle.pointer)
    defer { leveldb_release_snapshot(handle.pointer, pointer) }
    let reading = Owned<ReadOptionsResource>.verifying(fillsCache: true, snapshot: pointer)
    let scanning = Owned<ReadOptionsResource>.verifying(fillsCache: false, snapshot: pointer)
    // The readers only borrow the options: keep those alive to the end of the body.
    defer { withExtendedLifetime(reading) { withExtendedLifetime(scanning) {} } }
    return try body(
      Snapshot(
        reading: Reader(handle, options: reading), scanning: Reader(handle, options: scanning)))
  }
}
