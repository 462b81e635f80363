import Git

extension MigrationBackend {
  /// The record of a contract, as the side that is right has it or is about to have it.
  ///
  /// - Throws: In phase 1, what keeps LevelDB from being read, `LOCK_TIMEOUT` where another program
  ///   has it open. In phase 2, what keeps git from being read, where LevelDB cannot prove an answer,
  ///   either.
  public func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    guard let state = try folder.state(), state.phase != .complete else {
      return try gitBackend.contract(key)
    }
    // The journal comes first: an entry goes once both sides have it, so that what is not in it any
    // more is found in the side.
    let entries = try folder.entries()
    if let pending = entries.pending(key, state.phase.truth) { return pending.contract }
    guard state.phase == .cutover else { return try sourceContract(key, state, entries) }
    do throws(StateError) {
      return try using(.git) { () throws(StateError) in try gitBackend.contract(key) }
    } catch  where error.isReadFailure {
      return try fallback(key, after: error, state, entries)
    }
  }

  /// The records that a query finds.
  ///
  /// - Throws: As ``contract(_:)``; in phase 1, `INVALID_ARGUMENT` where it asks for infrastructure,
  ///   which LevelDB does not know.
  public func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    guard let state = try folder.state(), state.phase != .complete else {
      return try gitBackend.contracts(matching: query)
    }
    let entries = try folder.entries()
    guard state.phase == .cutover else {
      try query.refuseInfrastructure(in: "migration, which reads LevelDB in phase 1,")
      return try sourceContracts(query, state, entries)
    }
    do throws(StateError) {
      return try using(.git) { () throws(StateError) in
        let pending = entries.keys.filter { entries.pending($0, .git) != nil }
        guard !pending.isEmpty else { return try gitBackend.contracts(matching: query) }
        var base = ContractQuery(chainID: query.chainID)
        base.infrastructure = query.infrastructure
        var found = Dictionary(
          try gitBackend.contracts(matching: base).map { ($0.key, $0) },
          uniquingKeysWith: { first, _ in first })
        for key in pending {
          // A contract that no file has yet cannot be listed as infrastructure there.
          guard query.infrastructure != true || found[key] != nil else { continue }
          found[key] = entries.pending(key, .git)?.contract
        }
        return query.applied(to: found.values.sorted { $0.key < $1.key })
      }
    } catch  where error.isReadFailure {
      return try fallback(query, after: error, state, entries)
    }
  }

  /// The chain of a network; nil where none is called so.
  public func chainID(ofNetwork network: String) throws(StateError) -> ChainID? {
    guard let state = try folder.state(), state.phase == .dualWrite else {
      return try gitBackend.chainID(ofNetwork: network)
    }
    let found = Set(
      try contracts(matching: ContractQuery(networkName: network)).map(\.chainID))
    guard found.count < 2 else {
      throw StateError(
        .invalidArgument,
        "\(network.quoted) is the network of chains "
          + "\(found.sorted().map(\.description).joined(separator: " and ")); give the chain ID instead"
      )
    }
    return found.first
  }

  /// Looks at everything that the side that is right has, and at the journal.
  public func verify() throws(StateError) -> VerificationReport {
    guard let state = try folder.state() else { return try gitBackend.verify() }
    let entries = try folder.entries()
    var report: VerificationReport
    if state.phase == .dualWrite {
      report = VerificationReport(lastValidated: SystemClock.milliseconds)
      let held = try heldInSource(state, entries)
      for key in held.keys.sorted() {
        switch held[key] {
        case .record(let contract)?: report.add(contract)
        case .unreadable(let problem, _)?: report.errors.append(problem)
        case .absent?, nil: break
        }
      }
      do throws(StateError) {
        report.warnings += try gitBackend.lostRaces()
      } catch {
        report.warnings.append(error.message)
      }
    } else {
      report = try gitBackend.verify()
    }
    for key in entries.conflicts.sorted() {
      report.errors.append(
        "\(key.description.escapingUnprintable) was changed on one side of the migration beside what "
          + "the other has; see gitstate migrate verify")
    }
    return report
  }

  /// Whether both sides can be read, and nothing pends.
  public func health() -> BackendHealth {
    do {
      guard let state = try folder.state() else { return gitBackend.health() }
      var health = gitBackend.health()
      guard state.phase != .complete else { return health }
      do {
        _ = try source(at: state.source).content(until: sourceDeadline)
      } catch {
        health.problems.append(error.message)
      }
      for side in MigrationSide.allCases {
        guard let breaker = breakers[side], breaker.state != .closed else { continue }
        health.problems.append(
          "the circuit breaker of \(side.name) is \(breaker.state.rawValue): it failed several times"
        )
      }
      let entries = try folder.entries()
      if !entries.isEmpty {
        health.problems.append(
          "\(entries.count) entries of the migration's journal are pending; see gitstate migrate status"
        )
      }
      return health
    } catch {
      return BackendHealth(problems: [error.message])
    }
  }

  private func sourceContract(
    _ key: ContractKey, _ state: MigrationState, _ entries: [JournalEntry]
  ) throws(StateError) -> Contract? {
    let content = try readSource(state)
    let held = content.records[key] ?? .absent
    let news = try news(state, entries)
    switch news?.record(key, insteadOf: held) ?? held {
    case .record(let contract): return contract
    case .unreadable(let problem, _): throw Self.unreadable(problem, key, state)
    case .absent:
      try refuseForeignFolder(state) { content.records[$0] != nil }
      // LevelDB is right, but this was never settled: to call it absent would have it deployed again.
      guard state.unsynced[key] == HeldRecord.absent.digest else { return nil }
      let name = key.description.escapingUnprintable
      throw StateError(
        .migrationFailed,
        "\(name) is in git and not in LevelDB, which is read in phase 1; say which is right: gitstate "
          + "migrate sync --resolve \(name)=git (or =leveldb)", key: key)
    }
  }

  private func sourceContracts(
    _ query: ContractQuery, _ state: MigrationState, _ entries: [JournalEntry]
  ) throws(StateError) -> [Contract] {
    let held = try heldInSource(state, entries)
    let missing = state.unsynced.filter {
      $0.value == HeldRecord.absent.digest && held[$0.key] == nil
        && (query.chainID == nil || query.chainID == $0.key.chainID)
    }
    if !missing.isEmpty {
      let names = missing.keys.sorted().prefix(5).map(\.description.escapingUnprintable)
      options.notice(
        "\(missing.count.counted("contract")) that git alone has, and LevelDB not, are left out in phase 1 "
          + "(\(names.joined(separator: ", "))\(missing.count > 5 ? ", ..." : "")); see gitstate migrate "
          + "sync")
    }
    return try Self.contracts(held, query, state)
  }

  /// The records among what a side has that a query finds.
  static func contracts(
    _ held: [ContractKey: HeldRecord], _ query: ContractQuery, _ state: MigrationState
  ) throws(StateError) -> [Contract] {
    var contracts: [Contract] = []
    for (key, held) in held {
      guard query.chainID == nil || query.chainID == key.chainID else { continue }
      switch held {
      case .record(let contract): contracts.append(contract)
      case .unreadable(let problem, _): throw unreadable(problem, key, state)
      case .absent: break
      }
    }
    return query.applied(to: contracts.sorted { $0.key < $1.key })
  }

  /// What LevelDB has, or is about to have.
  private func heldInSource(_ state: MigrationState, _ entries: [JournalEntry]) throws(StateError)
    -> [ContractKey: HeldRecord]
  {
    var held = try readSource(state).records
    try refuseForeignFolder(state) { held[$0] != nil }
    if let news = try news(state, entries) {
      for key in news.keys { held[key] = news.record(key, insteadOf: held[key] ?? .absent) }
    }
    for key in entries.keys {
      if let pending = entries.pending(key, .source) { held[key] = pending }
    }
    return held.filter { $0.value != .absent }
  }

  func readSource(_ state: MigrationState) throws(StateError) -> MigrationSource.Content {
    try using(.source) { () throws(StateError) in
      try source(at: state.source).content(until: sourceDeadline)
    }
  }

  static func unreadable(
    _ problem: String, _ key: ContractKey, _ state: MigrationState
  ) -> StateError {
    StateError(
      .serializationFailed,
      "\(state.source.escapingUnprintable): \(problem); mend or remove that pair", key: key,
      file: state.source)
  }

  /// Refuses a LevelDB folder that has none of the contracts that it had: that each of them is absent is no
  /// answer then.
  func refuseForeignFolder(
    _ state: MigrationState, has: (ContractKey) throws(StateError) -> Bool
  ) throws(StateError) {
    guard state.phase == .dualWrite, let agreed = try folder.agreed(state), agreed.keys.count > 1
    else { return }
    for key in agreed.keys where try has(key) { return }
    throw StateError(
      .migrationFailed,
      "LevelDB has none of the \(agreed.keys.count) contracts any more that both sides had; put the folder "
        + "back (\(state.source.escapingUnprintable)), or, if they are to go from git as well, say so: "
        + "gitstate migrate sync --resolve leveldb", file: state.source)
  }

  /// What git has anew and LevelDB has not got yet: the next write takes it there.
  ///
  /// - Throws: Where git's branch has moved on, and what it has cannot be told.
  private func news(_ state: MigrationState, _ entries: [JournalEntry]) throws(StateError)
    -> UnprojectedChanges?
  {
    do throws(StateError) {
      guard try gitBackend.tip() != state.projected else { return nil }
    } catch {
      options.notice("only LevelDB was looked at, since git could not be: \(error.message)")
      return nil
    }
    do throws(StateError) {
      let tip = try gitBackend.freshSnapshot()
      // A branch that was set back stops writes until sync; LevelDB has what it lost.
      if try state.isLost(at: tip.commitID, in: gitBackend) { return nil }
      return try UnprojectedChanges(
        from: try gitBackend.snapshot(ofCommit: state.projected), to: tip,
        except: entries.keys.union(state.unsynced.keys),
        isOnlyBroken: { path throws(StateError) in
          try gitBackend.isOnlyBroken(path, since: state.projected)
        })
    } catch {
      var failure = error
      failure.message =
        "git has changes that LevelDB has not got yet, and they cannot be read: \(error.message)"
      throw failure
    }
  }
}

