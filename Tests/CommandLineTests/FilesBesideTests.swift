import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Code and state on one branch: what a pull does with checked-out files that are none of the state's.
@Suite(.scratchDirectory) struct FilesBesideTests {
  /// A bare repository with code and state, and two clones of it.
  func team() async throws -> (one: FilePath, two: FilePath) {
    let first = try await repository(
      [
        "deployments/bscmainnet.json": bscmainnet, "src/app.js": "one\n",
        "src/deep/old.js": "old\n",
        "run.sh": "#!/bin/sh\n", "README": "read\n",
      ], "first")
    try await git("clone", "--quiet", "--bare", first.string, "store.git", in: scratch)
    for name in ["one", "two"] {
      try await git("clone", "--quiet", "store.git", name, in: scratch)
    }
    return (scratch.appending("one"), scratch.appending("two"))
  }

  /// Commits changes of code and state in a clone, and pushes them with git.
  func publish(
    _ clone: FilePath, _ name: String = "Fresh", _ change: () async throws -> Void
  ) async throws {
    try await change()
    try await git("add", "--all", in: clone)
    try await git("commit", "--quiet", "-m", "Code", in: clone)
    try await put(name, "9", in: clone)
    try await git("push", "--quiet", in: clone)
  }

  /// Pulls, which must fail and change nothing but what is noted of the remote.
  func refusedPull(_ clone: FilePath) async throws -> Refusal {
    try await succeed("fetch", in: clone)
    return try await refusalLeavingAll(of: clone, "pull")
  }

