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

  /// A pack that got its name and no index is of no use to anybody.
  @Test func aPackWithoutAnIndexIsRemoved() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let packs = project.appending(".git/objects/pack")
    _ = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
        "inject=rename:signal=KILL:when=2", gitstateProgram.string, "optimize",
      ], in: project)
    let left = try entries(of: packs)
    try #require(left.count == 1 && left.allSatisfy { $0.hasSuffix(".pack") })
    try await put("Second", "2", in: project)
    try await succeed("optimize", in: project)
    #expect(try entries(of: packs).filter { $0.hasSuffix(".pack") }.count == 1)
    #expect(try await git("count-objects", "-v", in: project).contains("garbage: 0"))
    try await git("fsck", "--strict", "--full", in: project)
  }
}
