import CLevelDB

/// Changes that take effect together or not at all.
///
/// A value: it can be kept, compared, and written again after a failure.
public struct WriteBatch: Sendable, Hashable {
  /// One change of a batch.
  public enum Operation: Sendable, Hashable {
    /// Sets a key's value, replacing one that is there.
    case put(key: [UInt8], value: [UInt8])
    /// Removes a key, if it is there.
    case remove(key: [UInt8])
  }

  /// The changes in order; of several to one key the last one counts.
  public private(set) var operations: [Operation] = []

  /// Creates an empty batch.
  public init() {}

  /// The number of changes.
  public var count: Int { operations.count }

  /// Whether the batch changes nothing.
  public var isEmpty: Bool { operations.isEmpty }

  /// Adds the setting of a value.
  public mutating func put(_ value: [UInt8], forKey key: [UInt8]) {
    operations.append(.put(key: key, value: value))
  }

  /// Adds the removal of a key.
  public mutating func removeValue(forKey key: [UInt8]) {
    operations.append(.remove(key: key))
  }

  /// Takes all changes back out.
  public mutating func removeAll() {
    operations.removeAll()
  }

  /// The batch as `leveldb_write` wants it.
  ///
  /// Made anew for each write, because writing changes it: LevelDB stores a sequence number in it.
  func makeCBatch() -> Owned<WriteBatchResource> {
    let batch = Owned<WriteBatchResource>(leveldb_writebatch_create())
    for operation in operations {
      switch operation {
      case .put(let key, let value):
        key.withCharacters { keyStart, keyCount in
          value.withCharacters { valueStart, valueCount in
            leveldb_writebatch_put(batch.pointer, keyStart, keyCount, valueStart, valueCount)
          }
        }
      case .remove(let key):
        key.withCharacters { leveldb_writebatch_delete(batch.pointer, $0, $1) }
      }
    }
    return batch
  }
}
