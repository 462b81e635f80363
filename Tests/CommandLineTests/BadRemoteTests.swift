import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Remotes that are silent, elsewhere, or lie: an error each time, nothing changed, and the next try
/// works.
@Suite(.scratchDirectory) struct BadRemoteTests {
  /// Runs each command that talks to a remote; all fail, and the clone stays sound as it is.
  func failsHarmlessly(
    _ url: String, saying text: String, code: String = "REMOTE_UNAVAILABLE",
    commands: [String] = ["fetch", "pull", "push", "sync"],
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let clone = scratch.appending("clone")
    try await git("remote", "set-url", "origin", url, in: clone)
    let before = try await git("rev-parse", "HEAD", in: clone)
    for command in commands {
      let start = ContinuousClock.now
      let result = try await gitstate(
        command, "--timeout", "0.5", "--json", in: clone, environment: environment)
      // Far longer than needed, far shorter than for ever.
      #expect(
        ContinuousClock.now - start < bound(.seconds(60)), sourceLocation: sourceLocation)
      let error = try JSONValue(parsing: result.output)["error"]
      #expect(result.status == 1, "\(command): \(result.text)", sourceLocation: sourceLocation)
      #expect(error?["code"]?.string == code, "\(result.text)", sourceLocation: sourceLocation)
      #expect(
        error?["message"]?.string?.contains(text) == true, "\(command): \(result.text)",
        sourceLocation: sourceLocation)
    }
    #expect(
      try await git("rev-parse", "HEAD", in: clone) == before, sourceLocation: sourceLocation)
    try await expectSound(clone, sourceLocation: sourceLocation)
    // What came in and was refused is gone.
    let kept = try entries(of: clone.appending(".git/gitstate")).filter { $0.hasPrefix("incoming") }
    #expect(kept == [], sourceLocation: sourceLocation)
    try await git("remote", "set-url", "origin", "../store.git", in: clone)
    try await succeed("sync", in: clone)
  }

  func team() async throws {
    let first = try await sampleRepository("first")
    try await git("clone", "--quiet", "--bare", first.string, "store.git", in: scratch)
    try await git("clone", "--quiet", "store.git", "clone", in: scratch)
    try await put("Local", "9", in: scratch.appending("clone"))
  }

  @Test(arguments: ["401", "404", "407"])
  func aNumberInAPathIsNoAnswerOfAServer(number: String) async throws {
    try await team()
    try await failsHarmlessly(
      "../store-\(number).git", saying: "there is no repository at", commands: ["sync"])
  }

  @Test func aSilentServerIsGivenUp() async throws {
    try await team()
    try await ScriptedServer.with(.silent) { server in
      for scheme in ["http", "https", "ssh", "git"] {
        try await failsHarmlessly(
          "\(scheme)://127.0.0.1:\(server.port)/x", saying: "did not answer for 0.5 seconds",
          commands: scheme == "http" ? ["fetch", "pull", "push", "sync"] : ["sync"])
      }
    }
  }

  @Test func aConnectionThatIsCutIsAnError() async throws {
    try await team()
    try await ScriptedServer.with(.closing) { server in
      for scheme in ["http", "https", "ssh", "git"] {
        try await failsHarmlessly(
          "\(scheme)://127.0.0.1:\(server.port)/x", saying: "origin", commands: ["fetch", "push"])
      }
    }
    try await ScriptedServer.with(
      .sending(Array("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>".utf8))
    ) { server in
      try await failsHarmlessly(
        "http://127.0.0.1:\(server.port)/x", saying: "origin", commands: ["fetch", "push"])
    }
  }

  @Test func whatIsNoRepositoryIsNamed() async throws {
    try await team()
    try await failsHarmlessly(
      "http://127.0.0.1:1/x", saying: "origin", commands: ["fetch", "push"])
    try await failsHarmlessly(
      "https://no-such-host.invalid/x", saying: "no-such-host.invalid", commands: ["fetch"])
    try await failsHarmlessly("../nowhere.git", saying: "no repository")
    try makeFolder(scratch.appending("folder"))
    try await failsHarmlessly("../folder", saying: "no repository", commands: ["fetch", "push"])
    try await failsHarmlessly("ftp://127.0.0.1/x", saying: "origin", commands: ["fetch"])
  }

  /// A pack of some objects of a repository.
  func pack(_ objects: [String], in repository: FilePath) async throws -> [UInt8] {
    let result = try await runProgram(
      "git", ["pack-objects", "--stdout", "--quiet"], in: repository,
      input: Array((objects.joined(separator: "\n") + "\n").utf8))
    guard result.status == 0 else { throw TestFailure(result.errors) }
    return result.output
  }

  @Test func aPackThatLiesNeverComesIn() async throws {
    try await team()
    try await git("clone", "--quiet", "store.git", "liar", in: scratch)
    let liar = scratch.appending("liar")
    try await put("Good", "8", in: liar)
    let commit = try await git("rev-parse", "HEAD", in: liar)
    let tree = try await git("rev-parse", "HEAD^{tree}", in: liar)
    let folder = try await git("rev-parse", "HEAD:deployments", in: liar)
    let blob = try await git("rev-parse", "HEAD:deployments/bscmainnet.json", in: liar)
    let whole = try await pack([commit, tree, folder, blob], in: liar)
    let clone = scratch.appending("clone")
    for (bytes, words) in [
      (try await pack([commit], in: liar), "not complete"),
      (try await pack([commit, tree, folder], in: liar), "not complete"),
      (try await pack([tree, folder, blob], in: liar), "origin"),
      (Array(whole.dropLast(30)), "origin"),
      (whole.dropLast(40) + Array(repeating: 7, count: 40), "origin"),
    ] {
      try await ScriptedServer.with(.git(commit: commit, pack: bytes)) { server in
        try await git(
          "remote", "set-url", "origin", "git://127.0.0.1:\(server.port)/x", in: clone)
        let result = try await gitstate("pull", "--json", "--timeout", "5", in: clone)
        #expect(result.status == 1)
        #expect(result.text.contains(words), "\(result.text)")
      }
      let kept = try entries(of: clone.appending(".git/gitstate"))
      #expect(kept.filter { $0.hasPrefix("incoming") } == [])
      #expect(try await runProgram("git", ["cat-file", "-e", commit], in: clone).status != 0)
      try await expectSound(clone)
    }
    // The same server, honest at last.
    try await ScriptedServer.with(.git(commit: commit, pack: whole)) { server in
      try await git("remote", "set-url", "origin", "git://127.0.0.1:\(server.port)/x", in: clone)
      try await succeed("pull", in: clone)
    }
    try await succeed("get", "56-Good", in: clone)
    try await succeed("get", "56-Local", in: clone)
    try await expectSound(clone)
  }

  @Test func namesThatLeadElsewhereNeverComeIn() async throws {
    try await team()
    try await git("clone", "--quiet", "store.git", "liar", in: scratch)
    let (liar, clone) = (scratch.appending("liar"), scratch.appending("clone"))
    let blob = try await git("rev-parse", "HEAD:deployments/bscmainnet.json", in: liar)
    for name in ["..", ".git", "a/../../b"] {
      let digits = Array(blob)
      let id = stride(from: 0, to: 40, by: 2).compactMap {
        UInt8(String(digits[$0...($0 + 1)]), radix: 16)
      }
      try writeFile(liar.appending("tree"), Array("100644 \(name)\0".utf8) + id)
      let tree = try await git(
        "hash-object", "-t", "tree", "-w", "--literally", "tree", in: liar)
      let commit = try await git("commit-tree", tree, "-p", "HEAD", "-m", "x", in: liar)
      let bytes = try await pack([commit, tree], in: liar)
      try await ScriptedServer.with(.git(commit: commit, pack: bytes)) { server in
        try await git(
          "remote", "set-url", "origin", "git://127.0.0.1:\(server.port)/x", in: clone)
        let refused = try await refusal("pull", "--timeout", "5", in: clone)
        #expect(refused.code == "REMOTE_INVALID", "\(refused.message)")
      }
      #expect(try await runProgram("git", ["cat-file", "-e", commit], in: clone).status != 0)
      try await expectSound(clone)
    }
  }
}
