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
}
