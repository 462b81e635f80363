/// What can be asked of a state, as it is now or as it was at some revision.
public protocol StateReading: Sendable {
  /// The record of a contract.
  ///
  /// - Returns: nil only where it is proven that there is none.
  /// - Throws: `BACKEND_UNAVAILABLE` or `SERIALIZATION_FAILED` where that cannot be told.
  func contract(_ key: ContractKey) throws(StateError) -> Contract?

  /// The records that a query finds.
  ///
  /// - Throws: As ``contract(_:)``, where any record that might belong to the answer cannot be read;
  ///   `INVALID_ARGUMENT` where the backend cannot answer such a query.
  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract]

  /// The chain of a network; nil where none is called so.
  ///
  /// - Throws: `INVALID_ARGUMENT` where several are called so.
  func chainID(ofNetwork network: String) throws(StateError) -> ChainID?
}

extension StateReading {
  /// The chain whose records have this network name; nil where no record has it.
  ///
  /// - Throws: `INVALID_ARGUMENT` where records of several chains have it.
  public func chainID(ofNetwork network: String) throws(StateError) -> ChainID? {
    let found = Set(try contracts(matching: ContractQuery(networkName: network)).map(\.chainID))
    guard found.count < 2 else {
      throw StateError(
        .invalidArgument,
        "\(network.quoted) is the network of chains "
          + "\(found.sorted().map(\.description).joined(separator: " and ")); give the chain ID instead"
      )
    }
    return found.first
  }
}
