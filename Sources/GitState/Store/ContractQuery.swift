/// Which contracts to find, and in which order.
public struct ContractQuery: Hashable, Sendable {
  /// What the answer is sorted by.
  public enum Sort: String, CaseIterable, Hashable, Sendable {
    /// The time of the deployment.
    case timestamp
    /// The name's UTF-8 bytes.
    case name
    /// The chain ID.
    case chain
  }

  /// The direction of the order.
  public enum Order: String, CaseIterable, Hashable, Sendable {
    /// Smallest or earliest first.
    case ascending = "asc"
    /// Greatest or latest first.
    case descending = "desc"
  }

  /// Only contracts on this chain.
  public var chainID: ChainID?
  /// Only contracts of exactly this name.
  public var name: String?
  /// Only records with exactly this network name.
  public var networkName: String?
  /// Only infrastructure contracts, or only others.
  ///
  /// The git backend alone knows these.
  public var infrastructure: Bool?
  /// What to sort by; nil is by chain ID, then by name.
  public var sort: Sort?
  /// The direction; equal ones keep the order of chain ID and name.
  public var order: Order

  /// Makes a query; without arguments it finds everything.
  ///
  /// - Parameters:
  ///   - chainID: Only contracts on this chain.
  ///   - name: Only contracts of exactly this name.
  ///   - networkName: Only records with exactly this network name.
  ///   - infrastructure: Only infrastructure contracts, or only others.
  ///   - sort: What to sort by.
  ///   - order: The direction.
  public init(
    chainID: ChainID? = nil, name: String? = nil, networkName: String? = nil,
    infrastructure: Bool? = nil, sort: Sort? = nil, order: Order = .ascending
  ) {
    self.chainID = chainID
    self.name = name
    self.networkName = networkName
    self.infrastructure = infrastructure
    self.sort = sort
    self.order = order
  }

  /// Picks and sorts.
  ///
  /// - Parameter contracts: Contracts in the order of their keys.
  /// - Returns: Those that the query finds, in its order.
  public func applied(to contracts: [Contract]) -> [Contract] {
    let found = contracts.filter { contract in
      (chainID == nil || contract.chainID == chainID)
        && (name.map { contract.name.isIdentical(to: $0) } ?? true)
        && (networkName.map { contract.networkName.isIdentical(to: $0) } ?? true)
    }
    guard let sort else { return order == .ascending ? found : found.reversed() }
    let precedes: (Contract, Contract) -> Bool =
      switch sort {
      case .timestamp: { $0.timestamp < $1.timestamp }
      case .name: { $0.name.precedes($1.name) }
      case .chain: { $0.chainID < $1.chainID }
      }
    // Swift's sort is stable, so equal ones stay in the order of their keys either way.
    return found.sorted { order == .ascending ? precedes($0, $1) : precedes($1, $0) }
  }
}

extension ContractQuery {
  /// Refuses to guess which contracts are infrastructure where no file lists them.
  ///
  /// - Parameter backend: The backend's word for its kind.
  /// - Throws: `INVALID_ARGUMENT` where the query asks for infrastructure.
  public func refuseInfrastructure(in backend: String) throws(StateError) {
    guard infrastructure != nil else { return }
    throw StateError(
      .invalidArgument,
      "the \(backend) backend does not know which contracts are infrastructure; the git backend does"
    )
  }
}
