import Git

extension GitBackend {
  /// The state at the branch's tip as it is now, however short ago it was read.
  func freshSnapshot() throws(StateError) -> StateSnapshot {
    try read { reader throws(StateError) in
      reader.forgetTip()
      return try reader.snapshot(at: nil)
    }
  }

  /// The state at a commit that is known by its ID; nil is before the first one.
  func snapshot(ofCommit id: String?) throws(StateError) -> StateSnapshot {
    try read { reader throws(StateError) in
      guard let id else { return try reader.load(nil) }
      return try reader.load(try Self.objectID(id))
    }
  }

  /// Whether a commit leads to another one; before the first one, any does.
  func isAncestor(_ ancestor: String?, of commit: String?) throws(StateError) -> Bool {
    guard let ancestor else { return true }
    guard let commit else { return false }
    return try read { reader throws(StateError) in
      let (old, new) = (try Self.objectID(ancestor), try Self.objectID(commit))
      return try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try reader.repository.isAncestor(old, of: new)
      }
    }
  }

  /// The last commit that two lines of history share; nil where they share none.
  func mergeBase(_ one: String?, _ other: String?) throws(StateError) -> String? {
    guard let one, let other else { return nil }
    return try read { reader throws(StateError) in
      let (one, other) = (try Self.objectID(one), try Self.objectID(other))
      return try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try reader.repository.mergeBase(one, other)?.hex
      }
    }
  }

  /// The branch that has the state, as a full reference; nil where HEAD is detached.
  func stateBranch() throws(StateError) -> String? {
    try read { reader throws(StateError) in
      try convertingGitErrors(
        .backendUnavailable, "the branch that has the state could not be read"
      ) { try reader.branch().name }
    }
  }

  private static func objectID(_ hex: String) throws(StateError) -> ObjectID {
    guard let id = ObjectID(hex: hex) else {
      throw StateError(.backendUnavailable, "\(hex.quoted) is no commit's ID")
    }
    return id
  }
}

extension StateSnapshot {
  /// What the state has for a contract.
  func held(_ key: ContractKey) throws(StateError) -> HeldRecord {
    try HeldRecord { () throws(StateError) in try folder.contract(key) }
  }

  /// What the state has for every contract.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where a file cannot be read, or two have a chain.
  func allHeld() throws(StateError) -> [ContractKey: HeldRecord] {
    if let (_, error) = folder.broken.first { throw error }
    var all: [ContractKey: HeldRecord] = [:]
    for file in folder.deployments {
      _ = try folder.file(of: file.chainID)
      for name in file.contractNames {
        let key = ContractKey(file.chainID, name)
        all[key] = try held(key)
      }
    }
    return all.filter { $0.value != .absent }
  }
}
