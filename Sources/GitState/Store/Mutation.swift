public import LosslessJSON

/// One change to one contract, as a backend is asked for it.
public enum Mutation: Sendable {
  /// Sets the whole record, after validation.
  case put(Contract)
  /// Changes some fields of the record that is there, after validation of the outcome.
  case update(ContractUpdate)
  /// Removes the record.
  case delete(ContractKey)
  /// Sets the whole record as it is, odd or not; where another is there, only if `overwrite`.
  case importRecord(Contract, overwrite: Bool)

  /// The contract concerned.
  public var key: ContractKey {
    switch self {
    case .put(let contract), .importRecord(let contract, _): contract.key
    case .update(let update): update.key
    case .delete(let key): key
    }
  }
}

/// What became of a mutation.
public enum MutationOutcome: Hashable, Sendable {
  /// There was no such contract before.
  case added
  /// The record was another one before.
  case updated
  /// The record is gone.
  case removed
  /// The record was the same already, or there was none to remove.
  case unchanged
  /// Another record was there and was kept; these fields differ, `old` being what was kept.
  case kept([FieldChange])
}

/// Fields to change in a contract's record, on top of what is there.
public struct ContractUpdate: Sendable {
  /// The contract concerned.
  public var key: ContractKey
  /// A new implementation's (or the contract's own) address.
  public var address: String?
  /// A new proxy's address; empty removes the proxy.
  public var proxyAddress: String?
  /// The implementation's bytecode hash; sets the factory's too, unless that is given.
  public var implementationHash: String?
  /// The factory's bytecode hash.
  public var factoryByteCodeHash: String?
  /// The constructor's arguments.
  public var deploymentArgs: [JSONValue]?
  /// The network's name.
  public var networkName: String?
  /// The time of the deployment in milliseconds since 1970.
  public var timestamp: Int64?
  /// The time to set where ``timestamp`` is not given.
  ///
  /// It alone is no change.
  public var defaultTimestamp: Int64
  /// Whether to start from nothing, whatever record is there.
  public var replacesRecord: Bool

  /// Makes an update that changes nothing yet.
  ///
  /// - Parameters:
  ///   - key: The contract concerned.
  ///   - defaultTimestamp: The time to set if anything else changes, in milliseconds since 1970.
  ///   - replacesRecord: Whether to start from nothing, whatever record is there.
  public init(_ key: ContractKey, defaultTimestamp: Int64, replacesRecord: Bool = false) {
    self.key = key
    self.defaultTimestamp = defaultTimestamp
    self.replacesRecord = replacesRecord
  }

  /// The record after the update, and what its caller should know.
  ///
  /// - Parameters:
  ///   - current: The record that is there.
  ///   - network: The network's name where the chain is known already.
  /// - Returns: The record, and sentences for the caller.
  /// - Throws: `VALIDATION_FAILED` where a new record lacks its address or its network's name.
  func applied(to current: Contract?, network: String?) throws(StateError)
    -> (contract: Contract, warnings: [String])
  {
    var warnings: [String] = []
    var result: Contract
    if let current, !replacesRecord {
      result = current
    } else {
      guard let address else {
        throw StateError(
          .validationFailed,
          "\(shownKey) was not written: "
            + (current == nil
              ? "a contract that is not recorded yet needs its address"
              : "a record that starts from nothing (--replace) needs its address"),
          key: key)
      }
      guard let name = networkName ?? current?.networkName ?? network else {
        throw StateError(
          .validationFailed,
          "\(shownKey) was not written: no file has chain \(key.chainID) yet, so give the "
            + "network's name (--network)", key: key)
      }
      result = Contract(
        name: key.name, chainID: key.chainID, networkName: name, address: address,
        timestamp: timestamp ?? defaultTimestamp)
    }
    if let address, !address.isIdentical(to: result.address) {
      if implementationHash == nil, factoryByteCodeHash == nil, result.hasHash {
        warnings.append(
          "\(shownKey) has a new address and no new hash: its old hashes were removed "
            + "(--implementation-hash gives the new one)")
        result.implementationHash = nil
        result.factoryByteCodeHash = ""
      }
      result.address = address
    }
    if let proxyAddress { result.proxyAddress = proxyAddress.isEmpty ? nil : proxyAddress }
    if let implementationHash {
      result.implementationHash = implementationHash.isEmpty ? nil : implementationHash
      result.factoryByteCodeHash = implementationHash
    }
    if let factoryByteCodeHash { result.factoryByteCodeHash = factoryByteCodeHash }
    if let deploymentArgs { result.deploymentArgs = deploymentArgs }
    if let networkName { result.networkName = networkName }
    if let timestamp {
      result.timestamp = timestamp
    } else if result != current {
      result.timestamp = defaultTimestamp
      if let current, result.isEqual(to: current, except: Contract.Field.timestamp) {
        result = current
      }
    }
    return (result, warnings)
  }

  private var shownKey: String { key.description.escapingUnprintable }
}

extension Contract {
  /// Whether the record has any hash that is not empty.
  fileprivate var hasHash: Bool { implementationHash != nil || !factoryByteCodeHash.isEmpty }

  fileprivate func isEqual(to other: Contract, except field: String) -> Bool {
    var (left, right) = (self, other)
    left[field] = nil
    right[field] = nil
    return left == right
  }
}
