import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// What cannot be done: each says why, with a fitting exit status, and leaves every file as it was.
@Suite(.scratchDirectory) struct BadInputTests {
  @Test func noRepository() async throws {
    let folder = try makeFolder(scratch.appending("empty"))
    let refused = try await refusalLeavingAll(of: folder, "list")
    #expect(refused.status == 1)
    #expect(refused.code == "BACKEND_UNAVAILABLE")
    #expect(refused.message.contains("gitstate init"))
  }

  /// Swift would put U+FFFD for the byte, so that another contract were recorded.
  @Test func argumentsThatAreNoText() async throws {
    let project = try await sampleRepository()
    let address = address("1")
    for (command, code) in [
      ("put \"$name\" --address \(address)", "VALIDATION_FAILED"),
      ("put 56-Token --address \(address) -m \"$name\"", "VALIDATION_FAILED"),
      ("get \"$name\"", "INVALID_ARGUMENT"),
    ] {
      let before = try TreeRecord(project)
      let script = "name=$(printf '56-A\\377B'); exec \(gitstateProgram.string) \(command) --json"
      let result = try await runProgram("sh", ["-c", script], in: project)
      let error = try JSONValue(parsing: result.output)["error"]
      #expect(result.status != 0)
      #expect(error?["code"] == .string(code))
      #expect(error?["message"]?.string?.contains("\"56-A\\xFFB\"") == true, "\(result.text)")
      #expect(before.differences(to: try TreeRecord(project)) == [])
    }
  }

  @Test(arguments: [
    ["update-index", "--split-index"],
    ["sparse-checkout", "set", "--cone", "--sparse-index", "deployments"],
  ])
  func anIndexThatCannotBeReadSaysHowToMendIt(command: [String]) async throws {
    let project = try await sampleRepository()
    try await commit(["code/a/f.txt": "code", "code/b/f.txt": "code"], in: project)
    try await git(arguments: command, in: project)
    let result = try await gitstate("put", "56-New", "--address", address("1"), in: project)
    guard result.status != 0 else { return }
    let remedy = try #require(result.errors.split(separator: ": git ").last?.split(separator: " "))
    let mended = remedy.prefix { $0 != "joins" && $0 != "makes" }.map(String.init)
    try await git(arguments: mended, in: project)
    try await succeed("put", "56-New", "--address", address("1"), in: project)
  }

  @Test(arguments: ["garbage", String(repeating: "garbage ", count: 20)])
  func aDamagedIndexIsNamed(content: String) async throws {
    let project = try await sampleRepository()
    let index = project.appending(".git/index")
    try writeFile(index, content)
    let refused = try await refusal("put", "56-New", "--address", address("1"), in: project)
    #expect(refused.code == "STATE_WRITE_FAILED")
    #expect(refused.message.contains("git's index is damaged: move the file away, and git reset"))
    try removeFile(index)
    try await git("reset", "-q", in: project)
    try await succeed("put", "56-New", "--address", address("1"), in: project)
    try await expectSound(project)
  }

