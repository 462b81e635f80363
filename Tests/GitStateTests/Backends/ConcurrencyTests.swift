import Git
import GitState
import SystemPackage
import TestSupport
import Testing

/// Several writers at once, and locks that others hold.
@Suite(.scratchDirectory) struct ConcurrencyTests {
  @Test func everyAnsweredPutIsInTheHistoryOnce() async throws {
    let project = try await Project()
    let path = project.path
    let (writers, puts) = (6, 8)
    let commits = try await withThrowingTaskGroup(of: [String].self) { group in
      for writer in 0..<writers {
        group.addTask {
          // Each has a backend of its own, as processes have.
          let state = StateManager(backend: try Project(opening: path).backend)
          var commits: [String] = []
          for number in 0..<puts {
            let answer = try await state.put(
              Contract(
                name: "C\(writer)-\(number)",
                chainID: ChainID(integerLiteral: UInt64(1 + writer % 3)),
                networkName: "net\(writer % 3)", address: Project.address("1"), timestamp: 1))
            if let commit = answer.changes.to { commits.append(commit) }
          }
          await state.close()
          return commits
        }
      }
      group.addTask {
        // The git program commits another file meanwhile, as far as we let it.
        for number in 0..<5 {
          try writeFile(path.appending("user.txt"), "\(number)\n")
          _ = try await runProgram("git", ["add", "user.txt"], in: path)
          _ = try await runProgram("git", ["commit", "-qm", "user's \(number)"], in: path)
        }
        return []
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(commits).count == writers * puts)
    let history = try await project.git("rev-list", "HEAD").split(separator: "\n").map(String.init)
    #expect(Set(commits).isSubset(of: history))
    #expect(Set(history).count == history.count)
    #expect(try project.names().count == writers * puts)
    try await project.git("fsck", "--strict")
    #expect(try await project.git("status", "--porcelain", "deployments") == "")
  }

  @Test func twoFirstCommitsMakeOneHistory() async throws {
    let project = try await Project()
    let path = project.path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for name in ["A", "B", "C", "D"] {
        group.addTask {
          let state = StateManager(backend: try Project(opening: path).backend)
          try await state.put(
            Contract(
              name: name, chainID: 56, networkName: "bscmainnet", address: Project.address("1"),
              timestamp: 1))
        }
      }
      try await group.waitForAll()
    }
    #expect(try project.names() == ["A", "B", "C", "D"])
    #expect(try await project.git("rev-list", "--count", "HEAD") == "4")
    #expect(try await project.git("rev-list", "--max-parents=0", "HEAD").count == 40)
    try await project.expectSound()
  }

  @Test func asManyCallersAsThereAreThreadsMayWait() async throws {
    let project = try await Project()
    let backend = project.backend
    func put(_ name: String) -> GitState.Operation {
      GitState.Operation(
        .put,
        [
          .put(
            Contract(
              name: name, chainID: 56, networkName: "bscmainnet", address: Project.address("1"),
              timestamp: 1))
        ])
    }
    // So large that its name is proven on another thread.
    for result in backend.apply((0..<200).map { put("Old\($0)") }) { _ = try result.get() }
    let count = 16
    let commits = try await withThrowingTaskGroup(of: String?.self) { group in
      for number in 0..<count {
        // Not as a backend should be called, since it waits; but it must not wait forever.
        group.addTask { try backend.apply([put("New\(number)")])[0].get().changes.to }
      }
      return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
    }
    #expect(commits.count == count && !commits.contains(nil))
    #expect(try await project.git("rev-list", "--count", "HEAD") == "\(200 + count)")
    #expect(try project.names().count == 200 + count)
    try await project.expectSound()
  }

  @Test func putsOfOneContractHappenInTheOrderAsked() async throws {
    let project = try await Project()
    let state = StateManager(backend: project.backend)
    let digits = Array("123456789")
    try await withThrowingTaskGroup(of: Void.self) { group in
      var previous: Task<Void, Never>?
      for digit in digits {
        let before = previous
        // The next one is asked for once the one before is on its way, not once it is done.
        let started = Task<Void, Never> { await before?.value }
        previous = started
        await started.value
        group.addTask {
          _ = try await state.put(
            Contract(
              name: "Token", chainID: 56, networkName: "bscmainnet",
              address: Project.address(digit), timestamp: 1))
        }
      }
      try await group.waitForAll()
    }
    // All were answered, so all were commits, and the state is the last commit's.
    #expect(try await project.git("rev-list", "--count", "HEAD") == "9")
    let shown = try await project.git("show", "HEAD:deployments/bscmainnet.json")
    #expect(
      shown.contains(try #require(try await state.contract(ContractKey(56, "Token"))?.address)))
    await state.close()
  }

  @Test(arguments: [".git/index.lock", ".git/refs/heads/main.lock"])
  func aLockOfGitsIsWaitedForAndThenNamed(lock: String) async throws {
    let project = try await Project()
    try project.put("A", "1")
    let lockFile = project.path.pushing(FilePath(lock))
    try writeFile(lockFile, "somebody else's")
    let impatient = try Project(opening: project.path, lockTimeout: .milliseconds(50))
    let error = #expect(throws: StateError.self) { try impatient.put("B", "1") }
    #expect(error?.code == .lockTimeout)
    #expect(error?.message.contains(lockFile.string) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("s old") == true)
    #expect(error?.message.contains("no process has it open") == true)
    #expect(error?.message.contains("gitstate locks --remove") == true)
    #expect(exists(lockFile))
    try await withFileLocked(lockFile, .flock) { process in
      let held = #expect(throws: StateError.self) { try impatient.put("B", "1") }
      #expect(held?.code == .lockTimeout)
      #expect(
        held?.message.contains("held by perl (\(process))") == true, "\(held?.message ?? "")")
      #expect(held?.message.contains("--remove") == false)
    }
    #expect(try project.names() == ["A"])
    try removeFile(lockFile)
    try impatient.put("B", "1")
    #expect(try project.names() == ["A", "B"])
    try await project.expectSound()
  }

  @Test func anotherWriterIsNamed() async throws {
    let project = try await Project()
    try project.put("A", "1")
    let lock = project.path.appending(".git").appending("gitstate").appending("lock")
    let impatient = try Project(opening: project.path, lockTimeout: .milliseconds(50))
    try await withFileLocked(lock, .flock) { _ in
      let error = #expect(throws: StateError.self) { try impatient.put("B", "1") }
      #expect(error?.code == .lockTimeout)
      #expect(error?.message.contains("process") == true)
    }
    try impatient.put("B", "1")
    #expect(try project.names() == ["A", "B"])
  }
}
