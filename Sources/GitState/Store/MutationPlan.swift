/// Mutations thought through on top of some state: what each does, and the records in the end.
///
/// Every backend plans with this, so that all of them answer alike: it validates, keeps or overwrites
/// as each mutation says, and leaves out what changes nothing.
public struct MutationPlan: Sendable {
  /// The records that the plan sets, or nil for those that it removes, in order of first mention.
  public private(set) var results: [(key: ContractKey, contract: Contract?)] = []
  /// What became of each mutation.
  public private(set) var outcomes: [MutationOutcome] = []
  /// What the caller should know, though it is no failure.
  public private(set) var warnings: [String] = []
  /// Contracts whose entry could not be read before, whatever is to come of it.
  public private(set) var unreadable: Set<ContractKey> = []
  /// What was there of each result before: `.some(nil)` proven absent, nil where it could not be read.
  private(set) var olds: [Contract??] = []
  /// Where each key is among the results, once they are many.
  private var positions: [ContractKey: Int] = [:]

  private static var mostSearched: Int { 8 }

  /// Plans mutations one after the other.
  ///
  /// - Parameters:
  ///   - mutations: What is asked for.
  ///   - current: The record that is there; throws where that cannot be told.
  ///   - network: The name of a chain's network, where the chain is known.
  /// - Throws: The first failure; then nothing of the plan holds.
  public init(
    _ mutations: [Mutation],
    current: (ContractKey) throws(StateError) -> Contract?,
    network: (ChainID) throws(StateError) -> String?
  ) throws(StateError) {
    do {
      for mutation in mutations { try add(mutation, current, network) }
    } catch {
      guard mutations.count > 1 else { throw error }
      var error = error
      error.message +=
        "; nothing of the \(mutations.count) changes that were asked for together is done"
      throw error
    }
  }

  private mutating func add(
    _ mutation: Mutation, _ current: (ContractKey) throws(StateError) -> Contract?,
    _ network: (ChainID) throws(StateError) -> String?
  ) throws(StateError) {
    let key = mutation.key
    switch mutation {
    case .put(let contract):
      try contract.validate()
      // A put replaces what cannot be read as well.
      set(contract, over: try replaced(key, current))
    case .update(let update):
      let before = try present(key, current, orNilIf: update.replacesRecord)
      let (contract, notes) = try update.applied(to: before, network: try network(key.chainID))
      try contract.validate()
      warnings += notes
      set(contract, over: .some(before))
    case .delete:
      let before = try replaced(key, current)
      if case .some(nil) = before {
        outcomes.append(.unchanged)
      } else {
        remember(key, nil, over: before)
        outcomes.append(.removed)
      }
    case .importRecord(let contract, let overwrite):
      if overwrite {
        set(contract, over: try replaced(key, current))
      } else if let before = try present(key, current), before != contract {
        outcomes.append(.kept(FieldChange.between(before, contract)))
      } else {
        set(contract, over: .some(try present(key, current)))
      }
    }
  }

  /// The record as the plan stands, or as it is outside.
  private func present(
    _ key: ContractKey, _ current: (ContractKey) throws(StateError) -> Contract?,
    orNilIf isIrrelevant: Bool = false
  ) throws(StateError) -> Contract? {
    if let position = position(of: key) { return results[position].contract }
    do {
      return try current(key)
    } catch  where isIrrelevant && error.code == .serializationFailed {
      return nil
    }
  }

  /// The record that is about to go: `.some(nil)` where it is proven absent, nil where its entry
  /// cannot be read.
  private mutating func replaced(
    _ key: ContractKey, _ current: (ContractKey) throws(StateError) -> Contract?
  ) throws(StateError) -> Contract?? {
    do {
      return .some(try present(key, current))
    } catch  where error.code == .serializationFailed {
      unreadable.insert(key)
      return nil
    }
  }

  /// Plans to set a record.
  ///
  /// - Parameters:
  ///   - contract: The record to set.
  ///   - before: The record there; `.some(nil)` proven absent, nil where it is unreadable.
  private mutating func set(_ contract: Contract, over before: Contract??) {
    switch before {
    case .some(.some(let before)) where before == contract: outcomes.append(.unchanged)
    case .some(nil):
      remember(contract.key, contract, over: before)
      outcomes.append(.added)
    default:
      remember(contract.key, contract, over: before)
      outcomes.append(.updated)
    }
  }

  private mutating func remember(_ key: ContractKey, _ contract: Contract?, over before: Contract??)
  {
    if let position = position(of: key) {
      results[position].contract = contract
      return
    }
    results.append((key, contract))
    olds.append(before)
    if results.count == Self.mostSearched + 1 {
      for (position, result) in results.enumerated() { positions[result.key] = position }
    } else if results.count > Self.mostSearched {
      positions[key] = results.count - 1
    }
  }

  private func position(of key: ContractKey) -> Int? {
    results.count > Self.mostSearched ? positions[key] : results.firstIndex { $0.key == key }
  }
}

extension WriteResult {
  /// The answer of a backend without commits.
  ///
  /// - Parameters:
  ///   - plan: What was done.
  ///   - old: The record before the operation.
  public init(_ plan: MutationPlan, old: (ContractKey) -> Contract?) {
    let pairs = plan.results.map { (old: old($0.key), new: $0.contract) }
    let networks = Dictionary(
      pairs.compactMap { pair in
        (pair.new ?? pair.old).map { ($0.chainID, $0.networkName) }
      }, uniquingKeysWith: { first, _ in first })
    var changes = ChangeSet(pairs: pairs) { networks[$0.chainID] ?? $0.chainID.description }
    // What could not be read has no fields to show, and is gone all the same.
    for (key, contract) in plan.results where contract == nil && plan.unreadable.contains(key) {
      changes.changes.append(
        ContractChange(
          key: key, network: networks[key.chainID] ?? key.chainID.description, kind: .removed,
          fields: []))
    }
    changes.changes.sort { $0.key < $1.key }
    self.init(changes: changes, outcomes: plan.outcomes, warnings: plan.warnings)
  }
}
