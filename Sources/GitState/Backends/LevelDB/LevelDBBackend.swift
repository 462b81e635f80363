import LevelDB
import LosslessJSON
import Synchronization

/// Deployment state in a LevelDB folder, as the JavaScript package `level` keeps it.
///
/// Keys are `<chainId>-<contractName>`, values compact JSON. LevelDB lets one process at a time have
/// the folder open; this one has it until ``close()``. Other pairs in the folder are left alone.
public final class LevelDBBackend: StateBackend {
  /// The folder, as the caller named it.
  public let path: String
  private let durability: Durability
  private let database: Mutex<OpenDatabase?>

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
    do {
      database = Mutex(
        OpenDatabase(
          handle: try Database(
            path: path, options: createsIfMissing ? .creatingIfMissing : Database.Options())))
    } catch {
      throw StateError(error)
    }
  }

  /// `leveldb`.
  public var type: String { "leveldb" }

  /// The record of a contract.
  public func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    try withDatabase { database throws(StateError) in try database.contract(key) }
  }

  /// The records that a query finds.
  ///
  /// - Throws: `SERIALIZATION_FAILED` where any pair of a contract's key holds no record of it.
  public func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    try query.refuseInfrastructure(in: type)
    let prefix = query.chainID.map { Array("\($0)-".utf8) }
    var contracts: [Contract] = []
    let records = try withDatabase { database throws(StateError) in
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
        try withDatabase { database throws(StateError) in
          try database.apply(operation, durability)
        }
      }
    }
  }

  /// Looks at every pair.
  public func verify() throws(StateError) -> VerificationReport {
    let records = try withDatabase { database throws(StateError) in
      try LevelDBRecords(reading: database.handle)
    }
    var report = VerificationReport(lastValidated: SystemClock.milliseconds)
    report.errors = records.invalid.map(\.description)
    for contract in records.contracts { report.add(contract) }
    return report
  }

  /// Closes the folder, so that other processes can have it.
  public func close() {
    database.withLock { $0 = nil }
  }

  private func withDatabase<Result: Sendable>(
    _ body: (borrowing OpenDatabase) throws(StateError) -> Result
  ) throws(StateError) -> Result {
    try database.withLock { database throws(StateError) in
      guard let database else {
        throw StateError(
          .backendUnavailable, "\(path.escapingUnprintable) is closed already", file: path)
      }
      return try body(database)
    }
  }
}

/// The database, so that an optional can hold it.
private final class OpenDatabase {
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
    let code: Code =
      switch error.code {
      case .locked: .lockTimeout
      case .ioError where writing: .writeFailed
      default: .backendUnavailable
      }
    self.init(
      code, error.description.escapingUnprintable, file: error.path, underlying: error)
  }
}
