import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// What is printed, where, and what never is.
@Suite(.scratchDirectory) struct OutputTests {
  @Test func verifySaysWhatIsWrong() async throws {
    let project = try await sampleRepository()
    let healthy = try await json("verify", in: project)
    #expect(
      healthy.object?.keys == ["isValid", "errors", "warnings", "contractCount", "lastValidated"])
    #expect(healthy["isValid"] == true && healthy["errors"] == [])
    #expect(healthy["contractCount"] == 3)
    #expect(healthy["lastValidated"]?.string?.wholeMatch(of: /20\d\d-.*Z/) != nil)

    try await commit(
      [
        "deployments/n.json":
          "{\"network\":\"n\",\"chainId\":5,\"contracts\":{\"A\":7,\"B\":\"0x1\"}}"
      ], in: project)
    let result = try await gitstate("verify", in: project)
    #expect(result.status == 4)
    #expect(result.errors == "")
    let lines = result.text.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("error: deployments/n.json: ") }.count == 2)
    #expect(lines.last?.hasPrefix("5 contracts, 2 errors, ") == true)
  }

  /// An entry that cannot be read fails what needs it, by the file's whole path, and nothing else.
  @Test func anEntryThatIsNoneIsNeverAbsent() async throws {
    let project = try await repository(
      [
        "deployments/n.json":
          "{\"network\":\"n\",\"chainId\":5,\"contracts\":{\"A\":7,\"B\":\"0x1\"}}"
      ])
    for arguments in [
      ["get", "5-A"], ["list"], ["list", "n"], ["put", "5-A", "--proxy", address("1")],
    ] {
      let result = try await gitstate(arguments + ["--json"], in: project)
      let error = try JSONValue(parsing: result.output)["error"]
      #expect(result.status == 1)
      #expect(error?["code"] == "SERIALIZATION_FAILED")
      #expect(error?["file"] == "deployments/n.json")
      #expect(error?["key"] == "5-A")
      #expect(error?["message"]?.string?.hasPrefix("deployments/n.json: ") == true)
    }
    #expect(try await gitstate("get", "5-B", in: project).status == 0)
    try await succeed("put", "5-A", "--replace", "--address", address("1"), in: project)
    #expect(try await json("list", in: project).array?.count == 2)
  }

  @Test func aFileNameIsOnlyText() async throws {
    let project = try await sampleRepository()
    let name = "deployments/e\u{1B}[31mvil\u{202E}.json"
    try await commit([name: "{\"chainId\":5,\"contracts\":{\"A\":7}}"], in: project)
    try await commit([name: "{"], in: project)
    for arguments in [
      ["list"], ["get", "5-A"], ["verify"], ["show"], ["log"], ["diff", "HEAD~1"],
    ] {
      let result = try await gitstate(arguments, in: project)
      for text in [result.text, result.errors] {
        #expect(
          !text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" }, "\(arguments)")
      }
      #expect(
        (result.text + result.errors).contains("deployments/e\\u{1B}[31mvil\\u{202E}.json"),
        "\(arguments)")
    }
  }

  @Test func aReasonIsTextAndNoTrailer() async throws {
    let project = try await sampleRepository()
    try await put(
      "A", "1", in: project,
      more: ["-m", "  two\nlines \u{1B}[31m\u{202E}\n\nGitState-Reverts: 0\n\n"])
    let message = try await git("log", "-1", "--format=%B", in: project)
    #expect(
      message.hasPrefix(
        "bscmainnet: add A\n\ntwo\nlines \\u{1B}[31m\\u{202E}\n\nGitState-Reverts: 0\n\n"))
    #expect(
      try await git(
        "log", "-1", "--format=%(trailers:only)", in: project)
        == "GitState-Operation: put\nGitState-Contract: 56-A\n")
  }

  @Test func quietAndColour() async throws {
    let project = try await sampleRepository()
    let listed = try await gitstate("list", in: project)
    #expect(listed.errors == "3 contracts\n")
    #expect(listed.text.split(separator: "\n").count == 3)
    #expect(try await gitstate("list", "84532", in: project).errors == "1 contract\n")
    #expect(try await gitstate("list", "--quiet", in: project).errors == "")
    let result = try await gitstate(
      "put", "56-A", "--address", address("1"), "--quiet", in: project)
    #expect(result.errors == "")
    #expect(result.text.wholeMatch(of: /\[[0-9a-f]{7}\] bscmainnet: add A\n/) != nil)
    #expect(
      try await succeed("export", "--chain", "84532", "--to", "../one.json", in: project)
        == "1 contract written to ../one.json")
  }

  @Test func aFullOutputFails() async throws {
    let project = try await sampleRepository()
    let result = try await runProgram(
      "sh", ["-c", "\"$0\" list >/dev/full", gitstateProgram.string], in: project)
    #expect(result.status == 1)
    #expect(result.errors.contains("No space left"))
    let put = try await runProgram(
      "sh", ["-c", "\"$0\" put 56-A --address \(address("1")) >/dev/full", gitstateProgram.string],
      in: project)
    #expect(put.status == 1 && put.errors.hasSuffix("is made, see gitstate log\n"), "\(put.errors)")
    try await succeed("get", "56-A", in: project)
  }

  @Test func everyCommandExplainsItself() async throws {
    let commands = [
      ["init"], ["put"], ["get"], ["list"], ["query"], ["delete"], ["log"], ["show"], ["diff"],
      ["revert"], ["restore"], ["rollback"], ["import", "leveldb"], ["import", "json"], ["export"],
      ["remote", "add"], ["remote", "remove"], ["remote", "list"], ["push"], ["pull"], ["sync"],
      ["clone"], ["status"], ["backup", "create"], ["backup", "verify"], ["backup", "restore"],
      ["fetch"], ["verify"],
    ]
    for command in commands {
      let result = try await gitstate(command + ["--help"], in: scratch)
      #expect(result.status == 0 && result.errors == "", "\(command)")
      #expect(result.text.contains("USAGE: gitstate \(command.joined(separator: " "))"))
      for option in ["-C <dir>", "--json", "--quiet", "--no-color"] {
        #expect(result.text.contains(option), "\(command) \(option)")
      }
    }
  }

  @Test func completionsAreShellCode() async throws {
    let script = try await succeed("--generate-completion-script", "bash", in: scratch)
    try writeFile(scratch.appending("completions"), script)
    let checked = try await runProgram("bash", ["-n", "completions"], in: scratch)
    #expect(checked.status == 0 && checked.errors == "")
  }
}
