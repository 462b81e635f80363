import Dispatch
import GitState
import LosslessJSON
import MetricsTestKit
import Synchronization
import TestSupport
import Testing

/// A contract on chain 56 whose address tells versions apart.
private func token(_ name: String = "Token", _ digit: Character = "1") -> Contract {
  Contract(
    name: name, chainID: 56, networkName: "bscmainnet",
    address: "0x" + String(repeating: digit, count: 40), timestamp: 1)
}

/// Callers that are in a hurry, middleware that is slow, and a manager that is closed meanwhile.
@Suite struct StateManagerTroubleTests {
  /// Holds up each operation that the test asks for a contract called `Slow`, and refuses `Refused`.
  private final class Rules: StateMiddleware {
    let entered = Event()
    let released = Event()

    private func pass(_ isSlow: Bool) async {
      guard isSlow else { return }
      entered.happen()
      await released.wait()
    }

    func read(_ key: ContractKey) async throws(StateError) -> ContractKey {
      await pass(key.name == "Slow")
      return key
    }

    func query(_ query: ContractQuery) async throws(StateError) -> ContractQuery {
      await pass(query.name == "Slow")
      return query
    }

    func write(_ operation: Operation) async throws(StateError) -> Operation {
      await pass(operation.reason == "slow")
      if operation.reason == "refused" { throw StateError(.validationFailed, "refused") }
      return operation
    }
  }

  private let backend = GatedBackend()
  private let rules = Rules()

  private func manager(_ options: StateManagerOptions = StateManagerOptions()) -> StateManager {
    var options = options
    options.middleware = [rules]
    return StateManager(backend: backend, options: options)
  }

  private func write(_ contract: Contract, _ reason: String? = nil) -> Operation {
    Operation(.put, [.put(contract)], reason: reason)
  }