  func expectSame(_ one: FilePath, _ two: FilePath) async throws {
    for clone in [one, two] { try await expectSound(clone) }
    // What a clone of git's has is what must be here, byte for byte.
    #expect(
      try await git("rev-parse", "HEAD^{tree}", in: one)
        == git("rev-parse", "HEAD^{tree}", in: two))
    try await git("clone", "--quiet", "--no-local", two.string, "fresh", in: scratch)
    let fresh = scratch.appending("fresh")
    for name in try await git("ls-files", in: two).split(separator: "\n").map(String.init) {
      #expect(
        try TreeRecord(fresh).entries[name]?.content == TreeRecord(two).entries[name]?.content,
        "\(name)")
    }
    try FileManager.default.removeItem(atPath: fresh.string)
  }

  @Test(arguments: [false, true]) func codeAndStateComeInTogether(isMerge: Bool) async throws {
    let (one, two) = try await team()
    if isMerge { try await put("Mine", "8", in: two) }
    try await publish(one) {
      try writeFile(one.appending("src/app.js"), "two\n")
      try makeFolder(one.appending("src/new"))
      try writeFile(one.appending("src/new/more.js"), "more\n")
      try await git("rm", "--quiet", "src/deep/old.js", in: one)
      try setPermissions(0o755, of: one.appending("run.sh"))
      try FileManager.default.createSymbolicLink(
        atPath: one.appending("link").string, withDestinationPath: "src/app.js")
      try writeFile(one.appending("deployments/.gitstate.json"), "{\"format\": 1}\n")
    }
    // What does not change may be edited, staged and untracked.
    try writeFile(two.appending("README"), "edited\n")
    try writeFile(two.appending("untracked"), "mine\n")
    let answer = try await json("pull", in: two)
    #expect(
      answer["otherFiles"]?.array?.compactMap(\.string) == [
        "deployments/.gitstate.json", "link", "run.sh", "src/app.js", "src/deep/old.js",
        "src/new/more.js",
      ])
    #expect(try text(two.appending("src/app.js")) == "two\n")
    #expect(try text(two.appending("README")) == "edited\n")
    #expect(!exists(two.appending("src/deep")))
    // Nothing is left to be done, even where a folder has gone with its last file.
    #expect(!exists(two.appending(".git/gitstate/intent.json")))
    try await succeed("get", "56-Fresh", in: two)
    try await expectSound(two, status: " M README\n?? untracked")
    try await git("checkout", "--quiet", "README", in: two)
    try removeFile(two.appending("untracked"))
    if isMerge { try await succeed("sync", in: two) }
    try await git("pull", "--quiet", in: one)
    try await expectSame(one, two)
  }

  @Test(arguments: ["edited", "staged", "removed", "untracked", "mode", "conflicted"])
  func aFileThatIsNotAsTheBranchHasItRefusesAll(how: String) async throws {
    let (one, two) = try await team()
    try await publish(one) {
      try writeFile(one.appending("src/app.js"), "two\n")
      try writeFile(one.appending("new.js"), "theirs\n")
      try writeFile(one.appending("run.sh"), "#!/bin/sh\necho\n")
    }
    var name = "src/app.js"
    switch how {
    case "edited": try writeFile(two.appending(name), "mine\n")
    case "staged":
      try writeFile(two.appending(name), "mine\n")
      try await git("add", name, in: two)
      try writeFile(two.appending(name), "one\n")
    case "removed": try removeFile(two.appending(name))
    case "untracked":
      name = "new.js"
      try writeFile(two.appending(name), "mine\n")
    case "mode":
      name = "run.sh"
      try setPermissions(0o755, of: two.appending(name))
    default:
      let blob = try await git("rev-parse", "HEAD:README", in: two)
      _ = try await runProgram(
        "git", ["update-index", "--index-info"], in: two,
        input: Array(
          "0 \(String(repeating: "0", count: 40))\t\(name)\n100644 \(blob) 1\t\(name)\n".utf8))
    }
    let refused = try await refusedPull(two)
    #expect(refused.code == "STATE_WRITE_FAILED")
    #expect(refused.error["file"]?.string == name, "\(refused.message)")
    #expect(refused.message.contains(name), "\(refused.message)")
  }

  @Test func theVeryFileThatComesInMayBeThere() async throws {
    let (one, two) = try await team()
    try await publish(one) { try writeFile(one.appending("new.js"), "theirs\n") }
    try writeFile(two.appending("new.js"), "theirs\n")
    try await succeed("pull", in: two)
    try await expectSame(one, two)
  }

  @Test func lineEndsAreTheIncomingAttributes() async throws {
    let (one, two) = try await team()
    try await publish(one) {
      try writeFile(one.appending(".gitattributes"), "*.bat text eol=crlf\n*.js text\n")
      try writeFile(one.appending("run.bat"), "echo\r\n")
      try writeFile(one.appending("src/app.js"), "two\n")
    }
    try await succeed("pull", in: two)
    #expect(try text(two.appending("run.bat")) == "echo\r\n")
    try await expectSame(one, two)
    // And what is here with such line ends is as the branch has it.
    try await publish(one, "Second") { try writeFile(one.appending("run.bat"), "echo 2\r\n") }
    try await succeed("pull", in: two)
    #expect(try text(two.appending("run.bat")) == "echo 2\r\n")
    try await expectSame(one, two)
  }

  @Test func whatOnlyGitCanDoIsLeftToGit() async throws {
    let (one, two) = try await team()
    try await publish(one) {
      try writeFile(one.appending(".gitattributes"), "*.bin filter=lfs\n")
      try writeFile(one.appending("big.bin"), "pointer\n")
    }
    let filtered = try await refusedPull(two)
    #expect(filtered.message.contains("filter=lfs"), "\(filtered.message)")
    #expect(filtered.message.contains("git merge"))
    try await git("merge", "--quiet", "origin/main", in: two)

    try await publish(one, "Second") {
      try await git(
        "update-index", "--add", "--cacheinfo", "160000",
        String(repeating: "1", count: 40), "lib", in: one)
      try makeFolder(one.appending("lib"))
    }
    let submodule = try await refusedPull(two)
    #expect(submodule.message.contains("lib") && submodule.message.contains("submodule"))
  }

  @Test func nothingIsWrittenThroughALink() async throws {
    let (one, two) = try await team()
    try await publish(one) {
      try makeFolder(one.appending("out"))
      try writeFile(one.appending("out/file"), "theirs\n")
    }
    try makeFolder(scratch.appending("elsewhere"))
    try FileManager.default.createSymbolicLink(
      atPath: two.appending("out").string,
      withDestinationPath: scratch.appending("elsewhere").string)
    let refused = try await refusedPull(two)
    #expect(refused.message.contains("out/file"), "\(refused.message)")
    #expect(try entries(of: scratch.appending("elsewhere")) == [])
  }

  @Test func aFirstPullFillsAnEmptyRepository() async throws {
    let (one, _) = try await team()
    let fresh = try await newRepository("empty")
    try await succeed("remote", "add", "origin", "../store.git", in: fresh)
    try await succeed("pull", in: fresh)
    try await expectSame(one, fresh)
  }

  @Test func aSparseCheckoutStaysSparse() async throws {
    let (one, two) = try await team()
    try await git("sparse-checkout", "set", "--no-cone", "/README", "/deployments/", in: two)
    #expect(!exists(two.appending("src")))
    try await publish(one) { try writeFile(one.appending("src/app.js"), "two\n") }
    try await succeed("pull", in: two)
    #expect(!exists(two.appending("src")))
    try await expectSound(two)
    try await publish(one, "Second") { try writeFile(one.appending("src/new.js"), "new\n") }
    #expect(try await refusedPull(two).message.contains("sparse"))
  }

  /// Killed anywhere, a pull leaves every file whole, and the next one ends it.
  @Test(arguments: ["rename", "renameat2", "unlink", "symlink"])
  func aKilledPullIsEndedByTheNext(call: String) async throws {
    let (one, two) = try await team()
    try await publish(one) {
      try writeFile(one.appending("src/app.js"), "two\n")
      try writeFile(one.appending("new.js"), "theirs\n")
      try await git("rm", "--quiet", "src/deep/old.js", in: one)
      try FileManager.default.createSymbolicLink(
        atPath: one.appending("link").string, withDestinationPath: "README")
    }
    let pristine = scratch.appending("pristine")
    try FileManager.default.copyItem(atPath: two.string, toPath: pristine.string)
    var points = 0
    for number in 1...60 {
      try FileManager.default.removeItem(atPath: two.string)
      try FileManager.default.copyItem(atPath: pristine.string, toPath: two.string)
      let result = try await runProgram(
        "strace",
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
          "inject=\(call):signal=KILL:when=\(number)", gitstateProgram.string, "pull", "--quiet",
        ], in: two)
      for (name, contents) in [
        ("src/app.js", ["one\n", "two\n"]), ("new.js", ["theirs\n"]),
        ("src/deep/old.js", ["old\n"]), ("README", ["read\n"]),
      ] where exists(two.appending(name)) {
        #expect(contents.contains(try text(two.appending(name))), "\(call) \(number) \(name)")
      }
      if result.status == 0 { break }
      points += 1
      // A write is what mends; a pull that finds nothing new does not come so far.
      try await succeed("pull", in: two)
      try await put("After", "7", in: two)
      try await git("fsck", "--strict", "--no-dangling", in: two)
      #expect(try await git("status", "--porcelain", in: two) == "", "\(call) \(number)")
      #expect(try text(two.appending("src/app.js")) == "two\n")
    }
    #expect(points > 0)
  }

  /// Files that git's index could not take in are told, and the command that is named takes them in.
  @Test func theWayThatIsNamedTakesInFilesBeside() async throws {
    let (one, two) = try await team()
    try await publish(one) { try writeFile(one.appending("new.js"), "theirs\n") }
    let index = two.appending(".git/index").string
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-P", index, "-P", index + ".lock", "-e", "trace=rename",
        "-e", "inject=rename:error=EACCES", gitstateProgram.string, "pull",
      ], in: two)
    #expect(result.status == 0)
    #expect(
      result.errors.contains("before the next git commit let the next gitstate command do so"),
      "\(result.errors)")
    #expect(try await git("status", "--porcelain", in: two) != "")
    try await succeed("status", in: two)
    #expect(try await git("status", "--porcelain", in: two) == "")
    try await expectSound(two)
  }
}
