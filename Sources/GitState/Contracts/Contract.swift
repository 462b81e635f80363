public import LosslessJSON

/// A contract's record: where it lives, what it was built from, how it was deployed.
///
/// A record is a JSON object, and everything in it comes back exactly as it went in: fields that
/// this library has no name for, the digits of numbers, `null` and `""` where others would write
/// nothing. The properties are views of that object. At the record's top level the order of fields
/// means nothing; ``record`` has them in one fixed order, that of LevelDB's records.
public struct Contract: Sendable {
  /// The chain and the name that the record is kept under.
  public let key: ContractKey

  /// The whole record: the fields of ``Field`` in their order, then all others as they were found.
  public private(set) var record: JSONObject

  /// Takes a record as LevelDB and JSON documents have it.
  ///
  /// - Throws: `VALIDATION_FAILED` where `contractName` is no text or `chainId` no chain ID:
  ///   what is not known to be some contract's record cannot be kept under a key.
  public init(record: JSONObject) throws(StateError) {
    guard let name = record[Field.contractName]?.string, !name.isEmpty else {
      throw StateError(
        .validationFailed,
        "a record needs a contractName that is a text, found \(Self.shown(record[Field.contractName]))"
      )
    }
    guard let json = record[Field.chainID], let chainID = ChainID(json) else {
      throw StateError(
        .validationFailed,
        "the record of \(name.quoted) needs a chainId from 1 to 2^64-1 in plain decimal, found "
          + Self.shown(record[Field.chainID]))
    }
    self.init(key: ContractKey(chainID, name), record: record)
  }

  /// Takes a record whose name and chain are known to be those of the key.
  init(key: ContractKey, record: JSONObject) {
    self.key = key
    self.record = Self.ordered(record)
  }

  /// Makes a record from its parts.
  ///
  /// - Parameters:
  ///   - name: The contract's name, which may be fully qualified.
  ///   - chainID: The chain that it is deployed on.
  ///   - networkName: The chain's name, which names the file of a chain that has none yet.
  ///   - address: The implementation's address, or the contract's own where there is no proxy.
  ///   - factoryByteCodeHash: The hash of the factory's bytecode; empty where it is not known.
  ///   - implementationHash: The hash of the implementation's bytecode.
  ///   - proxyAddress: The proxy's address, nil where there is no proxy.
  ///   - deploymentArgs: The constructor's arguments.
  ///   - timestamp: The time of the deployment in milliseconds since 1970.
  ///   - additionalFields: Fields of your own, kept as they are.
  public init(
    name: String, chainID: ChainID, networkName: String, address: String,
    factoryByteCodeHash: String = "", implementationHash: String? = nil,
    proxyAddress: String? = nil, deploymentArgs: [JSONValue]? = nil, timestamp: Int64,
    additionalFields: JSONObject = JSONObject()
  ) {
    key = ContractKey(chainID, name)
    var record = additionalFields
    record[Field.contractName] = .string(name)
    record[Field.chainID] = .number(JSONNumber(chainID.rawValue))
    record[Field.networkName] = .string(networkName)
    record[Field.address] = .string(address)
    record[Field.factoryByteCodeHash] = .string(factoryByteCodeHash)
    record[Field.implementationHash] = implementationHash.map { .string($0) }
    record[Field.proxyAddress] = proxyAddress.map { .string($0) }
    record[Field.deploymentArgs] = deploymentArgs.map { .array($0) }
    record[Field.timestamp] = .number(JSONNumber(timestamp))
    self.record = Self.ordered(record)
  }

  /// The names of the fields that every record may have, in the order that records have them.
  public enum Field {
    static let contractName = "contractName"
    static let chainID = "chainId"
    static let networkName = "networkName"
    static let address = "address"
    static let factoryByteCodeHash = "factoryByteCodeHash"
    static let implementationHash = "implementationHash"
    static let proxyAddress = "proxyAddress"
    static let deploymentArgs = "deploymentArgs"
    static let timestamp = "timestamp"

    /// All of them, in order.
    public static let all = [
      contractName, chainID, networkName, address, factoryByteCodeHash, implementationHash,
      proxyAddress, deploymentArgs, timestamp,
    ]
  }