  private func code(_ body: () async throws -> Void) async -> StateError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? StateError)?.code
    }
  }

  /// Lets go what is held up, where a caller would else wait for ever; long after a busy machine would.
  private func rescue(_ body: @escaping @Sendable () -> Void) -> Flag {
    let flag = Flag()
    DispatchQueue(label: "rescue").asyncAfter(deadline: .now() + 200) {
      flag.raise()
      body()
    }
    return flag
  }

  @Test func timeInMiddlewareCounts() async throws {
    let manager = manager()
    let rules = rules
    let rescued = rescue { rules.released.happen() }
    let time = Duration.milliseconds(20)
    #expect(
      await code { _ = try await manager.write(write(token(), "slow"), timeout: time) }
        == .operationTimeout)
    #expect(
      await code { _ = try await manager.contract(ContractKey(56, "Slow"), timeout: time) }
        == .operationTimeout)
    #expect(
      await code { _ = try await manager.query(ContractQuery(name: "Slow"), timeout: time) }
        == .operationTimeout)
    #expect(!rescued.isRaised)
    rules.released.happen()
    await manager.close()
    #expect(backend.calls.withLock { $0 } == ["close"])
  }

  @Test func timeBehindAnEarlierWriteCounts() async throws {
    let manager = manager()
    let rules = rules
    let rescued = rescue { rules.released.happen() }
    async let first = manager.write(write(token("Token", "1"), "slow"))
    await rules.entered.wait()
    #expect(
      await code {
        _ = try await manager.write(write(token("Token", "2")), timeout: .milliseconds(20))
      } == .operationTimeout)
    let waiting = Task { try await manager.write(write(token("Token", "3"))) }
    waiting.cancel()
    #expect(await code { _ = try await waiting.value } == .operationCancelled)
    #expect(!rescued.isRaised)
    rules.released.happen()
    _ = try await first
    #expect(try await manager.contract(token().key) == token("Token", "1"))
  }

  @Test func aRefusedWriteLetsNoneOvertake() async throws {
    let manager = manager()
    async let first = manager.write(write(token("Token", "1"), "slow"))
    await rules.entered.wait()
    #expect(
      await code { _ = try await manager.write(write(token("Token", "2"), "refused")) }
        == .validationFailed)
    async let third = manager.write(write(token("Token", "3")))
    // Time for the third to overtake, if it can.
    try await Task.sleep(for: .milliseconds(50))
    rules.released.happen()
    _ = try await (first, third)
    #expect(try await manager.contract(token().key) == token("Token", "3"))
  }

  @Test func closeWaitsForWhatMiddlewareHas() async throws {
    let manager = manager()
    async let written = manager.write(write(token(), "slow"))
    async let read = manager.contract(ContractKey(56, "Slow"))
    await rules.entered.wait()
    async let closed: Void = manager.close()
    async let closedAgain: Void = manager.close()
    try await Task.sleep(for: .milliseconds(50))
    rules.released.happen()
    _ = try await (written, closed, closedAgain)
    _ = try? await read
    #expect(backend.calls.withLock { $0 }.last == "close")
    #expect(backend.calls.withLock { $0 }.contains("write 56-Token"))
  }

  /// A backend that takes its time to open.
  private final class SlowToOpen: StateBackend {
    let memory = InMemoryBackend()
    let opening = Event()
    let gate = DispatchSemaphore(value: 0)
    let type = "slow"

    func open() {
      opening.happen()
      gate.wait()
      gate.signal()
    }
    func contract(_ key: ContractKey) -> Contract? { memory.contract(key) }
    func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
      try memory.contracts(matching: query)
    }
    func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
      memory.apply(operations)
    }
    func verify() -> VerificationReport { memory.verify() }
  }

  @Test func openingHoldsUpNoThread() async throws {
    let backend = SlowToOpen()
    let manager = StateManager(
      backend: backend, options: StateManagerOptions(timeout: .milliseconds(20)))
    let rescued = rescue { backend.gate.signal() }
    #expect(await code { try await manager.initialize() } == .operationTimeout)
    #expect(await code { try await manager.put(token()) } == .operationTimeout)
    #expect(await code { _ = try await manager.contracts() } == .operationTimeout)
    #expect(!rescued.isRaised)
    backend.gate.signal()
    await manager.close()
  }

  @Test(arguments: [
    Duration.seconds(Int64.max), .seconds(Int64.min), .zero, .nanoseconds(1), .seconds(1e15),
  ])
  func anyTimeoutCanBeGiven(_ timeout: Duration) async throws {
    let manager = manager()
    let found = await code {
      _ = try await manager.write(write(token()), timeout: timeout)
      _ = try await manager.contract(token().key, timeout: timeout)
    }
    #expect(timeout > .seconds(1) ? found == nil : true)
  }

  private actor Deployer {
    let manager: StateManager

    init(_ manager: StateManager) { self.manager = manager }

    func deploy() -> [Task<WriteResult, any Error>] {
      "123456789abcdef".map { digit in
        Task { try await self.put(digit) }
      }
    }

    private func put(_ digit: Character) async throws -> WriteResult {
      try await manager.put(token("Token", digit))
    }
  }

  @Test func anActorsTasksWriteInTheirOrder() async throws {
    for _ in 0..<50 {
      let manager = StateManager(backend: InMemoryBackend())
      for task in await Deployer(manager).deploy() { _ = try await task.value }
      #expect(try await manager.contract(token().key) == token("Token", "f"))
    }
  }

  @Test func theCachesHitRateIsMeasuredOutside() async throws {
    struct Cached: StateBackend {
      let type = "cached"
      let memory = InMemoryBackend()
      var cacheStatistics: CacheStatistics? { CacheStatistics(hits: 3, misses: 1) }
      func contract(_ key: ContractKey) -> Contract? { memory.contract(key) }
      func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
        try memory.contracts(matching: query)
      }
      func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
        memory.apply(operations)
      }
      func verify() -> VerificationReport { memory.verify() }
    }
    let factory = TestMetrics()
    let manager = StateManager(
      backend: Cached(), options: StateManagerOptions(metricsFactory: factory))
    _ = try await manager.contracts()
    let gauge = try factory.expectRecorder("gitstate.cache.hitRate", [("backend", "cached")])
    #expect(gauge.lastValue == 0.75)
    #expect(manager.metrics().json["cacheHitRate"] == .number(JSONNumber("0.75") ?? 0))
  }

  @Test func aCancelledListenerHoldsUpNothing() async throws {
    let manager = StateManager(
      backend: backend, options: StateManagerOptions(eventBufferSize: 2))
    let listening = Task {
      for await _ in manager.events {}
    }
    listening.cancel()
    await listening.value
    let idle = manager.events
    for _ in 0..<10 { try await manager.put(token()) }
    await manager.close()
    var last = 0
    for await event in idle {
      if case .missed(let count) = event { last += count }
      if case .ended = event { last += 1 }
      if case .began = event { last += 1 }
    }
    #expect(last == 20)
    for await _ in manager.events { Issue.record("an event after the end") }
  }
}

/// A switch that is raised once.
private final class Flag: Sendable {
  private let state = Mutex(false)
  var isRaised: Bool { state.withLock { $0 } }
  func raise() { state.withLock { $0 = true } }
}
