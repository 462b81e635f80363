extension DeploymentFolder {
  /// This folder with the changes that lead from one state to another.
  ///
  /// A file that is as it was in `base` becomes just what it is in `theirs`; in any other, the
  /// changes are made contract by contract and field by field. Files that are none of ours in both
  /// states are left alone.
  ///
  /// - Parameters:
  ///   - base: The state that the changes start from.
  ///   - theirs: The state that they lead to.
  ///   - resolution: Which side is right in a conflict.
  ///   - conflicts: Gets what excludes each other; then the result is of no use.
  /// - Returns: The folder with the changes.
  /// - Throws: Where a file that takes part cannot be read.
  func merging(
    from base: DeploymentFolder, to theirs: DeploymentFolder, resolution: MergeResolution,
    conflicts: inout [MergeConflict]
  ) throws(StateError) -> DeploymentFolder {
    var result = self
    for name in base.names(thatDifferIn: theirs)
    where !base[name].isForeignOrMissing || !theirs[name].isForeignOrMissing {
      let (old, new, mine) = (base[name], theirs[name], self[name])
      if mine.isSame(as: new) { continue }
      if mine.isSame(as: old) {
        result[name] = new
        continue
      }
      for item in [old, new, mine] {
        if let fault = item?.fault { throw fault.inFile(pathOf(name)) }
      }
      let ours: DeploymentFile
      if let file = mine?.deployment {
        ours = file
      } else {
        ours = try emptyFile(like: old?.deployment ?? new?.deployment, name)
      }
      let merged = try DeploymentFile.merging(
        base: old?.deployment, ours: ours, theirs: new?.deployment, resolution: resolution,
        conflicts: &conflicts)
      if mine != nil || !merged.contracts.isEmpty { try result.replace(name, with: merged) }
    }
    for chainID in Set(result.deployments.map(\.chainID)) { _ = try result.file(of: chainID) }
    return result
  }

  private func emptyFile(like file: DeploymentFile?, _ name: String) throws(StateError)
    -> DeploymentFile
  {
    guard let file else {
      throw StateError(
        .backendUnavailable, "\(pathOf(name)) is no deployment file any more", file: pathOf(name))
    }
    return try DeploymentFile.new(name: name, network: file.network, chainID: file.chainID)
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
