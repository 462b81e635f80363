import LosslessJSON

extension DeploymentFile {
  /// Changes that two sides made to one file since they had the same, put together: contract by
  /// contract and field by field, and member by member for what else the file has.
  ///
  /// - Parameters:
  ///   - base: What both sides started from; nil where there was no file.
  ///   - ours: Our side, whose bytes stay where the other side changed nothing.
  ///   - theirs: The other side; nil where it has no such file any more.
  ///   - resolution: Which side is right in a conflict.
  ///   - conflicts: Gets what excludes each other; there the result has our side.
  /// - Returns: Our side with the changes of theirs.
  /// - Throws: Where an entry that takes part cannot be read.
  static func merging(
    base: DeploymentFile?, ours: DeploymentFile, theirs: DeploymentFile?,
    resolution: MergeResolution = MergeResolution(), conflicts: inout [MergeConflict]
  ) throws(StateError) -> DeploymentFile {
    if let theirs,
      let other = [base, theirs].compactMap(\.?.chainID).first(where: { $0 != ours.chainID })
    {
      return try mergingChains(base, ours, theirs, other, resolution, &conflicts)
    }
    var result = ours
    if let theirs {
      try result.mergeMembers(
        base: base, theirs: theirs, resolution: resolution, conflicts: &conflicts)
    }
    var changes: [(name: String, contract: Contract?)] = []
    let decided = try RenamedContract.merge(base, ours, theirs, resolution, &conflicts)
    for (key, record) in decided.sorted(by: { $0.key < $1.key })
    where try result.contract(named: key.name) != record {
      changes.append((key.name, record))
    }
    for name in names(thatMayChange: base, ours, theirs, result)
    where decided[ContractKey(ours.chainID, name)] == nil {
      let mine: Contract?
      let merged: Contract?
      do throws(StateError) {
        mine = try result.contract(named: name)
        merged = ThreeWayMerge.merge(
          ContractKey(ours.chainID, name), base: try base?.contract(named: name),
          ours: try ours.contract(named: name), theirs: try theirs?.contract(named: name),
          resolution: resolution, conflicts: &conflicts)
      } catch {
        // What nobody can read nobody changed, either, where the file has it as it was.
        if base.hasSameEntry(name, as: theirs) { continue }
        throw error
      }
      if merged != mine { changes.append((name, merged)) }
    }
    return changes.isEmpty ? result : try result.applying(changes)
  }

  /// The names of contracts that the other side may read in another way than the base, or that the
  /// members around them give another meaning.
  private static func names(
    thatMayChange base: DeploymentFile?, _ ours: DeploymentFile, _ theirs: DeploymentFile?,
    _ result: DeploymentFile
  ) -> [String] {
    let isSameAround =
      result.codec == ours.codec && base.map { $0.codec == theirs?.codec } ?? false
    var seen = JSONObject()
    for file in [base, theirs] + (isSameAround ? [] : [ours]) {
      for name in file?.contractNames ?? [] { seen[name] = .null }
    }
    return seen.keys.filter { !isSameAround || !base.hasSameEntry($0, as: theirs) }
  }

  /// A file of which one side made another chain's: there is no contract in common.
  private static func mergingChains(
    _ base: DeploymentFile?, _ ours: DeploymentFile, _ theirs: DeploymentFile, _ other: ChainID,
    _ resolution: MergeResolution, _ conflicts: inout [MergeConflict]
  ) throws(StateError) -> DeploymentFile {
    if let base, base.bytes == theirs.bytes { return ours }
    if let base, base.bytes == ours.bytes { return theirs }
    if resolution.prefersBase { return base ?? ours }
    switch resolution.side(for: ContractKey(ours.chainID, "")) {
    case .ours: return ours
    case .theirs: return theirs
    case nil:
      func chain(_ file: DeploymentFile?) -> JSONValue? {
        file.map { .number(JSONNumber($0.chainID.rawValue)) }
      }
      conflicts.append(
        MergeConflict(
          key: ContractKey(ours.chainID, ""), field: Member.chainID, base: chain(base),
          ours: chain(ours), theirs: chain(theirs)))
      return ours
    }
  }

  /// Merges the members of the file itself: `network`, `lastDeployed`, a script's own settings.
  private mutating func mergeMembers(
    base: DeploymentFile?, theirs: DeploymentFile, resolution: MergeResolution,
    conflicts: inout [MergeConflict]
  ) throws(StateError) {
    let side = resolution.side(for: ContractKey(chainID, ""))
    let old = base?.document.root.object ?? JSONObject()
    let new = theirs.document.root.object ?? JSONObject()
    let mine = document.root.object ?? JSONObject()
    var changes: [JSONMemberChange] = []
    for name in new.map(\.key) + old.map(\.key).filter({ new[$0] == nil })
    where name != Member.contracts && name != Member.hashes && old[name] != new[name] {
      if mine[name] == new[name] { continue }
      // Where both made the file, each record keeps the network's name that it was recorded under.
      if base == nil, name == Member.network, side != .theirs { continue }
      if mine[name] == old[name] || side == .theirs {
        changes.append(JSONMemberChange(key: name, value: new[name]))
      } else if side == nil, let isTheirs = Self.isLater(new[name], than: mine[name], name) {
        if isTheirs { changes.append(JSONMemberChange(key: name, value: new[name])) }
      } else if resolution.prefersBase {
        changes.append(JSONMemberChange(key: name, value: old[name]))
      } else if side == nil {
        conflicts.append(
          MergeConflict(
            key: ContractKey(chainID, ""), field: name, base: old[name], ours: mine[name],
            theirs: new[name]))
      }
    }
    guard !changes.isEmpty else { return }
    var edited = document
    do {
      try edited.edit(objectAt: [], changes, placement: .end)
    } catch {
      throw StateError(
        .serializationFailed, "\(name) could not be changed: \(error)", file: name,
        underlying: error)
    }
    guard case .deployment(let file) = DeploymentFile.parse(name: name, bytes: edited.bytes) else {
      throw StateError(
        .serializationFailed, "\(name) would be no deployment file any more", file: name)
    }
    self = file
  }

  /// Whether the other side's time of the last deployment is the later one.
  ///
  /// nil where the member is none, or either side's is unreadable. Every script sets it at each run,
  /// so that it would conflict always.
  private static func isLater(_ theirs: JSONValue?, than ours: JSONValue?, _ member: String)
    -> Bool?
  {
    guard [Member.lastDeployed, Member.timestamp].contains(member), let theirs, let ours,
      let new = time(of: theirs), let old = time(of: ours)
    else { return nil }
    return new > old
  }
}

extension DeploymentFile? {
  /// Whether both files have the same JSON for a contract.
  fileprivate func hasSameEntry(_ name: String, as other: DeploymentFile?) -> Bool {
    self?.contracts[name] == other?.contracts[name] && self?.hashes[name] == other?.hashes[name]
  }
}
