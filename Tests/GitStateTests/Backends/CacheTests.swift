import Git
import GitStateTesting
import SystemPackage
import TestSupport
import Testing

@testable import GitState

/// The cache of parsed files, on real repositories.
@Suite(.scratchDirectory) struct CacheTests {
  private func backend(
    _ count: Int, size: Int = 64 << 20, warms: Bool = false, writes: Bool = true
  ) async throws -> GitBackend {
    let path = ScratchDirectory.current.path.appending("state").string
    if writes {
      let first = try GitBackend(try await GitFixture.options(at: path))
      for number in 1...count {
        _ = try first.apply([Operation(.put, [.put(contract(number))])])[0].get()
      }
    }
    var options = GitBackendOptions(directory: path, durability: .none, staleness: .zero)
    options.cacheSize = size
    options.warmsCache = warms
    return try GitBackend(options)
  }

  /// A contract on a chain, and so in a file, of its own.
  private func contract(_ number: Int) -> Contract {
    let digits = String(number)
    let address = "0x" + String(repeating: "0", count: 40 - digits.count) + digits
    return Contract(
      name: "Token", chainID: ChainID(UInt64(number)) ?? 1, networkName: "net\(number)",
      address: address, timestamp: Int64(number))
  }

  private func statistics(_ backend: GitBackend) throws -> CacheStatistics {
    try #require(backend.cacheStatistics)
  }

  @Test func countsWhatItSavesAndWhatItDoesNot() async throws {
    let backend = try await backend(3)
    #expect(try statistics(backend).hitRate == nil)
    _ = try backend.snapshot()
    #expect(try statistics(backend).misses == 3)
    #expect(try statistics(backend).hits == 0)
    // The tip has not moved: nobody asks.
    _ = try backend.contract(ContractKey(1, "Token"))
    #expect(try statistics(backend).misses == 3)
    // The commit before has two of the three files, as they are.
    #expect(try backend.snapshot(at: "HEAD~1").contracts().count == 2)
    let after = try statistics(backend)
    #expect(after.hits == 2 && after.misses == 3)
    #expect(after.entries == 3 && after.evictions == 0)
    #expect(after.hitRate == 0.4)
    #expect(after.capacity == 64 << 20)
    #expect(after.bytes > 3 * 1024 && after.bytes < 3 * 4096)
  }

  @Test func aWriteIsSeenWhateverIsCached() async throws {
    let backend = try await backend(2)
    _ = try backend.snapshot()
    var changed = contract(1)
    changed.address = "0x" + String(repeating: "f", count: 40)
    _ = try backend.apply([Operation(.put, [.put(changed)])])[0].get()
    #expect(try backend.contract(changed.key) == changed)
    #expect(try backend.snapshot(at: "HEAD~1").contract(changed.key) == contract(1))
  }

  /// Ten of 25 files fit.
  @Test func aCacheOfTenServesTwentyFive() async throws {
    let one = try await backend(25)
    _ = try one.snapshot()
    let size = try statistics(one).bytes / 25 * 10
    let backend = try await backend(25, size: size, writes: false)
    for revision in ["HEAD", "HEAD~10", "HEAD~20", "HEAD"] {
      let found = try backend.snapshot(at: revision).contracts()
      #expect(found == found.map { contract(Int($0.chainID.rawValue)) })
      #expect(found.count == (revision == "HEAD" ? 25 : revision == "HEAD~10" ? 15 : 5))
      let now = try statistics(backend)
      #expect(now.bytes <= size)
      #expect(now.entries <= 11 && now.entries >= 9)
    }
    let end = try statistics(backend)
    #expect(end.evictions > 0)
    #expect(end.hits > 0)
    #expect(end.misses - end.evictions == end.entries)
  }

