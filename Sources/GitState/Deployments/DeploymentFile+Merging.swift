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
  ///   - conflicts: Gets what excludes each other; then the result is of no use.
  /// - Returns: Our side with the changes of theirs.
  /// - Throws: Where an entry that takes part cannot be read.
  static func merging(
    base: DeploymentFile?, ours: DeploymentFile, theirs: DeploymentFile?,
    resolution: MergeResolution = MergeResolution(), conflicts: inout [MergeConflict]
  ) throws(StateError) -> DeploymentFile {
    var changes: [(name: String, contract: Contract?)] = []
    var names = JSONObject()
    for file in [base, theirs] {
      for (name, _) in file?.contracts ?? JSONObject() { names[name] = .null }
    }
    for (name, _) in names where !(base.hasSameContract(name, as: theirs)) {
      let mine = try ours.contract(named: name)
      let merged = ThreeWayMerge.merge(
        ContractKey(ours.chainID, name), base: try base?.contract(named: name), ours: mine,
        theirs: try theirs?.contract(named: name), resolution: resolution,
        conflicts: &conflicts)
      if merged != mine { changes.append((name, merged)) }
    }
    var result = try ours.applying(changes)
    if let base, let theirs {
      try result.mergeMembers(
        base: base, theirs: theirs, side: resolution.side, conflicts: &conflicts)
    }
    return result
  }

  /// Merges the members of the file itself: `network`, `lastDeployed`, a script's own settings.
  private mutating func mergeMembers(
    base: DeploymentFile, theirs: DeploymentFile, side: MergeResolution.Side?,
    conflicts: inout [MergeConflict]
  ) throws(StateError) {
    let old = base.document.root.object ?? JSONObject()
    let new = theirs.document.root.object ?? JSONObject()
    let mine = document.root.object ?? JSONObject()
    var changes: [JSONMemberChange] = []
    for name in new.map(\.key) + old.map(\.key).filter({ new[$0] == nil })
    where name != Member.contracts && name != Member.hashes && old[name] != new[name] {
      if mine[name] == old[name] || side == .theirs {
        changes.append(JSONMemberChange(key: name, value: new[name]))
      } else if mine[name] != new[name], side == nil {
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
}

extension DeploymentFile? {
  /// Whether a contract reads the same in both files, without reading it where its JSON tells.
  fileprivate func hasSameContract(_ name: String, as other: DeploymentFile?) -> Bool {
    guard let self, let other, self.codec == other.codec else { return false }
    return self.contracts[name] == other.contracts[name] && self.hashes[name] == other.hashes[name]
  }
}
