import Foundation
import SystemPackage
import TestSupport
import Testing

/// What a person at a terminal sees: questions for secrets, which are not shown, and progress.
@Suite(.scratchDirectory) struct TerminalTests {
  private let asks = ["GIT_TERMINAL_PROMPT": ""]

  @Test(
    .enabled(if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func aPasswordIsAskedForAndNotShown() async throws {
    _ = try await ServerTests().store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      let clone = try await ServerTests().clone("clone", server.url(of: "state.git"))
      let trust = ["GIT_SSL_CAINFO": server.authority.string].merging(asks) { $1 }
      let prompt = "Password or token of robot at localhost:\(server.port): "
      let answered = try await runOnTerminal(
        "\(gitstateProgram) fetch", answers: [(prompt, WebServer.password)], in: clone,
        environment: trust)
      #expect(answered.status == 0, "\(answered.text)")
      #expect(answered.text.contains(prompt) && answered.text.contains("origin/main"))
      #expect(!answered.text.contains(WebServer.password))

      // Wrong each time: asked a few times, not for ever.
      let wrong = try await runOnTerminal(
        "\(gitstateProgram) fetch",
        answers: [(prompt, "wr0ng-1"), (prompt, "wr0ng-2"), (prompt, "wr0ng-3")], in: clone,
        environment: trust)
      #expect(wrong.status == 1, "\(wrong.text)")
      #expect(wrong.text.contains("did not take what was typed in"), "\(wrong.text)")

      // A user's name is asked for where the URL has none.
      try await git(
        "remote", "set-url", "origin", "https://localhost:\(server.port)/state.git", in: clone)
      let both = try await runOnTerminal(
        "\(gitstateProgram) fetch",
        answers: [
          ("User name at localhost:\(server.port): ", WebServer.user), (prompt, WebServer.password),
        ], in: clone, environment: trust)
      #expect(both.status == 0, "\(both.text)")

      // Nobody is asked who said so, nor where there is no terminal.
      let never = try await runOnTerminal(
        "\(gitstateProgram) fetch", in: clone,
        environment: trust.merging(["GIT_TERMINAL_PROMPT": "0"]) { $1 })
      #expect(never.status == 1 && !never.text.contains("User name"), "\(never.text)")
    }
  }

  @Test(.enabled(if: SSHServer.reasonNotToRun == nil, "needs sshd: openssh-server"))
  func aPassphraseIsAskedForAndNotShown() async throws {
    let store = try await ServerTests().store()
    try await SSHServer.with(passphrase: "open sesame") { server in
      let clone = try await ServerTests().clone("clone", server.url(of: store))
      let answered = try await runOnTerminal(
        "\(gitstateProgram) fetch",
        answers: [("Passphrase of \(server.home)/.ssh/id_ed25519: ", "open sesame")], in: clone,
        environment: server.environment.merging(asks) { $1 })
      #expect(answered.status == 0, "\(answered.text)")
      #expect(!answered.text.contains("sesame"))
      let alone = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(alone.message.contains("ssh-add"), "\(alone.message)")
    }
  }

  @Test func aLongTransferShowsHowFarItIs() async throws {
    let first = try await sampleRepository("first")
    try await git("clone", "--quiet", "--bare", first.string, "store.git", in: scratch)
    try await git("clone", "--quiet", "store.git", "clone", in: scratch)
    for number in 0..<150 { try writeFile(first.appending("file\(number)"), "\(number)") }
    try await git("add", "--all", in: first)
    try await git("commit", "--quiet", "-m", "Many", in: first)
    for number in 0..<150 { try writeFile(first.appending("file\(number)"), "\(number) again") }
    try await git("commit", "--quiet", "--all", "-m", "More", in: first)
    try await git("push", "--quiet", "../store.git", "main", in: first)
    let clone = scratch.appending("clone")
    let shown = try await runOnTerminal("\(gitstateProgram) fetch", in: clone)
    #expect(shown.status == 0)
    #expect(shown.text.contains("Receiving 304 of 304 objects"), "\(shown.text)")
    // The line is gone before the answer, and there is none where nobody looks.
    #expect(shown.text.contains("origin/main"))
    try await git("update-ref", "-d", "refs/remotes/origin/main", in: clone)
    let plain = try await gitstate("fetch", in: clone)
    #expect(plain.status == 0 && !plain.errors.contains("Receiving"))
  }
}
