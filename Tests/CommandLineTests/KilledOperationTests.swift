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

  private func packs(in project: FilePath) throws -> [String] {
    try entries(of: project.appending(".git/objects/pack")).sorted()
  }

  /// A pack that got its name and no index is of no use to anybody.
  @Test(arguments: ["signal=KILL", "error=EIO"]) func anOptimizeLeavesNoPackWithoutAnIndex(
    fault: String
  ) async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
        "inject=rename:\(fault):when=2", gitstateProgram.string, "optimize",
      ], in: project)
    #expect(result.status != 0)
    let left = try packs(in: project)
    try #require(left.count == (fault == "error=EIO" ? 0 : 1))
    try await put("Second", "2", in: project)
    try await succeed("optimize", in: project)
    #expect(try packs(in: project).map { $0.suffix(4) } == [".idx", "pack"])
    #expect(try await git("count-objects", "-v", in: project).contains("garbage: 0"))
    try await git("fsck", "--strict", "--full", in: project)
  }

  /// The same of a put whose objects are a pack.
  @Test func aPutLeavesNoPackWithoutAnIndex() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let records = (1...40).map { number in
      """
      {"contractName":"Token","chainId":\(number),"networkName":"net\(number)","address":"\(address("1"))",
       "proxyAddress":null,"factoryByteCodeHash":"","timestamp":\(time)}
      """
    }
    try writeFile(scratch.appending("records.json"), "[\(records.joined(separator: ","))]")
    // Before it come the index under its temporary name, the note that keeps the pack, and the pack.
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
        "inject=rename:signal=KILL:when=4", gitstateProgram.string, "put", "--file",
        "../records.json", "--quiet",
      ], in: project)
    #expect(result.status != 0)
    try #require(try packs(in: project).map { $0.suffix(5) } == [".keep", ".pack"])
    try await put("Second", "2", in: project)
    #expect(try packs(in: project) == [])
    try await git("fsck", "--strict", "--full", in: project)
  }
}
