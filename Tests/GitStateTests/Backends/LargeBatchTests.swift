import Git
import GitState
import SystemPackage
import TestSupport
import Testing

/// Many operations at once, whose commits are made beside the planning, and the same one at a time.
@Suite(.scratchDirectory) struct LargeBatchTests {
  private func contract(_ number: Int, _ digit: Character) -> Contract {
    Contract(
      name: "C\(number % 7)", chainID: ChainID(integerLiteral: UInt64(1 + number % 3)),
      networkName: "net\(number % 3)", address: Project.address(digit),
      implementationHash: number % 2 == 0 ? "0x" + String(repeating: digit, count: 64) : nil,
      timestamp: 1)
  }

  /// Puts, deletes, transactions and what changes nothing or fails, with reasons and times.
  private var operations: [GitState.Operation] {
    (0..<60).map { number in
      let digit = Array("123456789abcdef")[number % 15]
      let contract = contract(number, digit)
      switch number % 12 {
      case 5: return Operation(.delete, [.delete(contract.key)], reason: "Gone \(number)")
      case 7:
        return Operation(
          .transaction, [.put(contract), .put(self.contract(number + 1, digit))],
          trailers: [("Ticket", "T-\(number)")])
      case 9:
        // No address.
        return Operation(
          .put,
          [
            .put(
              Contract(name: "Bad", chainID: 1, networkName: "net0", address: "0x1", timestamp: 1))
          ])
      case 11:
        // What the one before the last did, and so perhaps a file that was there before.
        return Operation(.put, [.put(self.contract(number - 2, "2"))], authorTime: 1_700_000_000)
      default: return Operation(.put, [.put(contract)], authorTime: Int64(1_753_441_878 + number))
      }
    }
  }

  /// What git tells of all commits but the times of those without one of their own.
  private func history(_ project: Project) async throws -> [String] {
    try await project.git("log", "--reverse", "--format=%T%n%an <%ae>%n%B%x00")
      .split(separator: "\0").map(String.init)
  }

  private func shown(_ results: [Result<WriteResult, StateError>]) -> [String] {
    results.map { result in
      switch result {
      case .success(let result):
        "\(result.outcomes) \(result.subject ?? "-") \(result.changes.changes) \(result.changes.to != nil)"
      case .failure(let error): "\(error.code) \(error.message)"
      }
    }
  }

  @Test func theHistoryIsAsOneAtATime() async throws {
    let (large, single) = (try await Project("large"), try await Project("single"))
    for project in [large, single] {
      try project.put("C1", "1", chain: 1, network: "net0")
      try project.write("src/main.txt", "the user's\n")
      try await project.git("add", ".")
      try await project.git("commit", "-qm", "code")
    }
    let operations = operations
    let together = large.backend.apply(operations)
    let apart = operations.flatMap { single.backend.apply([$0]) }
    #expect(shown(together) == shown(apart))
    #expect(together.contains { (try? $0.get()) == nil })
    #expect(try await history(large) == history(single))
    // Each answer names its commit, on the one before.
    var last: String?
    for case .success(let result) in together where result.changes.to != nil {
      if let last { #expect(result.changes.from == last) }
      last = result.changes.to
    }
    #expect(try await large.git("rev-parse", "HEAD") == last)
    #expect(
      try await large.git("log", "--format=%at").split(separator: "\n").contains("1700000000"))
    try await large.expectSound()
    // A second batch goes on from what the first has left in memory, and so does another process.
    let more = large.backend.apply((0..<20).map { Operation(.put, [.put(contract($0 + 3, "e"))]) })
    for result in more { _ = try result.get() }
    #expect(try Project(opening: large.path).names() == large.names())
    try await large.expectSound()
  }

  @Test func editsByHandComeFirst() async throws {
    let project = try await Project()
    try project.put("A", "1")
    try project.edit("deployments/bscmainnet.json", Project.address("1"), Project.address("2"))
    let results = project.backend.apply(
      (0..<30).map { number in
        Operation(
          .put,
          [
            .put(
              Contract(
                name: "B\(number)", chainID: 56, networkName: "bscmainnet",
                address: Project.address("3"), timestamp: 1))
          ])
      })
    for result in results { #expect(try result.get().warnings.count == 1) }
    let subjects = try await project.git("log", "--reverse", "--format=%s").split(separator: "\n")
    #expect(subjects.count == 32)
    #expect(subjects[1] == "Adopt edits by hand: bscmainnet: redeploy A")
    #expect(subjects[2] == "bscmainnet: add B0")
    #expect(try project.address("A") == Project.address("2"))
    try await project.expectSound()
  }

  @Test func theFirstCommitsCanBeMany() async throws {
    let project = try await Project()
    let results = project.backend.apply(operations)
    #expect(results.count { (try? $0.get()) != nil } > 40)
    try await project.expectSound()
    #expect(try project.backend.verify().errors.isEmpty)
  }

  @Test func whereTheFolderIsAFileNothingIsWritten() async throws {
    let project = try await Project(branch: "state")
    try project.write("deployments", "a file\n")
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "file")
    try await project.git("branch", "state")
    let results = project.backend.apply(operations)
    for result in results {
      #expect(throws: StateError.self) { try result.get() }
    }
    #expect(try await project.git("rev-list", "--count", "state") == "1")
    try await project.git("fsck", "--strict")
  }

  @Test func namesOfTwoSpellingsStayTwo() async throws {
    let project = try await Project()
    let names = ["caf\u{E9}", "cafe\u{301}"]
    for (number, name) in names.enumerated() {
      try project.write(
        "deployments/\(name).json",
        "{\"network\":\"net\(number)\",\"chainId\":\(71 + number),\"contracts\":{}}")
    }
    try await project.git("config", "core.precomposeunicode", "false")
    try await project.git("add", ".")
    try await project.git("commit", "-qm", "two spellings")
    let results = project.backend.apply(
      (0..<20).map { number in
        Operation(
          .put,
          [
            .put(
              Contract(
                name: "C\(number)", chainID: ChainID(integerLiteral: UInt64(71 + number % 2)),
                networkName: "net\(number % 2)", address: Project.address("1"), timestamp: 1))
          ])
      })
    for result in results { _ = try result.get() }
    try await project.expectSound()
    #expect(try project.names().count == 20)
    #expect(try Project(opening: project.path).names().count == 20)
  }
}
