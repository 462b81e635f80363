public import LosslessJSON

extension StateManager {
  // MARK: Reading

  /// The record of a contract.
  ///
  /// - Parameters:
  ///   - key: The contract.
  ///   - revision: When, as `git rev-parse` takes it or as a date; nil is now.
  ///   - timeout: How long to wait for the answer; nil is what the options say.
  /// - Returns: nil only where it is proven that there is none.
  /// - Throws: `BACKEND_UNAVAILABLE` or `SERIALIZATION_FAILED` where that cannot be told,
  ///   `STATE_NOT_FOUND` where there is no such revision.
  public func contract(
    _ key: ContractKey, at revision: String? = nil, timeout: Duration? = nil
  ) async throws(StateError) -> Contract? {
    let middleware = options.middleware
    return try await reading("read", [key], .read, timeout) {
      () async throws(StateError) -> @Sendable (any StateBackend) throws(StateError) -> Contract? in
      var wanted = key
      for middleware in middleware { wanted = try await middleware.read(wanted) }
      let key = wanted
      return { backend throws(StateError) in try backend.state(atOrNow: revision).contract(key) }
    }
  }

  /// Whether there is a contract.
  ///
  /// - Throws: As ``contract(_:at:timeout:)``: what cannot be read is never "absent".
  public func has(_ key: ContractKey) async throws(StateError) -> Bool {
    try await contract(key) != nil
  }

  /// All contracts of a chain, or of all chains, by chain ID and name.
  public func contracts(on chainID: ChainID? = nil, at revision: String? = nil)
    async throws(StateError) -> [Contract]
  {
    try await query(ContractQuery(chainID: chainID), at: revision)
  }

  /// The contracts that a query finds.
  ///
  /// - Parameters:
  ///   - query: Which contracts, in which order.
  ///   - revision: When, as `git rev-parse` takes it or as a date; nil is now.
  ///   - timeout: How long to wait for the answer; nil is what the options say.
  /// - Returns: Their records.
  /// - Throws: As ``contract(_:at:timeout:)``, where any record that might belong to the answer cannot
  ///   be read.
  public func query(
    _ query: ContractQuery, at revision: String? = nil, timeout: Duration? = nil
  ) async throws(StateError) -> [Contract] {
    let middleware = options.middleware
    return try await reading("query", [], .query, timeout) {
      () async throws(StateError) -> @Sendable (any StateBackend) throws(StateError) -> [Contract]
      in
      var wanted = query
      for middleware in middleware { wanted = try await middleware.query(wanted) }
      let query = wanted
      return { backend throws(StateError) in
        try backend.state(atOrNow: revision).contracts(matching: query)
      }
    }
  }

  /// The contract that an expression names, as `bscmainnet/LookCoin` does.
  ///
  /// - Throws: `INVALID_ARGUMENT` where no network is called so.
  public func key(_ expression: KeyExpression, at revision: String? = nil)
    async throws(StateError) -> ContractKey
  {
    // A chain ID needs no look at the state, which may be broken elsewhere.
    if case .key(let key) = expression { return key }
    return try await withBackend { backend throws(StateError) in
      try backend.state(atOrNow: revision).key(expression)
    }
  }

  /// The chain that a text names: a chain ID, or a network.
  ///
  /// - Throws: `INVALID_ARGUMENT` where no network is called so.
  public func chainID(named text: String, at revision: String? = nil) async throws(StateError)
    -> ChainID
  {
    if let chainID = ChainID(text) { return chainID }
    return try await withBackend { backend throws(StateError) in
      try backend.state(atOrNow: revision).chainID(named: text)
    }
  }

  /// An export document of all contracts, or of some chains'.
  ///
  /// - Parameters:
  ///   - chains: The chains; empty is all.
  ///   - revision: When, as `git rev-parse` takes it or as a date; nil is now.
  /// - Returns: The document, ready to be printed.
  /// - Throws: As ``contract(_:at:timeout:)``.
  public func export(chains: [ChainID] = [], at revision: String? = nil) async throws(StateError)
    -> JSONObject
  {
    ContractDocument.export(
      try await contracts(on: chains, at: revision), exportTime: SystemClock.milliseconds)
  }

