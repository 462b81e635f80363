import LevelDB
import LosslessJSON

/// A pair that is no contract's record.
public struct InvalidRecord: Error, Hashable, Sendable, CustomStringConvertible {
  /// The pair's key, as text.
  public let key: String
  /// What is wrong with it.
  public let problem: String
  /// The pair's value.
  public let value: [UInt8]

  /// One sentence for people.
  public var description: String { "\(key.quoted) \(problem)" }
}

/// Everything that a LevelDB folder has, told apart into records and what is none.
public struct LevelDBRecords: Sendable {
  /// How many pairs there are.
  public private(set) var count = 0
  /// The records, in the order of LevelDB's keys.
  public private(set) var contracts: [Contract] = []
  /// The pairs that are no records.
  public private(set) var invalid: [InvalidRecord] = []
  /// What had to be filled in, though nothing was lost.
  public private(set) var notes: [String] = []

  /// Reads a copy of a folder, which itself stays byte for byte as it is.
  ///
  /// - Parameters:
  ///   - path: The folder.
  ///   - progress: Called now and then with the number of pairs read.
  /// - Throws: `LOCK_TIMEOUT` where a process has the folder open, `BACKEND_UNAVAILABLE` where it is no
  ///   LevelDB folder or a damaged one.
  public init(copying path: String, progress: (Int) -> Void = { _ in }) throws(StateError) {
    let copy: DatabaseCopy
    do {
      copy = try DatabaseCopy(of: path)
    } catch {
      throw StateError(error)
    }
    try self.init(reading: copy.database, progress: progress)
  }

  init(
    reading database: borrowing Database, prefix: [UInt8]? = nil, progress: (Int) -> Void = { _ in }
  ) throws(StateError) {
    do {
      try database.forEach(prefix: prefix) { key, value in
        add(key, value)
        if count % 1000 == 0 { progress(count) }
        return .next
      }
    } catch let error as LevelDBError {
      throw StateError(error)
    } catch {
      throw StateError(error, .backendUnavailable, "\(database.path) could not be read")
    }
    progress(count)
  }

  private mutating func add(_ key: [UInt8], _ value: [UInt8]) {
    count += 1
    guard let text = String(validating: key, as: UTF8.self) else {
      let shown = String(decoding: key, as: UTF8.self)
      invalid.append(
        InvalidRecord(key: shown, problem: "is a key that is no UTF-8 text", value: value))
      return
    }
    guard let contractKey = ContractKey(text) else {
      invalid.append(
        InvalidRecord(
          key: text, problem: "is a key that is no <chainId>-<contractName>", value: value))
      return
    }
    do {
      let (contract, note) = try Self.contract(contractKey, value)
      contracts.append(contract)
      if let note { notes.append(note) }
    } catch {
      invalid.append(error)
    }
  }

  /// The record that a pair holds.
  ///
  /// A record that lacks its own name or chain gets them from the key.
  static func contract(_ key: ContractKey, _ value: [UInt8]) throws(InvalidRecord) -> (
    contract: Contract, note: String?
  ) {
    func refusal(_ problem: String) -> InvalidRecord {
      InvalidRecord(key: key.description, problem: problem, value: value)
    }
    let json: JSONValue
    do {
      json = try JSONValue(parsing: value)
    } catch {
      throw refusal(
        "has a value that is no JSON: \(error.message) (line \(error.line), column \(error.column))"
      )
    }
    guard var record = json.object else {
      throw refusal("has \(json.kind) as its value, which must be an object")
    }
    var missing: [String] = []
    switch record[Contract.Field.contractName] {
    case nil: missing.append(Contract.Field.contractName)
    case .string(let name)? where name.isIdentical(to: key.name): break
    case let other?: throw refusal("says that its contractName is \(other.shown)")
    }
    switch record[Contract.Field.chainID] {
    case nil: missing.append(Contract.Field.chainID)
    case let chain? where ChainID(chain) == key.chainID: break
    case let other?: throw refusal("says that its chainId is \(other.shown)")
    }
    guard !missing.isEmpty else { return (Contract(key: key, record: record), nil) }
    for field in missing {
      record[field] =
        field == Contract.Field.chainID
        ? .number(JSONNumber(key.chainID.rawValue)) : .string(key.name)
    }
    return (
      Contract(key: key, record: record),
      "\(key.description.escapingUnprintable) lacks its own \(missing.joined(separator: " and ")), "
        + "taken from its key"
    )
  }
}
