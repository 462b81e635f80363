import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// What commits say of themselves in trailers, held against what they did.
@Suite(.scratchDirectory) struct TrailerTests {
  private let file = "deployments/bscmainnet.json"

  /// Changes the file by hand and commits it under a message; the errors that `verify` finds in it.
  private func errors(
    of message: String, in project: FilePath, _ edit: (String) -> String
  ) async throws -> [String] {
    let edited = edit(try text(project.appending(file)))
    try await commit([file: edited], in: project, message: message)
    let result = try await gitstate("verify", "--history", "HEAD~1..", "--json", in: project)
    let report = try JSONValue(parsing: result.output)
    #expect((report["isValid"] == true) == (result.status == 0))
    return report["errors"]?.array?.compactMap(\.string) ?? []
  }

  private func message(_ operation: String, _ contracts: [String], _ more: String...) -> String {
    let trailers =
      ["GitState-Operation: \(operation)"] + contracts.map { "GitState-Contract: \($0)" } + more
    return "A subject\n\nA reason\n\nsome details\n\n\(trailers.joined(separator: "\n"))"
  }

  private let upgrade = { (text: String) in text.replacing(address("2"), with: address("7")) }
  private func adding(_ name: String, _ entry: String) -> (String) -> String {
    { text in text.replacing(#""Token": {"#, with: "\"\(name)\": \(entry),\n\"Token\": {") }
  }

  @Test func anOperationIsHeldAgainstTheChanges() async throws {
    let project = try await sampleRepository()
    let start = try await git("rev-parse", "HEAD", in: project)
    let add = adding("New", "\"\(address("8"))\"")
    for (operation, contracts, edit, expected) in [
      ("put", ["56-Token"], upgrade, nil),
      ("delete", ["56-New"], add, "say delete, and 56-New was added"),
      ("put", ["56-Token", "56-New"], { add(upgrade($0)) }, "say put, which is of one contract"),
      ("transaction", ["56-Token", "56-New"], { add(upgrade($0)) }, nil),
      ("put", ["56-Ledger"], { $0.replacing("Token", with: "Ledger") }, "56-Ledger was renamed"),
      ("merge", ["56-Token"], upgrade, "say merge, and it has one parent"),
      ("bless", ["56-Token"], upgrade, "say bless, which is no operation"),
      ("restore", ["56-Token"], upgrade, "say restore, and name no commit"),
      ("put\nGitState-Operation: delete", ["56-Token"], upgrade, "2 operations"),
    ] as [(String, [String], (String) -> String, String?)] {
      let found = try await errors(of: message(operation, contracts), in: project, edit)
      if let expected {
        #expect(found.contains { $0.contains(expected) }, "\(operation): \(found)")
      } else {
        #expect(found == [], "\(operation)")
      }
      try await git("reset", "-q", "--hard", start, in: project)
    }
  }

  @Test func whatIsSaidToComeBackMustHaveBeenThere() async throws {
    let project = try await sampleRepository()
    let start = try await git("rev-parse", "HEAD", in: project)
    let upgraded = try await put("Token", "7", in: project)
    // What gitstate makes of it is believed.
    for command in [
      ["revert", upgraded], ["restore", "56-Token", "--from", start], ["rollback", start],
    ] {
      _ = try await gitstate(command, in: project)
      #expect(try await json("verify", "--history", in: project)["errors"] == [], "\(command)")
      try await git("reset", "-q", "--hard", upgraded, in: project)
    }
    let back = { (text: String) in text.replacing(address("7"), with: address("2")) }
    let other = { (text: String) in text.replacing(address("7"), with: address("6")) }
    let beside = { (text: String) in text.replacing(address("4"), with: address("5")) }
    let none = String(repeating: "0", count: 39) + "1"
    for (operation, contracts, trailer, edit, expected) in [
      ("revert", ["56-Token"], "GitState-Reverts: \(upgraded)", back, nil),
      ("revert", ["56-Token"], "GitState-Reverts: \(none)", back, "no commit of this repository"),
      ("revert", ["56-Token"], "GitState-Reverts: HEAD", back, "no commit of this repository"),
      ("revert", ["56-Token"], "X: y", back, "say revert, and name no commit"),
      (
        "revert", ["56-Token"], "GitState-Reverts: \(upgraded)", other,
        "address of 56-Token, which is not what was there before"
      ),
      (
        "revert", ["56-Oracle"], "GitState-Reverts: \(upgraded)", beside,
        "56-Oracle, which the commits that it reverts did not change"
      ),
      ("rollback", ["56-Token"], "GitState-From: \(start)", back, nil),
      (
        "rollback", ["56-Token"], "GitState-From: \(start)", other,
        "56-Token, which is not as in \(start.prefix(7))"
      ),
      ("restore", ["56-Token"], "GitState-From: \(none)", back, "no commit of this repository"),
    ] as [(String, [String], String, (String) -> String, String?)] {
      let found = try await errors(of: message(operation, contracts, trailer), in: project, edit)
      // The hash that the upgrade removed is not put back by hand.
      let rest = found.filter { !$0.contains("implementationHash") }
      if let expected {
        #expect(rest.contains { $0.contains(expected) }, "\(trailer): \(found)")
      } else {
        #expect(!rest.contains { $0.contains("address") }, "\(trailer): \(found)")
      }
      try await git("reset", "-q", "--hard", upgraded, in: project)
    }
  }

  @Test func aTrailerDoesNotOpenTheDoorForASecret() async throws {
    let project = try await sampleRepository()
    let bad = try await put("Token", "7", in: project)
    let key = "0x" + String(repeating: "4c", count: 32)
    let add = adding("Evil", #"{"implementation": "\#(address("1"))", "privateKey": "\#(key)"}"#)
    for operation in ["revert", "rollback", "restore", "merge", "adopt"] {
      let trailer = operation == "revert" ? "GitState-Reverts: \(bad)" : "GitState-From: \(bad)"
      let found = try await errors(
        of: message(operation, ["56-Evil"], trailer), in: project, add)
      #expect(found.contains { $0.contains("looks like a private key") }, "\(operation): \(found)")
      #expect(!found.contains { $0.contains(key) })
      try await git("reset", "-q", "--hard", bad, in: project)
    }
  }

  @Test func aSecretThatWasThereBeforeIsNotFoundAgainWhenItComesBack() async throws {
    let project = try await sampleRepository()
    let key = "0x" + String(repeating: "4c", count: 32)
    try await commit(
      ["deployments/.gitstate.json": #"{"rules": {"noSecrets": false}}"#], in: project)
    try await put("Token", "7", in: project, more: ["--args-json", #"[{"privateKey":"\#(key)"}]"#])
    try await put("Token", "8", in: project, more: ["--args-json", "[]"])
    try await commit(["deployments/.gitstate.json": "{}"], in: project)
    try await succeed("revert", "HEAD~1", in: project)
    #expect(try await json("verify", "--history", "HEAD~1..", in: project)["errors"] == [])
  }

  @Test func editsByHandNeedAReasonWhereTheRuleAsksForOne() async throws {
    let project = try await sampleRepository()
    try await commit(
      ["deployments/.gitstate.json": #"{"rules": {"requireReason": [56]}}"#], in: project)
    let path = project.appending(file)
    try writeFile(path, try text(path).replacing(address("4"), with: address("5")))
    let result = try await gitstate(
      "put", "56-Token", "--address", address("9"), "-m", "audited", "--timestamp", time,
      in: project)
    #expect(result.status == 0 && result.errors.contains("requireReason"), "\(result.errors)")
    #expect(
      try await succeed("get", "56-Oracle", "--field", "address", in: project) == address("4"))
    // Nor does the word in a trailer do for one.
    try await git("checkout", "-q", "--", file, in: project)
    try await commit(
      [file: try text(path).replacing(address("4"), with: address("5"))], in: project,
      message: "Adopt\n\nGitState-Operation: adopt\nGitState-Contract: 56-Oracle")
    let verified = try await gitstate("verify", "--history", "HEAD~1..", in: project)
    #expect(verified.status == 4 && verified.text.contains("requireReason"))
  }
}