  /// The contracts of some chains, by chain ID and name.
  ///
  /// - Parameters:
  ///   - chains: The chains; empty is all.
  ///   - revision: When, as `git rev-parse` takes it or as a date; nil is now.
  /// - Returns: Their records.
  /// - Throws: As ``contract(_:at:timeout:)``.
  public func contracts(on chains: [ChainID], at revision: String? = nil) async throws(StateError)
    -> [Contract]
  {
    guard !chains.isEmpty else { return try await contracts(at: revision) }
    var contracts: [Contract] = []
    for chainID in Set(chains).sorted() {
      contracts += try await self.contracts(on: chainID, at: revision)
    }
    return contracts
  }

  /// Looks at everything that is there for faults.
  public func verify() async throws(StateError) -> VerificationReport {
    try await reading("verify", [], .query, nil) {
      () async throws(StateError)
        -> @Sendable (any StateBackend) throws(StateError) -> VerificationReport in
      { backend throws(StateError) in try backend.verify() }
    }
  }

  /// Runs the middleware and then what it leads to, counted and told.
  private func reading<Value: Sendable>(
    _ name: String, _ keys: [ContractKey], _ sort: OperationRecorder.Sort, _ timeout: Duration?,
    _ prepare:
      @escaping @Sendable () async throws(StateError)
      -> @Sendable (any StateBackend) throws(StateError) -> Value
  ) async throws(StateError) -> Value {
    let (deadline, start) = (deadline(timeout), ContinuousClock.now)
    let operation = try begin(name, keys)
    let (backend, pending) = (backend, PendingAnswer<Value>())
    let ask: @Sendable () async -> Void = { [self] in
      do throws(StateError) {
        let body = try await prepare()
        read({ () throws(StateError) in try body(backend) }, for: pending)
      } catch {
        pending.answer(.failure(error))
      }
    }
    var work: Task<Void, Never>?
    if options.middleware.isEmpty {
      await ask()
    } else {
      // In a task of its own, since the caller may stop waiting before middleware does.
      work = Task { await ask() }
    }
    do throws(StateError) {
      let value = try await answer(of: pending, until: deadline)
      finish(operation, sort, since: start)
      return value
    } catch {
      work?.cancel()
      finish(operation, sort, since: start, error: error)
      throw error
    }
  }

  // MARK: Writing

  /// Sets a contract's whole record.
  ///
  /// - Throws: `VALIDATION_FAILED` naming field and value; nothing was written then.
  @discardableResult
  public func put(_ contract: Contract, reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.put, [.put(contract)], reason: reason))
  }

  /// Sets several records as one: all of them, or none.
  @discardableResult
  public func put(_ contracts: [Contract], reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.transaction, contracts.map { .put($0) }, reason: reason))
  }

  /// Changes some fields of a contract's record.
  @discardableResult
  public func update(_ update: ContractUpdate, reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.put, [.update(update)], reason: reason))
  }

  /// Removes a contract's record; where there is none, nothing happens.
  @discardableResult
  public func delete(_ key: ContractKey, reason: String? = nil) async throws(StateError)
    -> WriteResult
  {
    try await write(Operation(.delete, [.delete(key)], reason: reason))
  }

  /// Imports the records of an export document, odd ones as they are.
  ///
  /// - Parameters:
  ///   - document: The document.
  ///   - overwrites: Whether its records take the place of others that are there.
  /// - Returns: What became of the records.
  /// - Throws: `VALIDATION_FAILED` where the document holds what is no record.
  @discardableResult
  public func importDocument(_ document: JSONObject, overwrites: Bool = false)
    async throws(StateError) -> ImportReport
  {
    let contracts = try ContractDocument.contracts(in: .object(document))
    let operation = Operation(
      .importing, contracts.map { .importRecord($0, overwrite: overwrites) })
    let result = try await write(operation)
    var report = ImportReport()
    report.read = contracts.count
    report.add(result.outcomes, of: contracts)
    report.changes = result.changes
    report.warnings = result.warnings
    return report
  }
}

extension StateBackend {
  /// The state as it was at a revision, or as it is now.
  fileprivate func state(atOrNow revision: String?) throws(StateError) -> any StateReading {
    if let revision { try state(at: revision) } else { self }
  }
}