  private static func ordered(_ record: JSONObject) -> JSONObject {
    if isOrdered(record) { return record }
    var result = JSONObject()
    for field in Field.all { result[field] = record[field] }
    for (name, value) in record where result[name] == nil { result[name] = value }
    return result
  }

  /// Whether a record has its fields in their order already.
  private static func isOrdered(_ record: JSONObject) -> Bool {
    var fields = Field.all[...]
    // What is behind the last known field may be anything but one of them.
    return record.allSatisfy { name, _ in
      if let place = fields.firstIndex(where: name.isIdentical(to:)) {
        fields = fields[(place + 1)...]
        return true
      }
      if Field.all.contains(where: name.isIdentical(to:)) { return false }
      fields = []
      return true
    }
  }

  private static func shown(_ value: JSONValue?) -> String {
    value?.shown ?? "none"
  }
}

extension Contract: Hashable {
  /// Whether two records have the same fields with exactly the same values, in whatever order.
  public static func == (left: Contract, right: Contract) -> Bool {
    left.key == right.key && left.record.hasSameMembers(as: right.record)
  }

  /// Feeds the key, which equal records share.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(record.count)
  }
}

extension Contract {
  /// The contract's name.
  public var name: String { key.name }
  /// The chain that it is deployed on.
  public var chainID: ChainID { key.chainID }

  /// The chain's name as this record has it; empty where it has none.
  public var networkName: String {
    get { text(Field.networkName) ?? "" }
    set { self[Field.networkName] = .string(newValue) }
  }

  /// The implementation's address, or the contract's own where there is no proxy; empty where the
  /// record has none.
  public var address: String {
    get { text(Field.address) ?? "" }
    set { self[Field.address] = .string(newValue) }
  }

  /// The hash of the factory's bytecode; empty where it is not known.
  public var factoryByteCodeHash: String {
    get { text(Field.factoryByteCodeHash) ?? "" }
    set { self[Field.factoryByteCodeHash] = .string(newValue) }
  }

  /// The hash of the implementation's bytecode; nil where the record has none, or an empty one.
  public var implementationHash: String? {
    get { nonEmptyText(Field.implementationHash) }
    set { self[Field.implementationHash] = newValue.map { .string($0) } }
  }

  /// The proxy's address; nil where there is no proxy.
  public var proxyAddress: String? {
    get { nonEmptyText(Field.proxyAddress) }
    set { self[Field.proxyAddress] = newValue.map { .string($0) } }
  }

  /// The constructor's arguments; nil where the record has none.
  public var deploymentArgs: [JSONValue]? {
    get { record[Field.deploymentArgs]?.array }
    set { self[Field.deploymentArgs] = newValue.map { .array($0) } }
  }

  /// The time of the deployment in milliseconds since 1970; 0 where the record has no usable one.
  public var timestamp: Int64 {
    get {
      guard let number = record[Field.timestamp]?.number else { return 0 }
      if let exact = number.int64 { return exact }
      return number.double.flatMap { Int64(exactly: $0.rounded()) } ?? 0
    }
    set { self[Field.timestamp] = .number(JSONNumber(newValue)) }
  }

  /// The address that callers of the contract want: the proxy's, or else ``address``.
  ///
  /// nil only where the record has neither.
  public var liveAddress: String? { proxyAddress ?? nonEmptyText(Field.address) }

  /// A field by its name; setting nil removes it.
  ///
  /// `contractName` and `chainId` are what the record is kept under: they cannot be set.
  public subscript(field: String) -> JSONValue? {
    get { record[field] }
    set {
      precondition(
        field != Field.contractName && field != Field.chainID,
        "a record's name and chain do not change; make another record")
      record[field] = newValue
      record = Self.ordered(record)
    }
  }

  /// The record in LevelDB's form: compact JSON, fields in order.
  public var compactJSON: [UInt8] { JSONValue.object(record).serialized(.compact) }

  private func text(_ field: String) -> String? { record[field]?.string }

  private func nonEmptyText(_ field: String) -> String? {
    guard let text = text(field), !text.isEmpty else { return nil }
    return text
  }
}
