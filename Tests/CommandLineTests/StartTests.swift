import SystemPackage
import TestSupport
import Testing

/// The start of the program, which takes most of the time that a read does.
@Suite(.scratchDirectory) struct StartTests {
  /// libgit2 reads all certificates as it starts; only a transfer needs them.
  @Test func aReadReadsNoCertificates() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "calls", "-e", "trace=openat", gitstateProgram.string, "get", "56-First",
      ], in: project)
    #expect(result.status == 0, "\(result.errors)")
    let calls = try text(project.appending("calls"))
    #expect(calls.contains("/.git/HEAD"))
    #expect(!calls.contains("cert"))
  }

  /// A transfer trusts the system's authorities all the same: here the test's own is one of them.
  @Test(
    .enabled(if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"),
    .enabled(if: mayMount, "needs root"))
  func aTransferTrustsTheSystemsAuthorities() async throws {
    _ = try await ServerTests().store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      let clone = try await ServerTests().clone("one", server.url(of: "state.git"))
      try await put("FromOne", "8", in: clone)
      let script = """
        mount --bind "$1" /etc/ssl/certs/ca-certificates.crt
        "$2" sync
        git config http.sslCAInfo /no/such.pem
        ! "$2" fetch
        """
      let synced = try await runProgram(
        "unshare",
        ["--mount", "sh", "-ec", script, "sh", server.authority.string, gitstateProgram.string],
        in: clone, environment: ["GITSTATE_TOKEN": WebServer.password])
      #expect(synced.status == 0, "\(synced.errors)")
      #expect(synced.errors.contains("/no/such.pem"), "\(synced.errors)")
      #expect(
        try await git("rev-parse", "main", in: scratch.appending("served/state.git"))
          == git("rev-parse", "HEAD", in: clone))
    }
  }

  /// The plainest forms of `get` go past the parser, the same in other words through it.
  @Test func bothWaysToParseAGetAreOne() async throws {
    let project = try await sampleRepository()
    let folder = project.string
    for (plain, parsed) in [
      (["get", "56-LookCoin"], ["get", "--", "56-LookCoin"]),
      (["get", "56-LookCoin", "--json"], ["get", "56-LookCoin", "--json", "--lock-timeout=9"]),
      (["get", "56-LookCoin", "--quiet", "--quiet"], ["get", "56-LookCoin", "--branch", "main"]),
      (
        ["get", "--field", "liveAddress", "56-LookCoin", "--no-color"],
        ["get", "56-LookCoin", "--field=liveAddress"]
      ),
      (["get", "56-LookCoin", "--at", "HEAD~9"], ["get", "56-LookCoin", "--at=HEAD~9"]),
      (["get", "56-Absent", "--at", "HEAD"], ["get", "--at=HEAD", "56-Absent"]),
      (["get", "help"], ["get", "--", "help"]),
      (
        ["-C", folder, "--json", "get", "56-LookCoin"],
        ["get", "-C=\(folder)", "56-LookCoin", "--json"]
      ),
      (["get", "56-LookCoin", "-C", "/no/such"], ["get", "56-LookCoin", "-C=/no/such"]),
    ] {
      let one = try await gitstate(plain, in: project)
      let other = try await gitstate(parsed, in: project)
      #expect(one.status == other.status, "\(plain)")
      #expect(one.output == other.output, "\(plain): \(one.text)")
      #expect(one.errors == other.errors, "\(plain)")
      #expect(!one.output.isEmpty || !one.errors.isEmpty)
    }
  }

  /// What cannot be meant, and help, is told by the parser.
  @Test(arguments: [
    ["get"], ["get", "a", "b"], ["get", "a", "--field"], ["get", "--at", "--quiet", "a"],
    ["get", "a", "--filed", "x"], ["get", "a", "--at", "x", "--at"], ["get", "a", "-x"],
    ["get", "a", "-h"], ["get", "--help"],
  ])
  func theParserAnswersWhatIsNotPlain(arguments: [String]) async throws {
    let project = try await sampleRepository()
    let result = try await gitstate(arguments, in: project)
    let isHelp = arguments.contains { ["-h", "--help"].contains($0) }
    #expect(result.status == (isHelp ? 0 : 64), "\(result.errors)")
    let usage = isHelp ? result.text : result.errors
    #expect(usage.contains("\(isHelp ? "USAGE" : "Usage"): gitstate get <key> "), "\(usage)")
  }
}
