import Glibc
import LevelDB
import LosslessJSON
import Synchronization

/// Deployment state in a LevelDB folder, as the JavaScript package `level` keeps it.
///
/// Keys are `<chainId>-<contractName>`, values compact JSON. LevelDB lets one process at a time have
/// the folder open; this one has it until ``close()``. Other pairs in the folder are left alone.
///
/// LevelDB writes to a folder that it opens. Where that cannot be (a full disk, a folder that may only
/// be read), reads are answered from a copy that each of them makes, and writes fail.
public final class LevelDBBackend: StateBackend {
  /// The folder, as the caller named it.
  public let path: String
  private let durability: Durability
  private let state: Mutex<State>
  // Writes go one after the other; reads, which LevelDB allows beside them, wait for none.
  private let writer = Mutex(())
  /// How many calls use the database, or one that has failed.
  private let users = Mutex(0)

  private struct State {
    /// nil until the next operation opens the folder again, after a failure.
    var database: OpenDatabase?
    var isClosed = false
  }

  /// Opens a folder, or makes one.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - createsIfMissing: Whether to make a database where there is none.
  ///   - isDurable: Whether an answered write survives a power cut.
  /// - Throws: `LOCK_TIMEOUT` where another process has the folder open, `BACKEND_UNAVAILABLE` where
  ///   it is none or is damaged.
  public init(path: String, createsIfMissing: Bool = false, isDurable: Bool = true)
    throws(StateError)
  {
    self.path = path
    durability = isDurable ? .synced : .unsynced
    do throws(LevelDBError) {
      state = Mutex(
        State(
          database: OpenDatabase(
            handle: try Database(
              path: path, options: createsIfMissing ? .creatingIfMissing : Database.Options()))))
    } catch {
      // What LevelDB may not write to can be read all the same, if it is there.
      guard error.code == .ioError else { throw StateError(error) }
      _ = try Self.copy(of: path, insteadOf: error)
      state = Mutex(State())
    }
  }

  /// `leveldb`.
  public var type: String { "leveldb" }

  /// The record of a contract.
  public func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    try reading { database throws(StateError) in try database.contract(key) }
  }

  /// The records that a query finds.
  ///
  /// - Throws: `SERIALIZATION_FAILED` where any pair of a contract's key holds no record of it.
  public func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    try query.refuseInfrastructure(in: type)
    let prefix = query.chainID.map { Array("\($0)-".utf8) }
    var contracts: [Contract] = []
    let records = try reading { database throws(StateError) in
      try LevelDBRecords(reading: database.handle, prefix: prefix)
    }
    if let invalid = records.invalid.first(where: { ContractKey($0.key) != nil }) {
      throw StateError(
        .serializationFailed,
        "\(path.escapingUnprintable): \(invalid); mend or remove that pair", file: path)
    }
    contracts = records.contracts
    return query.applied(to: contracts.sorted { $0.key < $1.key })
  }

  /// Does operations one after the other, each as one LevelDB batch.
  public func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    operations.map { operation in
      Result { () throws(StateError) in
        try writing { database throws(StateError) in
          try database.apply(operation, durability)
        }
      }
    }
  }

  /// Looks at every pair.
  public func verify() throws(StateError) -> VerificationReport {
    let records = try reading { database throws(StateError) in
      try LevelDBRecords(reading: database.handle)
    }
    var report = VerificationReport(lastValidated: SystemClock.milliseconds)
    report.errors = records.invalid.map(\.description)
    for contract in records.contracts { report.add(contract) }
    return report
  }

  /// Closes the folder, so that other processes can have it.
  public func close() {
    state.withLock { $0 = State(isClosed: true) }
  }

  private func reading<Value: Sendable>(
    _ body: (OpenDatabase) throws(StateError) -> Value
  ) throws(StateError) -> Value {
    try counted { isCounted throws(StateError) in
      let database = try state.withLock { state throws(StateError) in
        do throws(LevelDBError) {
          return try opened(&state, &isCounted)
        } catch {
          guard error.code == .ioError else { throw StateError(error) }
          // Not kept: another process may write to the folder before the next read. Made under the
          // lock, since the folder cannot be opened while it is copied.
          return try Self.copy(of: path, insteadOf: error)
        }
      }
      return try body(database)
    }
  }

  private func writing<Value: Sendable>(
    _ body: (OpenDatabase) throws(StateError) -> Value
  ) throws(StateError) -> Value {
    try writer.withLock { _ throws(StateError) in
      try counted { isCounted throws(StateError) in
        let database: OpenDatabase
        do throws(LevelDBError) {
          database = try state.withLock { state throws(LevelDBError) in
            try opened(&state, &isCounted)
          }
        } catch {
          guard error.code == .ioError else { throw StateError(error) }
          throw StateError(
            .writeFailed,
            "nothing was written: \(error.description.escapingUnprintable); free some space, or see "
              + "that the folder may be written to, and try again", file: path, underlying: error)
        }
        do throws(StateError) {
          return try body(database)
        } catch  where error.code == .writeFailed {
          // After a failure LevelDB refuses all further writes until it is opened again.
          state.withLock { $0.database = nil }
          throw error
        }
      }
    }
  }

  /// Does something that may use the database, and counts it off once it has let go of that.
  private func counted<Value>(
    _ body: (_ isCounted: inout Bool) throws(StateError) -> Value
  ) throws(StateError) -> Value {
    var isCounted = false
    let result = Result { () throws(StateError) in try body(&isCounted) }
    if isCounted { users.withLock { $0 -= 1 } }
    return try result.get()
  }

  /// The database, opened where it is not, for one more user.
  private func opened(_ state: inout State, _ isCounted: inout Bool) throws(LevelDBError)
    -> OpenDatabase
  {
    guard !state.isClosed else {
      throw LevelDBError(code: .other, message: "'\(path)' is closed already", path: path)
    }
    let database: OpenDatabase
    if let open = state.database {
      database = open
    } else {
      // LevelDB opens a folder once: whoever uses what has failed comes to an end first.
      while users.withLock({ $0 }) > 0 { usleep(1000) }
      database = OpenDatabase(handle: try Database(path: path))
      state.database = database
    }
    users.withLock { $0 += 1 }
    isCounted = true
    return database
  }

  /// A copy of the folder, open.
  ///
  /// - Throws: The first failure, where the copy fails as well.
  private static func copy(of path: String, insteadOf error: LevelDBError) throws(StateError)
    -> OpenDatabase
  {
    do {
      return OpenDatabase(handle: try DatabaseCopy.openCopy(of: path))
    } catch {
      throw StateError(error)
    }
  }
}

