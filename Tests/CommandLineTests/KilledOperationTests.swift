import SystemPackage
import TestSupport
import Testing

/// The short form of `make crash` for what is more than one put: each is killed before the first calls by which
/// something gets its name.
@Suite(.scratchDirectory) struct KilledOperationTests {
  @Test(arguments: [
    "first", "large", "batch", "transaction", "delete", "revert", "import", "optimize", "pull",
  ])
  func aKilledOperationIsThereOrNot(operation: String) async throws {
    let script = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent().appending("scripts").appending("crash-points")
    let result = try await runProgram(
      "python3",
      [
        script.string, "--short", "--kills", "--calls", "rename,renameat2", "--only", operation,
        gitstateProgram.string,
      ], in: scratch, environment: ["CRASH_DIR": scratch.string])
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    #expect(result.text.contains("killed"), "\(result.text)")
    #expect(result.text.hasSuffix(" points, 0 failures\n"), "\(result.text)")
  }
}
