import GitState
import GitStateTesting
import Logging
import LosslessJSON
import MetricsTestKit
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A contract on chain 56 whose address tells versions apart.
private func token(_ name: String = "Token", _ digit: Character = "1") -> Contract {
  Contract(
    name: name, chainID: 56, networkName: "bscmainnet",
    address: "0x" + String(repeating: digit, count: 40), deploymentArgs: ["secret-argument"],
    timestamp: 1)
}

/// What a manager does around its backend.
@Suite(.scratchDirectory) struct StateManagerTests {
  @Test func opensAndClosesOnce() async throws {
    let backend = GatedBackend()
    let manager = StateManager(backend: backend)
    try await manager.initialize()
    try await manager.initialize()
    try await manager.put(token())
    await manager.close()
    await manager.close()
    #expect(backend.calls.withLock { $0 } == ["open", "write 56-Token", "close"])
    let error = await #expect(throws: StateError.self) {
      try await manager.contract(ContractKey(56, "Token"))
    }
    #expect(error?.code == .backendUnavailable)
    await #expect(throws: StateError.self) { try await manager.put(token()) }
    await #expect(throws: StateError.self) { try await manager.initialize() }
    #expect(await manager.health().isHealthy == false)
    #expect(backend.calls.withLock { $0 }.count == 3)
  }

  @Test func theFirstOperationOpens() async throws {
    let backend = GatedBackend()
    let manager = StateManager(backend: backend)
    #expect(try await manager.has(ContractKey(56, "Token")) == false)
    #expect(backend.calls.withLock { $0 } == ["open", "read 56-Token"])
  }

  // MARK: Middleware

  private struct Rules: StateMiddleware {
    func read(_ key: ContractKey) async throws(StateError) -> ContractKey {
      key.name == "Alias" ? ContractKey(key.chainID, "Token") : key
    }
    func query(_ query: ContractQuery) async throws(StateError) -> ContractQuery {
      var query = query
      query.sort = .name
      query.order = .descending
      return query
    }
    func write(_ operation: Operation) async throws(StateError) -> Operation {
      var result = operation
      result.mutations = []
      for mutation in operation.mutations {
        guard case .put(var contract) = mutation else {
          throw StateError(.validationFailed, "only puts are allowed here", key: mutation.key)
        }
        contract["seen"] = true
        result.mutations.append(.put(contract))
      }
      if operation.reason == "more" { result.mutations.append(.delete(ContractKey(1, "Other"))) }
      return result
    }
  }

  @Test func middlewareChangesAndRefuses() async throws {
    let backend = GatedBackend()
    let manager = StateManager(
      backend: backend, options: StateManagerOptions(middleware: [Rules()]))
    try await manager.put([token("A"), token("Token")])
    #expect(try await manager.contract(ContractKey(56, "Alias"))?["seen"] == true)
    #expect(try await manager.contracts().map(\.name) == ["Token", "A"])
    let refused = await #expect(throws: StateError.self) {
      try await manager.delete(ContractKey(56, "A"))
    }
    #expect(refused?.code == .validationFailed)
    let strange = await #expect(throws: StateError.self) {
      try await manager.put(token("B"), reason: "more")
    }
    #expect(strange?.code == .invalidArgument)
    #expect(strange?.message.contains("1-Other") == true)
    // What was refused holds up nothing.
    try await manager.put(token("B"))
    #expect(try await manager.contracts().map(\.name) == ["Token", "B", "A"])
  }

  /// Holds up the first write to each contract that it is told of.
  private final class Slow: StateMiddleware {
    let entered = Event()
    let released = Event()
    let slow: Contract

    init(_ slow: Contract) { self.slow = slow }

    func write(_ operation: Operation) async throws(StateError) -> Operation {
      if case .put(slow) = operation.mutations[0] {
        entered.happen()
        await released.wait()
      }
      return operation
    }
  }

  @Test func slowMiddlewareKeepsTheOrderOfAContract() async throws {
    let backend = GatedBackend()
    let middleware = Slow(token("Token", "1"))
    let manager = StateManager(
      backend: backend, options: StateManagerOptions(middleware: [middleware]))
    async let first = manager.put(token("Token", "1"))
    await middleware.entered.wait()
    async let second = manager.put(token("Token", "2"))
    // Another contract does not wait.
    try await manager.put(token("Other"))
    #expect(try await manager.contracts().map(\.name) == ["Other"])
    middleware.released.happen()
    _ = try await second
    _ = try await first
    #expect(try await manager.contract(token().key) == token("Token", "2"))
    #expect(
      backend.calls.withLock { $0.filter { $0.hasPrefix("write") } }
        == ["write 56-Other", "write 56-Token", "write 56-Token"])
  }

  // MARK: Events

  @Test func eventsTellBeginningAndEnd() async throws {
    let manager = StateManager(backend: InMemoryBackend())
    let events = manager.events
    try await manager.put(token())
    _ = try await manager.contract(token().key)
    await #expect(throws: StateError.self) { try await manager.put(token("Bad", "g")) }
    await manager.close()
    var told: [String] = []
    for await event in events {
      switch event {
      case .began(let operation):
        told.append("\(operation.id) \(operation.name) \(operation.keys) \(operation.backendType)")
      case .ended(let operation, let outcome):
        let changes = outcome.changes?.changes.map(\.kind.rawValue) ?? []
        told.append("\(operation.id) \(outcome.error?.code.rawValue ?? "ok") \(changes)")
      case .missed(let count): told.append("missed \(count)")
      }
    }
    #expect(
      told == [
        "1 put [56-Token] memory", "1 ok [\"added\"]", "2 read [56-Token] memory", "2 ok []",
        "3 put [56-Bad] memory", "3 VALIDATION_FAILED []",
      ])
    // Whoever comes too late hears nothing, and waits for nothing.
    for await _ in manager.events { Issue.record("an event after the end") }
  }

  @Test func aSlowListenerIsToldWhatItMissed() async throws {
    let manager = StateManager(
      backend: InMemoryBackend(), options: StateManagerOptions(eventBufferSize: 3))
    let slow = manager.events
    for _ in 0..<5 { _ = try await manager.contract(token().key) }
    await manager.close()
    var iterator = slow.makeAsyncIterator()
    guard case .missed(7)? = await iterator.next() else {
      Issue.record("the gap of seven was not told")
      return
    }
    var rest: [UInt64] = []
    while let event = await iterator.next() {
      if case .ended(let operation, _) = event { rest.append(operation.id) }
    }
    #expect(rest == [4, 5])
  }

  // MARK: Metrics, health and logs

  @Test func metricsCountWhatWasDone() async throws {
    let factory = TestMetrics()
    let manager = StateManager(
      backend: GatedBackend(), options: StateManagerOptions(metricsFactory: factory))
    #expect(manager.metrics().errorRate == nil)
    for _ in 0..<3 { _ = try await manager.contract(token().key) }
    try await manager.put(token())
    await #expect(throws: StateError.self) { try await manager.put(token("Bad", "g")) }
    _ = try await manager.contracts()
    _ = try await manager.verify()
    let metrics = manager.metrics()
    #expect(metrics.reads.count == 3 && metrics.reads.errors == 0)
    #expect(metrics.writes.count == 2 && metrics.writes.errors == 1)
    #expect(metrics.queries.count == 2)
    #expect(metrics.errorRate == 1.0 / 7)
    for sort in [metrics.reads, metrics.writes, metrics.queries] {
      #expect(sort.mean > 0 && sort.p50 > 0 && sort.p99 >= sort.p50)
    }
    #expect(metrics.cache == nil)
    #expect(metrics.json["writes"]?.object?["errors"] == 1)
    #expect(metrics.json["cacheHitRate"] == .null)
    #expect(metrics.json["errorRate"] == .number(JSONNumber("0.143") ?? 0))
    let dimensions = { (name: String, outcome: String) in
      [("backend", "gated"), ("operation", name), ("outcome", outcome)]
    }
    #expect(
      factory.counterTotal(label: "gitstate.operations", dimensions: dimensions("read", "ok")) == 3)
    #expect(
      factory.counterTotal(
        label: "gitstate.operations", dimensions: dimensions("put", "VALIDATION_FAILED")) == 1)
    #expect(factory.timers(label: "gitstate.duration").isEmpty == false)
  }

  @Test func healthNamesWhatIsBroken() async throws {
    let path = ScratchDirectory.current.path.appending("state")
    let manager = try await StateManager(git: try await GitFixture.options(at: path.string))
    try await manager.put(token())
    let sound = await manager.health()
    #expect(sound.isHealthy && sound.backendType == "git")
    #expect(sound.json["problems"] == [])
    #expect(await manager.isHealthy())
    try writeFile(path.appending("deployments/bad.json"), "{\"half")
    try await git("add", "-A", in: path)
    try await git("commit", "-qm", "bad", in: path)
    let broken = await manager.health()
    #expect(!broken.isHealthy)
    #expect(broken.problems.count == 1)
    #expect(broken.problems.first?.contains("deployments/bad.json") == true)
    #expect(broken.json["isHealthy"] == false)
    // The cache's work is counted.
    #expect((manager.metrics().cache?.misses ?? 0) > 0)
  }

  /// Keeps what is logged.
  private final class Log: Sendable {
    let lines = Mutex<[String]>([])

    struct Handler: LogHandler {
      let log: Log
      var metadata: Logger.Metadata = [:]
      var logLevel: Logger.Level

      init(_ log: Log, _ level: Logger.Level) {
        self.log = log
        logLevel = level
      }

      subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
      }

      func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).filter { $0.key != "ms" }.sorted { $0.key < $1.key }
        let text = fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        log.lines.withLock { $0.append("\(event.level) \(event.message) \(text)") }
      }
    }
  }

  @Test func everyOperationIsLoggedAndNoValue() async throws {
    let log = Log()
    let logger = Logger(label: "test") { _ in Log.Handler(log, .debug) }
    let manager = StateManager(
      backend: InMemoryBackend(), options: StateManagerOptions(logger: logger))
    try await manager.put(token(), reason: "a reason")
    _ = try await manager.contract(token().key)
    await #expect(throws: StateError.self) { try await manager.put(token("Bad", "g")) }
    _ = try await manager.contracts()
    #expect(
      log.lines.withLock { $0 } == [
        "debug put backend=memory key=56-Token outcome=ok",
        "debug read backend=memory key=56-Token outcome=ok",
        "debug put backend=memory key=56-Bad outcome=VALIDATION_FAILED",
        "debug query backend=memory key= outcome=ok",
      ])
    let quiet = Log()
    let other = StateManager(
      backend: InMemoryBackend(),
      options: StateManagerOptions(
        logger: Logger(label: "test") { _ in Log.Handler(quiet, .info) }))
    try await other.put(token())
    #expect(quiet.lines.withLock { $0 } == [])
  }

  // MARK: Time-outs and cancellation

  @Test func aReadThatTakesTooLongIsAnswered() async throws {
    let backend = GatedBackend(isHeld: true)
    let manager = StateManager(backend: backend)
    let error = await #expect(throws: StateError.self) {
      try await manager.contract(token().key, timeout: .milliseconds(20))
    }
    #expect(error?.code == .operationTimeout)
    #expect(manager.metrics().reads.errors == 1)
    backend.release()
    #expect(try await manager.contract(token().key) == nil)
  }

  @Test func aWriteIsWithdrawnOrItsOutcomeIsOpen() async throws {
    let backend = GatedBackend(isHeld: true)
    let manager = StateManager(backend: backend)
    async let begun = manager.write(
      Operation(.put, [.put(token("Begun"))]), timeout: .seconds(1))
    await backend.waitForCall()
    let withdrawn = await #expect(throws: StateError.self) {
      try await manager.write(
        Operation(.put, [.put(token("Withdrawn"))]), timeout: .milliseconds(20))
    }
    #expect(withdrawn?.code == .operationTimeout)
    #expect(withdrawn?.message.contains("nothing was written") == true)
    do {
      _ = try await begun
      Issue.record("the write was answered though it is held up")
    } catch let error as StateError {
      #expect(error.code == .operationTimeout)
      #expect(error.message.contains("not known"))
    }
    backend.release()
    // The queue is done with both before it takes this one.
    try await manager.put(token("Last"))
    #expect(try await manager.contracts().map(\.name) == ["Begun", "Last"])
  }

  @Test func aCancelledTaskWithdrawsItsWrite() async throws {
    let backend = GatedBackend(isHeld: true)
    let manager = StateManager(backend: backend)
    let first = Task { try await manager.put(token("First")) }
    await backend.waitForCall()
    let second = Task { try await manager.put(token("Second")) }
    second.cancel()
    let error = await #expect(throws: StateError.self) { try await second.value }
    #expect(error?.code == .operationCancelled)
    #expect(error?.message.contains("nothing was written") == true)
    backend.release()
    _ = try await first.value
    try await manager.put(token("Last"))
    #expect(try await manager.contracts().map(\.name) == ["First", "Last"])
  }

  @Test func theOptionsTimeOutHoldsForAll() async throws {
    let backend = GatedBackend(isHeld: true)
    let manager = StateManager(
      backend: backend, options: StateManagerOptions(timeout: .milliseconds(20)))
    for operation in [{ _ = try await manager.contracts() }, { _ = try await manager.verify() }] {
      _ = try? await operation()
    }
    let error = await #expect(throws: StateError.self) { try await manager.contracts() }
    #expect(error?.code == .operationTimeout)
    backend.release()
  }

  // MARK: Many at once, on git

  @Test(arguments: ["git", "leveldb", "memory"])
  func theLastOfTenPutsIsTheState(backend: String) async throws {
    let path = ScratchDirectory.current.path.appending("state")
    let manager: StateManager
    switch backend {
    case "git": manager = try await StateManager(git: try await GitFixture.options(at: path.string))
    case "leveldb":
      manager = StateManager(
        backend: try LevelDBBackend(path: path.string, createsIfMissing: true, isDurable: false))
    default: manager = StateManager(backend: InMemoryBackend())
    }
    // Each is asked for before the next one; none waits for an answer before.
    var tasks: [Task<WriteResult, any Error>] = []
    var asked = manager.events.makeAsyncIterator()
    for digit in "0123456789" {
      tasks.append(Task { try await manager.put(token("Token", digit)) })
      while let event = await asked.next() {
        if case .began = event { break }
      }
    }
    for task in tasks { _ = try await task.value }
    #expect(try await manager.contract(token().key) == token("Token", "9"))
    await manager.close()
    guard backend == "git" else { return }
    #expect(try await git("rev-list", "--count", "HEAD", in: path) == "10")
    try await git("fsck", "--strict", in: path)
  }

  @Test func aReadDoesNotWaitForAWrite() async throws {
    let backend = GatedBackend(isHeld: true)
    let manager = StateManager(backend: backend)
    async let write = manager.put(token("Held"))
    await backend.waitForCall()
    backend.letReadsPass()
    #expect(try await manager.contract(token("Other").key) == nil)
    #expect(try await manager.contracts() == [])
    backend.release()
    _ = try await write
  }

  @Test func readersBesideWritersSeeWholeRecords() async throws {
    let path = ScratchDirectory.current.path.appending("state")
    let manager = try await StateManager(git: try await GitFixture.options(at: path.string))
    try await manager.put([token("A"), token("B"), token("C")])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for name in ["A", "B", "C"] {
        group.addTask {
          for digit in "23456789" {
            let written = token(name, digit)
            try await manager.put(written)
            // What was answered is read.
            #expect(try await manager.contract(written.key) == written)
          }
        }
      }
      for _ in 0..<10 {
        group.addTask {
          for _ in 0..<20 {
            let found = try await manager.contracts()
            #expect(found.map(\.name) == ["A", "B", "C"])
            for record in found {
              let digit = record.address.last ?? "?"
              #expect(record == token(record.name, digit))
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await git("rev-list", "--count", "HEAD", in: path) == "25")
  }
}
