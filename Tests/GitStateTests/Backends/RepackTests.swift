import Git
import GitState
import SystemPackage
import TestSupport
import Testing

/// Packs of large batches beside `git repack -a -d`, which removes those that it found when it began.
@Suite(.scratchDirectory) struct RepackTests {
  private func operations(_ digit: Character) -> [GitState.Operation] {
    (0..<20).map { number in
      Operation(
        .put,
        [
          .put(
            Contract(
              name: "C\(number)", chainID: 56, networkName: "bscmainnet",
              address: Project.address(digit), timestamp: 1))
        ])
    }
  }

  private func kept(_ project: Project) throws -> [String] {
    try entries(of: project.path.appending(".git/objects/pack")).filter { $0.hasSuffix(".keep") }
  }

  @Test func noAnsweredBatchIsRepackedAway() async throws {
    let project = try await Project()
    let path = project.path
    for result in project.backend.apply(operations("1")) { _ = try result.get() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for _ in 0..<25 { _ = try await runProgram("git", ["repack", "-q", "-a", "-d"], in: path) }
      }
      group.addTask {
        for digit in "23456789abcdef" {
          // The manager's writer has a thread of its own.
          let state = StateManager(backend: try Project(opening: path).backend)
          try await withThrowingTaskGroup(of: Void.self) { puts in
            for operation in operations(digit) {
              puts.addTask { _ = try await state.write(operation) }
            }
            try await puts.waitForAll()
          }
          await state.close()
        }
      }
      try await group.waitForAll()
    }
    try await project.expectSound()
    #expect(try await project.git("rev-list", "--count", "HEAD") == "300")
    #expect(try kept(project).isEmpty)
  }

  /// A killed writer has not given the lock back; after a power cut nothing tells, but a program has begun anew.
  @Test(arguments: [true, false])
  func aNoteThatACrashLeavesGoesWithTheNextWrite(isKill: Bool) async throws {
    let project = try await Project()
    for result in project.backend.apply(operations("1")) { _ = try result.get() }
    let folder = project.path.appending(".git/objects/pack")
    let pack = try #require(try entries(of: folder).first { $0.hasSuffix(".pack") })
    let ours = folder.appending(pack.dropLast(5) + ".keep")
    try writeFile(ours, "gitstate write\n")
    let theirs = folder.appending("pack-of-the-user.keep")
    try writeFile(theirs, "mine\n")
    if isKill {
      try writeFile(project.path.appending(".git/gitstate/lock"), "{\"process\":1}")
      try project.put("A", "1")
    } else {
      try Project(opening: project.path).put("A", "1")
    }
    #expect(try kept(project) == ["pack-of-the-user.keep"])
  }
}
