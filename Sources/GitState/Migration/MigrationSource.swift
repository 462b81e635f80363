import Glibc
import LevelDB
import Synchronization

/// The LevelDB side of a migration.
///
/// The folder is open only while it is written to, under the migration's lock, so that other programs
/// can have it in between. Reads are answered from a copy, which leaves the folder as it is; the
/// copy's content is kept in memory as long as no file of the folder changes.
final class MigrationSource: Sendable {
  /// All pairs of the folder.
  struct Content: Sendable {
    /// What contracts' keys have.
    var records: [ContractKey: HeldRecord] = [:]
    /// Pairs that are no contract's at all, and notes about those that are.
    var others: [InvalidRecord] = []
    fileprivate var files: [FileMark] = []

    init(_ read: LevelDBRecords) {
      for contract in read.contracts { records[contract.key] = .record(contract) }
      for invalid in read.invalid {
        if let key = ContractKey(invalid.key), records[key] == nil {
          records[key] = .unreadable(invalid.description, invalid.value)
        } else {
          others.append(invalid)
        }
      }
    }
  }

  /// A file of the folder, as far as a change of it would show.
  fileprivate struct FileMark: Hashable, Sendable {
    var name: String
    var inode: UInt64
    var size: Int64
    var seconds: Int
    var nanoseconds: Int
  }

  let path: String
  private let cache = Mutex<Content?>(nil)
  /// How many threads of this process want to write: their turn comes before that of reads, whose
  /// copies would keep the folder from them.
  private let writers = Mutex(0)

  init(path: String) { self.path = path }

  /// All that the folder has.
  ///
  /// - Parameter deadline: How long to wait for a program that has the folder open.
  /// - Returns: The pairs, as they are now.
  /// - Throws: `LOCK_TIMEOUT` naming that program, `BACKEND_UNAVAILABLE`.
  func content(until deadline: ContinuousClock.Instant) throws(StateError) -> Content {
    while true {
      let files = try marks()
      if let known = cache.withLock({ $0 }), known.files == files { return known }
      if writers.withLock({ $0 }) > 0, ContinuousClock.now < deadline {
        Jitter.sleep()
        continue
      }
      do throws(LevelDBError) {
        let copy = try DatabaseCopy.openCopy(of: path)
        var content = Content(try Self.records(of: copy))
        content.files = files
        // Kept only if nobody has written since the files were looked at.
        if let now = try? marks(), now == files { cache.withLock { [content] in $0 = content } }
        return content
      } catch {
        try Self.wait(until: deadline, error)
      }
    }
  }

  private static func records(of database: borrowing Database) throws(LevelDBError)
    -> LevelDBRecords
  {
    do {
      return try LevelDBRecords(reading: database)
    } catch {
      throw LevelDBError(code: .corruption, message: error.message, path: database.path)
    }
  }

  /// Opens the folder for writing; other programs are kept out until the value ends.
  ///
  /// - Throws: `LOCK_TIMEOUT`, `STATE_WRITE_FAILED` where it may not be written to,
  ///   `BACKEND_UNAVAILABLE`.
  func open(until deadline: ContinuousClock.Instant) throws(StateError) -> OpenSource {
    writers.withLock { $0 += 1 }
    defer { writers.withLock { $0 -= 1 } }
    while true {
      do throws(LevelDBError) {
        return OpenSource(path, try Database(path: path))
      } catch {
        guard error.code != .ioError else {
          throw StateError(
            .writeFailed,
            "\(error.description.escapingUnprintable); see that the folder may be written to and its disk is "
              + "sound and not full, and try again", file: path, underlying: error)
        }
        try Self.wait(until: deadline, error)
      }
    }
  }

  /// Waits a little for a program that has the folder open.
  private static func wait(
    until deadline: ContinuousClock.Instant, _ error: LevelDBError
  ) throws(StateError) {
    guard error.code == .locked, ContinuousClock.now < deadline else {
      throw StateError(error)
    }
    Jitter.sleep()
  }

  private func marks() throws(StateError) -> [FileMark] {
    var marks: [FileMark] = []
    for name in try FileSystem.names(in: path) where name != "LOCK" && !name.hasPrefix("LOG") {
      guard let status = try FileSystem.status(of: "\(path)/\(name)") else { continue }
      marks.append(
        FileMark(
          name: name, inode: UInt64(status.st_ino), size: Int64(status.st_size),
          seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec))
    }
    return marks
  }
}

/// The LevelDB folder while it is open for writing.
final class OpenSource {
  private let path: String
  private let database: Database

  fileprivate init(_ path: String, _ database: consuming Database) {
    self.path = path
    self.database = database
  }

  /// What the folder has for a contract.
  func held(_ key: ContractKey) throws(StateError) -> HeldRecord {
    do {
      guard let value = try database.value(forKey: key.levelDBKey) else { return .absent }
      return .record(try LevelDBRecords.contract(key, value).contract)
    } catch let error as InvalidRecord {
      return .unreadable(error.description, error.value)
    } catch let error as LevelDBError {
      throw StateError(error)
    } catch {
      throw StateError(error, .backendUnavailable, "\(path) could not be read")
    }
  }

  /// All that the folder has.
  func content() throws(StateError) -> MigrationSource.Content {
    MigrationSource.Content(try LevelDBRecords(reading: database))
  }

  /// The name of a chain's network; nil where no record has the chain.
  func network(of chainID: ChainID) throws(StateError) -> String? {
    try LevelDBRecords(reading: database, prefix: Array("\(chainID)-".utf8))
      .contracts.first?.networkName
  }

  /// Writes records, and removes those that are nil, as one batch.
  func write(_ changes: [(key: ContractKey, contract: Contract?)], isDurable: Bool)
    throws(StateError)
  {
    var batch = WriteBatch()
    for (key, contract) in changes {
      if let contract {
        batch.put(contract.compactJSON, forKey: key.levelDBKey)
      } else {
        batch.removeValue(forKey: key.levelDBKey)
      }
    }
    do {
      try database.write(batch, durability: isDurable ? .synced : .unsynced)
    } catch {
      throw StateError(error, writing: true)
    }
  }
}
