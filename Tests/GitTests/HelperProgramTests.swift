import Git
import SystemPackage
import TestSupport
import Testing

/// Programs that are run for an answer.
@Suite(.scratchDirectory) struct HelperProgramTests {
  /// git starts the credential helper, and would leave it behind.
  @Test func whatAHungProgramHasStartedEndsWithIt() async throws {
    let folder = ScratchDirectory.current.path
    let script = """
      sh -c 'echo $$ > \(folder)/child; sleep 300 & echo $! > \(folder)/grandchild; wait' & wait
      """
    let error = #expect(throws: GitError.self) {
      try HelperProgram.run(["sh", "-c", script], timeout: .seconds(2))
    }
    #expect(error?.code == .timedOut)
    for name in ["child", "grandchild"] {
      let id = String(decoding: try readFile(folder.appending(name)), as: UTF8.self)
        .filter(\.isNumber)
      #expect(!id.isEmpty)
      // Ended, though perhaps nobody has asked for its status yet.
      let state = try await runProgram("ps", ["-o", "stat=", "-p", id], in: folder)
      #expect(state.text.isEmpty || state.text.hasPrefix("Z"), "\(name): \(state.text)")
    }
  }
}