  @Test func detachedHead() async throws {
    let project = try await sampleRepository()
    try await git("checkout", "-q", "--detach", in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"))
    #expect(refused.status == 1)
    #expect(refused.message.contains("detached"))
    // Reading works, and so does writing to a named branch.
    #expect(try await json("list", in: project).array?.count == 3)
    try await succeed("put", "56-New", "--address", address("1"), "--branch", "main", in: project)
    #expect(try await git("rev-list", "--count", "main", in: project) == "2")
  }

  @Test(arguments: ["merge", "cherry-pick", "rebase"])
  func operationUnderWay(operation: String) async throws {
    let project = try await sampleRepository()
    try await commit(["f.txt": "base"], in: project)
    try await git("checkout", "-qb", "side", in: project)
    try await commit(["f.txt": "side"], in: project)
    try await git("checkout", "-q", "main", in: project)
    try await commit(["f.txt": "main"], in: project)
    _ = try await runProgram("git", [operation, "side"], in: project)
    for arguments in [["--branch", "main"], []] {
      let before = try TreeRecord(project)
      let result = try await gitstate(
        ["put", "56-New", "--address", address("1")] + arguments, in: project)
      #expect(result.status == 1)
      #expect(result.errors.contains("a \(operation) is under way on main"))
      #expect(before.differences(to: try TreeRecord(project)) == [])
    }
  }

  @Test func aBisectionIsEndedInItsOwnWords() async throws {
    let project = try await sampleRepository()
    try await git("bisect", "start", in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"))
    #expect(refused.message.contains("git bisect reset"))
    try await git("bisect", "reset", in: project)
    try await put("New", "1", in: project)
    try await expectSound(project)
  }

  @Test func anOperationOnTheCodesBranchIsNoObstacle() async throws {
    let project = try await sampleRepository()
    try await commit(["f.txt": "base"], in: project)
    try await git("checkout", "-qb", "side", in: project)
    try await commit(["f.txt": "side"], in: project)
    try await git("checkout", "-q", "main", in: project)
    try await commit(["f.txt": "main"], in: project)
    _ = try await runProgram("git", ["merge", "side"], in: project)
    let status = try await git("status", "--porcelain", in: project)
    try await put("New", "1", in: project, more: ["--branch", "state"])
    try await expectSound(project, status: status)
    #expect(exists(project.appending(".git/MERGE_HEAD")))
  }

  @Test(arguments: [
    "{\"invalid\": json}", "{\"network\":\"x\",\"chainId\":97,\"contr",
    "{\"network\":\"x\",\"chainId\":\"not-a-number\",\"contracts\":{}}",
    "{\"network\":\"x\",\"chainId\":97,\"contracts\":null}", "\u{FEFF}{}",
    "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n",
    "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "{\"network\":\"x\",\"chainId\":97,\"contracts\":{},\"a\":"
      + String(repeating: "[", count: 1000)
      + String(repeating: "]", count: 1000) + "}",
  ])
  func brokenFile(content: String) async throws {
    let project = try await sampleRepository()
    try await commit(["deployments/broken.json": content], in: project)
    for arguments in [
      ["get", "97-Token"], ["get", "1-Token"], ["list"], ["list", "97"],
      ["put", "97-Token", "--network", "x", "--address", address("1")],
    ] {
      let before = try TreeRecord(project)
      let result = try await gitstate(arguments + ["--json"], in: project)
      let error = try JSONValue(parsing: result.output)["error"]
      #expect(result.status == 1, "\(arguments)")
      #expect(error?["code"] == "BACKEND_UNAVAILABLE")
      #expect(error?["file"] == "deployments/broken.json")
      #expect(error?["line"]?.number?.int64 ?? 0 >= 1)
      #expect(error?["column"]?.number?.int64 ?? 0 >= 1)
      #expect(before.differences(to: try TreeRecord(project)) == [])
    }
    // Other chains work.
    #expect(try await json("list", "56", in: project).array?.count == 2)
    try await succeed("put", "56-New", "--address", address("1"), in: project)
    let verified = try await gitstate("verify", in: project)
    #expect(verified.status == 4)
    #expect(verified.text.contains("deployments/broken.json"))
    try await expectSound(project)
  }

  @Test func twoFilesWithOneChain() async throws {
    let project = try await sampleRepository()
    try await commit(
      ["deployments/zz.json": "{\"chainId\":56,\"contracts\":{}}"], in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"))
    #expect(refused.code == "BACKEND_UNAVAILABLE")
    #expect(refused.message.contains("deployments/bscmainnet.json"))
    #expect(refused.message.contains("deployments/zz.json"))
    #expect(try await json("get", "84532-Token", in: project)["contractName"] == "Token")
  }

  @Test(arguments: [
    (["put", "56-New", "--address", "0x12"], "address", "0x12"),
    (["put", "56-New", "--address", "0x" + String(repeating: "1", count: 41)], "address", "0x11"),
    (["put", "56-Token", "--proxy", "0xzz"], "proxyAddress", "0xzz"),
    (["put", "56-Token", "--implementation-hash", "0x12"], "implementationHash", "0x12"),
    (["put", "0-Token", "--address", "0x12"], "chainId", "0"),
    (["put", "-1-Token", "--address", "0x12"], "", ""),
    (["put", "1.5-Token", "--address", "0x12"], "chainId", "1.5"),
    (
      ["put", "18446744073709551616-Token", "--address", "0x12"], "chainId", "18446744073709551616"
    ),
    (["put", "56-", "--address", "0x12"], "contractName", "56-"),
    (
      ["put", "56-a\u{1B}b", "--address", "0x1111111111111111111111111111111111111111"],
      "contractName", "\\u{1B}"
    ),
    (
      [
        "put", "97-A", "--network", "a/b", "--address",
        "0x1111111111111111111111111111111111111111",
      ], "networkName", "a/b"
    ),
    (
      [
        "put", "97-A", "--network", "", "--address",
        "0x1111111111111111111111111111111111111111",
      ], "networkName", "empty"
    ),
    (
      [
        "put", "97-A", "--network", ".a", "--address",
        "0x1111111111111111111111111111111111111111",
      ], "networkName", ".a"
    ),
    (
      [
        "put", "97-A", "--network", "a\u{7}", "--address",
        "0x1111111111111111111111111111111111111111",
      ], "networkName", "\\u{7}"
    ),
  ])
  func malformedValue(arguments: [String], field: String, value: String) async throws {
    let project = try await sampleRepository()
    let before = try TreeRecord(project)
    let result = try await gitstate(arguments + ["--json"], in: project)
    let error = try JSONValue(parsing: result.output)["error"]
    #expect(result.status != 0)
    #expect(before.differences(to: try TreeRecord(project)) == [])
    guard !field.isEmpty else { return }
    #expect(error?["code"] == "VALIDATION_FAILED")
    #expect(error?["message"]?.string?.contains(field) == true)
    #expect(error?["message"]?.string?.contains(value) == true)
  }

  @Test func aFolderThatIsALink() async throws {
    let project = try await newRepository()
    try await commit(["real/x.txt": "x"], in: project)
    try FileManager.default.createSymbolicLink(
      atPath: project.appending("deployments").string, withDestinationPath: "real")
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"), "--network", "n")
    #expect(refused.message.contains("symbolic link"))
    try await git("add", "deployments", in: project)
    try await git("commit", "-qm", "link", in: project)
    #expect(try await refusalLeavingAll(of: project, "list").message.contains("symbolic link"))
  }

  @Test func aFileThatIsALink() async throws {
    let project = try await sampleRepository()
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(scratch.appending("elsewhere.json"), bscmainnet)
    try removeFile(file)
    try FileManager.default.createSymbolicLink(
      atPath: file.string, withDestinationPath: "../../elsewhere.json")
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"))
    #expect(refused.message.contains("symbolic link"))
    #expect(try text(scratch.appending("elsewhere.json")) == bscmainnet)
    let diff = try await gitstate("diff", in: project)
    #expect(
      diff.errors.contains("deployments/bscmainnet.json in the working tree is a symbolic link"))
    try await git("commit", "-qam", "link", in: project)
    #expect(try await refusal("get", "56-Token", in: project).code == "BACKEND_UNAVAILABLE")
    #expect(try await gitstate("get", "84532-Token", in: project).status == 0)
  }

  @Test(.enabled(if: getuid() == 0, "only root can give a folder away"))
  func aRepositoryOfSomebodyElse() async throws {
    let project = try await sampleRepository()
    _ = try await runProgram("chown", ["-R", "12345:12345", project.string], in: scratch)
    let refused = try await refusalLeavingAll(of: project, "list")
    #expect(refused.status == 1)
    #expect(refused.message.contains("safe.directory"))
  }

  @Test func anUnknownRevision() async throws {
    let project = try await sampleRepository()
    for arguments in [
      ["revert", "nonsense"], ["rollback", "nonsense"],
      ["restore", "56-Token", "--from", "nonsense"],
      ["show", "nonsense"], ["diff", "nonsense"], ["list", "--at", "nonsense"],
    ] {
      let before = try TreeRecord(project)
      let result = try await gitstate(arguments, in: project)
      #expect(result.status == 3, "\(arguments)")
      #expect(result.errors.contains("nonsense"))
      #expect(before.differences(to: try TreeRecord(project)) == [])
    }
    let blob = try await git("rev-parse", "HEAD:deployments/bscmainnet.json", in: project)
    #expect(try await refusal("show", blob, in: project).message.contains("no commit"))
  }

  @Test func aLostObjectIsNamedWithWhatToDo() async throws {
    let project = try await sampleRepository()
    let blob = try await git("rev-parse", "HEAD:deployments/bscmainnet.json", in: project)
    let object = project.appending(".git/objects/\(blob.prefix(2))/\(blob.dropFirst(2))")
    try removeFile(object)
    for arguments in [["get", "56-Token"], ["put", "56-Token", "--address", address("7")]] {
      let before = try TreeRecord(project)
      let result = try await gitstate(arguments, in: project)
      #expect(result.status == 1)
      #expect(result.errors.contains("git fsck"), "\(result.errors)")
      // The object is named once.
      #expect(result.errors.ranges(of: blob.prefix(7)).count == 1, "\(result.errors)")
      #expect(before.differences(to: try TreeRecord(project)) == [])
    }
    try writeFile(object, "")
    #expect(try await gitstate("get", "56-Token", in: project).errors.contains("git fsck"))
  }

  @Test func whatAShallowCloneLacksIsFetched() async throws {
    let project = try await sampleRepository()
    try await put("New", "1", in: project)
    try await git(
      "clone", "--quiet", "--depth=1", "file://\(project.string)", "shallow", in: scratch)
    let refused = try await refusalLeavingAll(of: scratch.appending("shallow"), "revert", "HEAD")
    #expect(refused.message.contains("git fetch --unshallow"), "\(refused.message)")
  }

  @Test(arguments: ["5", "null", "[]", "{}", "\"\""])
  func anEntryThatIsNoContractIsReplacedAsToldTo(entry: String) async throws {
    let project = try await repository([
      "deployments/x.json": "{\"network\":\"x\",\"chainId\":97,\"contracts\":{\"A\":\(entry)}}"
    ])
    let refused = try await refusalLeavingAll(of: project, "put", "97-A", "--address", address("1"))
    #expect(refused.message.contains("--replace"), "\(refused.message)")
    let arguments = ["put", "97-A", "--address", address("1"), "--replace", "--timestamp", time]
    let put = try await gitstate(arguments + ["--json"], in: project)
    #expect(put.status == 0)
    let change = try JSONValue(parsing: put.output)["changes"]?[0]
    #expect(change?["key"] == "97-A" && change?["kind"] == "added")
    #expect(try await git("log", "-1", "--format=%s", in: project) == "x: add A")
    #expect(try await json("log", "97-A", in: project)[0]?["contracts"] == ["97-A"])
    try await succeed("get", "97-A", in: project)
  }

  /// As hardhat-deploy keeps a proxied contract: `address` is the proxy's, under no other name.
  @Test func anAddressBesideAnImplementationIsExplained() async throws {
    let entry = "{\"address\":\"\(address("1"))\",\"implementation\":\"\(address("2"))\"}"
    let project = try await repository([
      "deployments/x.json": "{\"network\":\"x\",\"chainId\":97,\"contracts\":{\"A\":\(entry)}}"
    ])
    let refused = try await refusal("get", "97-A", in: project)
    #expect(refused.code == "SERIALIZATION_FAILED")
    #expect(refused.message.contains("call it proxy"), "\(refused.message)")
  }

  @Test func anEarlierStateThatIsBrokenIsNamedWithItsCommit() async throws {
    let project = try await sampleRepository()
    try await commit(["deployments/bscmainnet.json": "{"], in: project)
    let broken = try await git("rev-parse", "--short=7", "HEAD", in: project)
    try await commit(["deployments/bscmainnet.json": bscmainnet], in: project)
    let refused = try await refusalLeavingAll(of: project, "rollback", "HEAD~1")
    #expect(refused.error["file"] == "deployments/bscmainnet.json")
    #expect(refused.message.contains("deployments/bscmainnet.json"))
    #expect(refused.message.contains(broken), "\(refused.message)")
    let notes = try await gitstate("log", in: project).errors
    #expect(notes.contains("in commit \(broken)"), "\(notes)")
  }

  @Test func anIgnoredFolder() async throws {
    let project = try await newRepository()
    try await commit([".gitignore": "deployments/\n"], in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"), "--network", "n")
    #expect(refused.message.contains("ignores"))
    #expect(!exists(project.appending("deployments")))
  }

  @Test(arguments: ["* text eol=crlf", "*.json filter=lfs", "*.json working-tree-encoding=UTF-16"])
  func aFilter(attributes: String) async throws {
    let project = try await sampleRepository()
    try await commit([".gitattributes": attributes + "\n"], in: project)
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-New", "--address", address("1"))
    #expect(refused.message.contains("convert"))
  }

  @Test func usage() async throws {
    let project = try await sampleRepository()
    for arguments in [
      ["frobnicate"], ["put"], ["get"], ["query", "--sort", "size"], ["log", "-n", "x"],
    ] {
      let result = try await gitstate(arguments, in: project)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.text == "")
      let document = try await gitstate(arguments + ["--json"], in: project)
      #expect(document.status == 64)
      if arguments[0] == "frobnicate" {
        #expect(result.errors.contains("frobnicate"))
        #expect(document.text.contains("frobnicate"), "\(document.text)")
      }
      #expect(try JSONValue(parsing: document.output)["error"]?["code"] == "INVALID_ARGUMENT")
    }
  }

  @Test func everyCommandHasHelpAndCompletions() async throws {
    let folder = try makeFolder(scratch.appending("empty"))
    let commands = [
      "init", "put", "get", "list", "query", "delete", "log", "show", "diff", "revert", "restore",
      "rollback", "import", "export", "remote", "push", "pull", "sync",
      "fetch", "clone", "status", "backup", "verify",
    ]
    let help = try await succeed("--help", in: folder)
    for command in commands {
      #expect(help.contains("  \(command) "))
      #expect(try await succeed("help", command, in: folder).contains("OVERVIEW"))
    }
    for shell in ["bash", "zsh", "fish"] {
      let script = try await succeed("--generate-completion-script", shell, in: folder)
      #expect(script.contains("rollback"))
    }
  }
}