/// The database, so that an optional can hold it.
private final class OpenDatabase: Sendable {
  let handle: Database

  init(handle: consuming Database) { self.handle = handle }

  func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    do {
      guard let value = try handle.value(forKey: key.levelDBKey) else { return nil }
      return try LevelDBRecords.contract(key, value).contract
    } catch let error as LevelDBError {
      throw StateError(error)
    } catch let error as InvalidRecord {
      throw StateError(
        .serializationFailed,
        "\(handle.path.escapingUnprintable): \(error); mend or remove that pair", key: key,
        file: handle.path)
    } catch {
      throw StateError(error, .backendUnavailable, "\(handle.path) could not be read")
    }
  }

  func apply(_ operation: Operation, _ durability: Durability) throws(StateError) -> WriteResult {
    let plan = try MutationPlan(
      operation.mutations, current: { key throws(StateError) in try contract(key) },
      network: { chainID throws(StateError) in
        try LevelDBRecords(reading: handle, prefix: Array("\(chainID)-".utf8))
          .contracts.first?.networkName
      })
    var old: [ContractKey: Contract] = [:]
    var batch = WriteBatch()
    for (key, contract) in plan.results {
      do {
        old[key] = try self.contract(key)
      } catch  where error.code == .serializationFailed {
        // A value that is no record is replaced; there is nothing to compare with then.
      }
      if let contract {
        batch.put(contract.compactJSON, forKey: key.levelDBKey)
      } else {
        batch.removeValue(forKey: key.levelDBKey)
      }
    }
    if !batch.isEmpty {
      do {
        try handle.write(batch, durability: durability)
      } catch {
        throw StateError(error, writing: true)
      }
    }
    return WriteResult(plan) { old[$0] }
  }
}

extension ContractKey {
  /// The key's bytes in LevelDB.
  var levelDBKey: [UInt8] { Array(description.utf8) }
}

extension StateError {
  /// LevelDB's failure in our terms.
  init(_ error: LevelDBError, writing: Bool = false) {
    let isRefusal = error.code == .ioError
    let code: Code =
      switch error.code {
      case .locked: .lockTimeout
      case .ioError where writing: .writeFailed
      default: .backendUnavailable
      }
    let remedy =
      if isRefusal, writing {
        "; free some space, or see that the folder may be written to; whether the write is there only "
          + "a read will tell"
      } else if isRefusal {
        "; see that the folder may be read and written to, and that the disk has space"
      } else {
        ""
      }
    self.init(
      code, error.description.escapingUnprintable + remedy, file: error.path, underlying: error)
  }
}