  @Test(arguments: [0, 1])
  func aCacheThatHoldsNoFileChangesNoAnswer(size: Int) async throws {
    let backend = try await backend(3, size: size)
    for revision in ["HEAD", "HEAD~1", "HEAD"] {
      #expect(
        try backend.snapshot(at: revision).contracts().count == (revision == "HEAD" ? 3 : 2))
    }
    let now = try statistics(backend)
    #expect(now.hits == 0 && now.misses == 8 && now.entries == 0 && now.bytes == 0)
  }

  @Test func aWarmStartLeavesTheFirstReadNothingToParse() async throws {
    let backend = try await backend(3, warms: true)
    #expect(try statistics(backend).misses == 3)
    #expect(try backend.contracts(matching: ContractQuery()).count == 3)
    #expect(try statistics(backend).misses == 3)
    _ = try backend.apply([Operation(.put, [.put(contract(3))])])[0].get()
    #expect(try statistics(backend).misses == 3)
    #expect(try statistics(backend).hits == 3)
  }

  @Test func aTipThatCannotBeReadDoesNotKeepAWarmStartFromOpening() async throws {
    _ = try await backend(1)
    let folder = ScratchDirectory.current.path.appending("state")
    try writeFile(folder.appending("deployments/bad.json"), "{")
    try await git("add", "-A", in: folder)
    try await git("commit", "-qm", "bad", in: folder)
    let backend = try await backend(1, warms: true, writes: false)
    #expect(throws: StateError.self) { try backend.contract(ContractKey(9, "Token")) }
    #expect(try backend.contract(ContractKey(1, "Token")) == contract(1))
  }

  @Test func twoNamesOfTheSameBytesAreTwoFiles() async throws {
    _ = try await backend(1)
    let folder = ScratchDirectory.current.path.appending("state")
    let bytes =
      "{\"chainId\": 7, \"contracts\": {\"A\": \"0x\(String(repeating: "1", count: 40))\"}}"
    try writeFile(folder.appending("deployments/seven.json"), bytes)
    try await git("add", "-A", in: folder)
    try await git("commit", "-qm", "seven", in: folder)
    try await git("mv", "deployments/seven.json", "deployments/sieben.json", in: folder)
    try await git("commit", "-qm", "sieben", in: folder)
    let backend = try await backend(1, writes: false)
    let key = ContractKey(7, "A")
    // A file without a network is named after itself.
    #expect(try backend.snapshot(at: "HEAD~1").contract(key)?.networkName == "seven")
    #expect(try backend.contract(key)?.networkName == "sieben")
  }

  @Test func manyReadersGetTheSameAnswers() async throws {
    let one = try await backend(6)
    _ = try one.snapshot()
    let size = try statistics(one).bytes / 2
    let backend = try await backend(6, size: size, writes: false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for reader in 0..<8 {
        group.addTask {
          for round in 0..<20 {
            let back = (reader + round) % 5
            let found = try backend.snapshot(at: "HEAD~\(back)").contracts()
            #expect(found.count == 6 - back)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try statistics(backend).bytes <= size)
  }

  @Test func whatWasUsedLeastRecentlyGoesFirst() {
    var cache = LeastRecentlyUsed<String, Int>(capacity: 10)
    for (number, key) in ["a", "b", "c"].enumerated() {
      #expect(cache.insert(number, for: key, cost: 3) == [])
    }
    #expect(cache.value(of: "a") == 0)
    #expect(cache.insert(3, for: "d", cost: 3) == [1])
    #expect(cache.insert(4, for: "e", cost: 7) == [2, 0])
    #expect(cache.value(of: "d") == 3)
    #expect(cache.cost == 10 && cache.count == 2 && cache.evictionCount == 3)
    // What is larger than all of it pushes nothing out.
    #expect(cache.insert(5, for: "f", cost: 11) == [])
    #expect(cache.value(of: "f") == nil && cache.count == 2)
    // A key stands for one value.
    #expect(cache.insert(6, for: "d", cost: 1) == [])
    #expect(cache.value(of: "d") == 3 && cache.cost == 10)
    #expect(cache.insert(7, for: "g", cost: 10) == [4, 3])
  }
}
