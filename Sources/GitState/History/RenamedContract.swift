import LosslessJSON

/// A contract that a merge finds renamed, on one side or on both.
///
/// By its name alone it would be gone on one side and new beside itself; so it is merged as the one
/// contract that it is, under the name that it was given.
struct RenamedContract {
  /// The record before; its key is the old name's.
  let base: Contract
  /// Our record, under whatever name; nil where we removed it.
  let ours: Contract?
  /// The other side's record, under whatever name; nil where it removed it.
  let theirs: Contract?
  /// Whether a name that one side gave is another contract's on the other.
  let isContested: Bool

  /// The names that the merge of this contract decides about.
  var keys: Set<ContractKey> {
    Set([base.key, ours?.key, theirs?.key].compactMap(\.self))
  }

  /// Whether both sides want it to be called otherwise, or one does not want it at all.
  private var isDisputed: Bool {
    guard let ours, let theirs else { return true }
    return isContested
      || ours.key != theirs.key && base.key != ours.key && base.key != theirs.key
  }

  /// The contracts that were renamed, by the old name.
  ///
  /// - Throws: Where a record that takes part cannot be read.
  private static func all(
    _ base: DeploymentFile, _ ours: DeploymentFile, _ theirs: DeploymentFile
  ) throws(StateError) -> [RenamedContract] {
    let (mine, other) = (base.renames(to: ours), base.renames(to: theirs))
    var found: [RenamedContract] = []
    for key in Set(mine.keys).union(other.keys).sorted() {
      guard let old = try base.contract(named: key.name) else { continue }
      let (our, their) = (mine[key] ?? key, other[key] ?? key)
      // A name is contested where the side that did not give it has it, for something else.
      let isContested =
        our != their
        && (our != key && theirs.contracts[our.name] != nil
          || their != key && ours.contracts[their.name] != nil)
      found.append(
        RenamedContract(
          base: old, ours: try ours.contract(named: our.name),
          theirs: try theirs.contract(named: their.name), isContested: isContested))
    }
    return found
  }

  /// Merges the contracts that were renamed.
  ///
  /// - Parameters:
  ///   - base: What both sides started from; nil where there was no file.
  ///   - ours: Our side.
  ///   - theirs: The other side; nil where it has no such file any more.
  ///   - resolution: Which side is right in a conflict.
  ///   - conflicts: Gets what excludes each other.
  /// - Returns: For each name that was given up or given anew, the record that it has now, or nil where
  ///   it has none; in a conflict over names, ours.
  /// - Throws: Where a record that takes part cannot be read.
  static func merge(
    _ base: DeploymentFile?, _ ours: DeploymentFile, _ theirs: DeploymentFile?,
    _ resolution: MergeResolution, _ conflicts: inout [MergeConflict]
  ) throws(StateError) -> [ContractKey: Contract?] {
    guard let base, let theirs else { return [:] }
    let contracts = try all(base, ours, theirs)
    var decided: [ContractKey: Contract?] = [:]
    var taken: Set<ContractKey> = []
    for contract in contracts {
      let side = contract.keys.sorted().lazy.compactMap { resolution.side(for: $0) }.first
      let isOpen = contract.isDisputed && side == nil && !resolution.prefersBase
      let key = contract.name(side, resolution)
      guard !isOpen, key.map({ taken.insert($0).inserted }) ?? true else {
        conflicts.append(contract.conflict)
        for key in contract.keys where decided[key] == nil {
          decided[key] = .some(try ours.contract(named: key.name))
        }
        continue
      }
      if let key {
        decided[key] = .some(contract.merged(key, side, resolution, &conflicts))
      }
      // What else the side has under these names is another contract, unless it was renamed, too.
      for other in contract.keys where other != key && !taken.contains(other) {
        let isRenamed = contracts.contains { (side == .theirs ? $0.theirs : $0.ours)?.key == other }
        let file = side == .theirs ? theirs : ours
        decided[other] = .some(
          isRenamed || side == nil ? nil : try file.contract(named: other.name))
      }
    }
    return decided
  }

  /// The name that it is to have; nil where it is to go.
  private func name(_ side: MergeResolution.Side?, _ resolution: MergeResolution) -> ContractKey? {
    guard isDisputed else { return ours?.key == base.key ? theirs?.key : ours?.key }
    if resolution.prefersBase { return base.key }
    return side == .theirs ? theirs?.key : ours?.key
  }

  private var conflict: MergeConflict {
    MergeConflict(
      key: ours?.key ?? theirs?.key ?? base.key, field: Contract.Field.contractName,
      base: .string(base.key.name), ours: ours.map { .string($0.key.name) },
      theirs: theirs.map { .string($0.key.name) },
      removingSide: ours == nil ? .ours : theirs == nil ? .theirs : nil)
  }

  /// The record under a name.
  private func merged(
    _ key: ContractKey, _ side: MergeResolution.Side?, _ resolution: MergeResolution,
    _ conflicts: inout [MergeConflict]
  ) -> Contract? {
    guard let ours, let theirs else {
      return resolution.prefersBase ? base : (side == .theirs ? theirs : ours)
    }
    var own = MergeResolution(side: side)
    own.prefersBase = resolution.prefersBase
    return ThreeWayMerge.merge(
      key, base: base.renamed(to: key), ours: ours.renamed(to: key),
      theirs: theirs.renamed(to: key), resolution: own, conflicts: &conflicts)
  }
}