/// Changes in git that no dual write made, before they are taken to LevelDB.
private struct UnprojectedChanges {
  let keys: Set<ContractKey>
  private let base: StateSnapshot
  private let tip: DeploymentFolder

  /// The changes between two commits.
  ///
  /// - Throws: Where a file cannot be read and was changed before that.
  init(
    from base: StateSnapshot, to tip: StateSnapshot, except excluded: Set<ContractKey>,
    isOnlyBroken: (_ path: String) throws(StateError) -> Bool
  ) throws(StateError) {
    var readable = tip.folder
    for (name, error) in tip.folder.broken {
      guard try isOnlyBroken(tip.folder.pathOf(name.text)) else { throw error }
      readable[name] = base.folder[name]
    }
    if let (_, error) = readable.broken.first { throw error }
    var problems: [String] = []
    let changes = ChangeSet(from: nil, base.folder, to: nil, readable, notes: &problems)
    guard problems.isEmpty else {
      throw StateError(.backendUnavailable, problems.joined(separator: "; "))
    }
    keys = Set(changes.changes.flatMap(\.keys)).subtracting(excluded)
    self.base = base
    self.tip = readable
  }

  /// What LevelDB will have: git's record, unless another program has changed LevelDB's.
  func record(_ key: ContractKey, insteadOf held: HeldRecord) -> HeldRecord {
    guard keys.contains(key) else { return held }
    do throws(StateError) {
      guard try base.held(key).digest == held.digest else { return held }
      let record = try HeldRecord { () throws(StateError) in try tip.contract(key) }
      return record.problem == nil ? record : held
    } catch {
      return held
    }
  }
}

extension GitBackend {
  /// The commit at the branch's tip, looked up anew; the files there may be unreadable.
  func tip() throws(StateError) -> String? {
    try read { reader throws(StateError) in
      try convertingGitErrors(
        .backendUnavailable, "the branch that has the state could not be read"
      ) { try reader.branch().tip?.hex }
    }
  }
}
