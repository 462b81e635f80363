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
    guard state.phase == .cutover else { return try sourceContract(key, state) }
    do throws(StateError) {
      return try using(.git) { () throws(StateError) in try gitBackend.contract(key) }
    } catch  where error.isReadFailure {
      // LevelDB answers for what it is known to have, with the journal, as git has it: else a record
      // that git has lost since would rise again. A commit whose file does not parse has lost none
      // that both had; that LevelDB has none proves nothing then.
      let isMirror = isMirror(state, entries) && state.unsynced[key] == nil
      guard isMirror || error.line != nil else { throw error }
      let found: Contract?
      if let pending = entries.pending(key, .source) {
        found = pending.contract
      } else {
        do throws(StateError) {
          found = try sourceContract(key, state)
        } catch let second {
          throw error.alsoFailed(second)
        }
      }
      guard found != nil || isMirror else { throw error }
      return found
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
      guard query.infrastructure == nil, isMirror(state, entries), state.unsynced.isEmpty else {
        throw error
      }
      do throws(StateError) {
        return try sourceContracts(query, state, entries)
      } catch let second {
        throw error.alsoFailed(second)
      }
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
        case .unreadable(let problem)?: report.errors.append(problem)
        case .absent?, nil: break
        }
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

  /// Whether LevelDB has exactly what git's tip has, but for what the journal has.
  private func isMirror(_ state: MigrationState, _ entries: [JournalEntry]) -> Bool {
    guard entries.conflicts.isEmpty else { return false }
    do {
      return try gitBackend.tip() == state.projected
    } catch {
      return false
    }
  }

  private func sourceContract(_ key: ContractKey, _ state: MigrationState) throws(StateError)
    -> Contract?
  {
    let content = try readSource(state)
    switch content.records[key] {
    case .record(let contract)?: return contract
    case .unreadable(let problem)?: throw Self.unreadable(problem, key, state)
    case .absent?, nil: return nil
    }
  }

  private func sourceContracts(
    _ query: ContractQuery, _ state: MigrationState, _ entries: [JournalEntry]
  ) throws(StateError) -> [Contract] {
    var contracts: [Contract] = []
    for (key, held) in try heldInSource(state, entries) {
      guard query.chainID == nil || query.chainID == key.chainID else { continue }
      switch held {
      case .record(let contract): contracts.append(contract)
      case .unreadable(let problem): throw Self.unreadable(problem, key, state)
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
    for key in entries.keys {
      if let pending = entries.pending(key, .source) { held[key] = pending }
    }
    return held
  }

  private func readSource(_ state: MigrationState) throws(StateError) -> MigrationSource.Content {
    try using(.source) { () throws(StateError) in
      try source(at: state.source).content(until: sourceDeadline)
    }
  }

  private static func unreadable(
    _ problem: String, _ key: ContractKey, _ state: MigrationState
  ) -> StateError {
    StateError(
      .serializationFailed,
      "\(state.source.escapingUnprintable): \(problem); mend or remove that pair", key: key,
      file: state.source)
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

extension StateError {
  /// Whether the side could not tell, so that the other one may be asked.
  fileprivate var isReadFailure: Bool { isOfSide || code == .serializationFailed }

  /// The error with what the other side said.
  fileprivate func alsoFailed(_ other: StateError) -> StateError {
    var error = self
    error.message += "; and LevelDB could not be read instead: " + other.message
    return error
  }
}
