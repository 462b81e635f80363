extension DeploymentFolder {
  /// This folder with the changes that lead from one state to another.
  ///
  /// A file that is as it was in `base` becomes just what it is in `theirs`; in any other, the
  /// changes are made contract by contract and field by field. Files are matched by their chains, so
  /// that one that was renamed, or made under two names, is one. Files that are none of ours in both
  /// states are left alone.
  ///
  /// - Parameters:
  ///   - base: The state that the changes start from.
  ///   - theirs: The state that they lead to.
  ///   - resolution: Which side is right in a conflict.
  ///   - conflicts: Gets what excludes each other; there the result has our side.
  /// - Returns: The folder with the changes.
  /// - Throws: Where a file that takes part cannot be read.
  func merging(
    from base: DeploymentFolder, to theirs: DeploymentFolder, resolution: MergeResolution,
    conflicts: inout [MergeConflict]
  ) throws(StateError) -> DeploymentFolder {
    var result = self
    var chains: Set<ChainID> = []
    for name in base.names(thatDifferIn: theirs) {
      let (old, new, mine) = (base[name], theirs[name], self[name])
      let isWhole = [old, new].allSatisfy { $0 == nil || $0?.deployment != nil }
      if isWhole {
        for file in [old, new] { if let file = file?.deployment { chains.insert(file.chainID) } }
      } else if !(old.isForeignOrMissing && new.isForeignOrMissing), !mine.isSame(as: new) {
        guard mine.isSame(as: old) else {
          for item in [old, new, mine] {
            if let fault = item?.fault { throw fault.inFile(pathOf(name)) }
          }
          throw notDeployment(name)
        }
        result[name] = new
      }
    }
    for chainID in chains.sorted() {
      try merge(
        chainID, from: base, to: theirs, into: &result, resolution: resolution,
        conflicts: &conflicts)
    }
    for chainID in Set(result.deployments.map(\.chainID)) { _ = try result.file(of: chainID) }
    return result
  }

  private func merge(
    _ chainID: ChainID, from base: DeploymentFolder, to theirs: DeploymentFolder,
    into result: inout DeploymentFolder, resolution: MergeResolution,
    conflicts: inout [MergeConflict]
  ) throws(StateError) {
    let (old, new) = (try base.onlyFile(of: chainID), try theirs.onlyFile(of: chainID))
    let mine = try onlyFile(of: chainID)
    let isRenamed =
      old.map { old in
        mine?.name.isIdentical(to: old.name) == true && new?.name.isIdentical(to: old.name) == false
      } ?? false
    if let mine, let new, mine.bytes == new.bytes, !isRenamed { return }
    if mine?.bytes == old?.bytes, mine == nil || isRenamed || mine?.name == old?.name {
      // The branch changed nothing, so the file is just what it is there.
      if let mine { result[mine.name] = nil }
      guard let new else { return }
      if result[new.name] == nil {
        result[new.name] = theirs[new.name]
        return
      }
    }
    guard let stand = mine ?? new ?? old else { return }
    var name = isRenamed ? new?.name ?? stand.name : stand.name
    if isRenamed || mine == nil, let other = result[name], other.deployment?.chainID != chainID {
      // Both sides made a file of this name, for two chains.
      name = try DeploymentFile.newName(network: "", chainID: chainID) { name in
        result[name] != nil
      }
    }
    let ours: DeploymentFile
    if let mine {
      ours = mine
    } else {
      ours = try DeploymentFile.new(name: name, network: stand.network, chainID: chainID)
    }
    var merged = try DeploymentFile.merging(
      base: old, ours: ours, theirs: new, resolution: resolution, conflicts: &conflicts)
    if isRenamed {
      guard case .deployment(let file) = DeploymentFile.parse(name: name, bytes: merged.bytes)
      else { throw notDeployment(name) }
      merged = file
      if let mine { result[mine.name] = nil }
    }
    if merged.contracts.isEmpty, mine == nil || new == nil {
      result[name] = nil
    } else {
      try result.replace(name, with: merged)
    }
  }

  /// The file that has a chain, broken ones not regarded; nil where none of the others has it.
  private func onlyFile(of chainID: ChainID) throws(StateError) -> DeploymentFile? {
    let found = deployments.filter { $0.chainID == chainID }
    return found.count > 1 ? try file(of: chainID) : found.first
  }

  private func notDeployment(_ name: String) -> StateError {
    StateError(
      .backendUnavailable, "\(pathOf(name)) is no deployment file on one side", file: pathOf(name))
  }

  /// This folder with every network's file as another state has it; other files stay.
  ///
  /// - Throws: Where the other state has a file that cannot be read.
  func rolledBack(to other: DeploymentFolder) throws(StateError) -> DeploymentFolder {
    var result = self
    for name in names(thatDifferIn: other)
    where !self[name].isForeignOrMissing || !other[name].isForeignOrMissing {
      if let fault = other[name]?.fault { throw fault.inFile(pathOf(name)) }
      result[name] = other[name]
    }
    return result
  }
}

extension DeploymentFolder.Item? {
  fileprivate var isForeignOrMissing: Bool {
    switch self?.content {
    case .foreign, nil: true
    case .deployment, .broken: false
    }
  }

  /// Whether both are the same file, or both none.
  fileprivate func isSame(as other: DeploymentFolder.Item?) -> Bool {
    guard let self, let other else { return self == nil && other == nil }
    if let blob = self.blob, let other = other.blob { return blob == other }
    return self.bytes != nil && self.bytes == other.bytes
  }
}
