import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The remotes that teams have: ssh, and https with a password, run by the servers that hosts run.
@Suite(.scratchDirectory) struct ServerTests {
  /// A bare repository as a server has it, with the sample state, and a clone of it.
  func store() async throws -> FilePath {
    let first = try await sampleRepository("first")
    try makeFolder(scratch.appending("served"))
    let store = scratch.appending("served/state.git")
    try await git("clone", "--quiet", "--bare", first.string, store.string, in: scratch)
    try await git("config", "http.receivepack", "true", in: store)
    return store
  }

  func clone(_ name: String, _ url: String) async throws -> FilePath {
    try await git("clone", "--quiet", "served/state.git", name, in: scratch)
    let clone = scratch.appending(name)
    try await git("remote", "set-url", "origin", url, in: clone)
    return clone
  }

  /// What every transport must do: share, say no, go on.
  func shares(_ store: FilePath, _ url: String, _ environment: [String: String]) async throws {
    let one = try await clone("one", url)
    let two = try await clone("two", url)
    try await put("FromOne", "8", in: one)
    try await put("FromTwo", "9", in: two)
    for path in [one, two, one] { try await succeed("sync", in: path, environment: environment) }
    #expect(try await git("rev-parse", "HEAD", in: one) == git("rev-parse", "HEAD", in: two))
    for name in ["FromOne", "FromTwo"] { try await succeed("get", "56-\(name)", in: one) }
    try await expectSound(one)

    for hook in ["pre-receive", "update"] {
      let file = store.appending("hooks/\(hook)")
      try writeFile(file, "#!/bin/sh\necho 'not on Fridays' >&2\nexit 1\n")
      try setPermissions(0o755, of: file)
      try await put("Refused\(hook == "update")", "7", in: one)
      let refused = try await refusal("push", in: one, environment: environment)
      #expect(refused.code == "REMOTE_REJECTED")
      #expect(refused.message.contains("not on Fridays"), "\(refused.message)")
      try removeFile(file)
    }
    try await succeed("push", in: one, environment: environment)
    #expect(try await git("rev-parse", "main", in: store) == git("rev-parse", "HEAD", in: one))

    // Many at once.
    var clones = [one, two]
    if longRounds != nil {
      for number in 3...10 { clones.append(try await clone("clone\(number)", url)) }
    }
    try await shareInRounds(
      clones, of: store, rounds: longRounds ?? 3, transport: String(url.prefix { $0 != ":" }),
      environment: environment)
  }

  @Test(.enabled(if: SSHServer.reasonNotToRun == nil, "needs sshd: openssh-server"))
  func sshShares() async throws {
    let store = try await store()
    try await SSHServer.with { server in
      try await shares(store, server.url(of: store), server.environment)
    }
  }

  @Test(.enabled(if: SSHServer.reasonNotToRun == nil, "needs sshd: openssh-server"))
  func hostKeysAndKeysThatCannotWorkAreNamed() async throws {
    let store = try await store()
    try await SSHServer.with(keyType: "rsa") { server in
      let clone = try await clone("one", server.url(of: store))
      let known = server.home.appending(".ssh/known_hosts")
      let rsa = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(rsa.code == "AUTHENTICATION_FAILED")
      #expect(rsa.message.contains("id_rsa is an RSA key"), "\(rsa.message)")
      #expect(rsa.message.contains("ssh-keygen -t ed25519"))

      let right = try readFile(known)
      try writeFile(known, "")
      let unknown = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(unknown.code == "REMOTE_UNTRUSTED")
      #expect(unknown.message.contains("SHA256:") && unknown.message.contains("not known"))

      let other = try await runProgram(
        "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "other", "-C", "x"], in: scratch)
      #expect(other.status == 0)
      let key = try text(scratch.appending("other.pub"))
      try writeFile(known, "[127.0.0.1]:\(server.port) \(key)")
      let changed = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(changed.code == "REMOTE_UNTRUSTED")
      #expect(changed.message.contains("ssh-keygen -R"), "\(changed.message)")
      try writeFile(known, right)
    }
  }

  @Test(.enabled(if: SSHServer.reasonNotToRun == nil, "needs sshd: openssh-server"))
  func keysThatSSHsConfigurationNamesAreUsed() async throws {
    let store = try await store()
    try await SSHServer.with { server in
      let keys = server.home.appending(".ssh")
      try FileManager.default.moveItem(
        atPath: keys.appending("id_ed25519").string, toPath: keys.appending("deploy").string)
      try FileManager.default.removeItem(atPath: keys.appending("id_ed25519.pub").string)
      let clone = try await clone("one", server.url(of: store))
      let none = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(none.code == "AUTHENTICATION_FAILED" && none.message.contains("ssh-add"))
      try await git(
        "config", "core.sshCommand", "ssh -i \(keys)/deploy -o IdentitiesOnly=yes", in: clone)
      try await succeed("fetch", in: clone, environment: server.environment)

      // An alias of ssh's configuration, which libgit2 does not read.
      try writeFile(
        scratch.appending("ssh_config"),
        """
        Host team
          HostName 127.0.0.1
          Port \(server.port)
          IdentityFile \(keys)/deploy

        """)
      try await git("config", "core.sshCommand", "ssh -F \(scratch)/ssh_config", in: clone)
      try await git(
        "remote", "set-url", "origin", "\(NSUserName())@team:\(store)", in: clone)
      try await succeed("fetch", in: clone, environment: server.environment)
    }
  }

  @Test(
    .enabled(
      if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func httpsShares() async throws {
    let store = try await store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      try await shares(store, server.url(of: "state.git"), server.environment)
    }
  }

  @Test(
    .enabled(
      if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func secretsOfHTTPComeFromWhereGitHasThemAndAreNeverShown() async throws {
    _ = try await store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      let clone = try await clone("one", server.url(of: "state.git"))
      let trust = ["GIT_SSL_CAINFO": server.authority.string]
      let nothing = try await refusal("fetch", in: clone, environment: trust)
      #expect(nothing.code == "AUTHENTICATION_FAILED")
      #expect(nothing.message.contains("GITSTATE_TOKEN"), "\(nothing.message)")

      let wrong = trust.merging(["GITSTATE_TOKEN": "wr0ng-t0ken"]) { $1 }
      let refused = try await gitstate(
        "fetch", in: clone, environment: wrong.merging(["DEBUG_DEPLOYMENT": "true"]) { $1 })
      #expect(refused.status == 1 && refused.errors.contains("did not take GITSTATE_TOKEN"))
      #expect(!refused.errors.contains("wr0ng"))

      // git's own helper, asked and told.
      let helper = scratch.appending("helper")
      try writeFile(
        helper,
        """
        #!/bin/sh
        echo "$1" >> "$0.log"
        cat >> "$0.log"
        test "$1" = get && printf 'username=\(WebServer.user)\\npassword=%s\\n' "$(cat "$0.secret")"
        exit 0

        """)
      try setPermissions(0o755, of: helper)
      try await git("config", "credential.helper", helper.string, in: clone)
      try writeFile(scratch.appending("helper.secret"), "st4le")
      let stale = try await refusal("fetch", in: clone, environment: trust)
      #expect(stale.code == "AUTHENTICATION_FAILED" && !stale.text.contains("st4le"))
      #expect(try text(scratch.appending("helper.log")).contains("erase"))
      try writeFile(scratch.appending("helper.secret"), WebServer.password)
      try await succeed("fetch", in: clone, environment: trust)
      let log = try text(scratch.appending("helper.log"))
      #expect(log.contains("store") && log.contains("host=localhost:\(server.port)"))

      // Over plain http to another machine, the token would be anybody's.
      for file in ["config", "logs/HEAD", "logs/refs/remotes/origin/main"] {
        let path = clone.appending(".git/\(file)")
        guard exists(path) else { continue }
        #expect(try !text(path).contains(WebServer.password))
      }
    }
  }

  @Test(
    .enabled(
      if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func certificatesAreVerified() async throws {
    _ = try await store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      let clone = try await clone("one", server.url(of: "state.git"))
      let token = ["GITSTATE_TOKEN": WebServer.password]
      let foreign = try await refusal("fetch", in: clone, environment: token)
      #expect(foreign.code == "REMOTE_UNTRUSTED", "\(foreign.message)")
      #expect(foreign.message.contains("localhost"))
      // git's settings, for all of HTTP and for one server.
      for key in ["http.sslCAInfo", "http.https://localhost:\(server.port)/.sslCAInfo"] {
        try await git("config", key, server.authority.string, in: clone)
        try await succeed("fetch", in: clone, environment: token)
        try await git("config", "--unset", key, in: clone)
      }
      let gone = try await refusal(
        "fetch", in: clone, environment: token.merging(["GIT_SSL_CAINFO": "/no/such.pem"]) { $1 })
      #expect(gone.message.contains("/no/such.pem"))
      try await git("remote", "set-url", "origin", server.url(of: "none.git"), in: clone)
      let missing = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(missing.code == "REMOTE_UNAVAILABLE")
      #expect(missing.message.contains("no repository"), "\(missing.message)")
    }
  }

  @Test(
    .enabled(
      if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func anExpiredCertificateIsRefused() async throws {
    _ = try await store()
    try await WebServer.with(serving: scratch.appending("served"), certificate: .expired) {
      server in
      let clone = try await clone("one", server.url(of: "state.git"))
      let expired = try await refusal("fetch", in: clone, environment: server.environment)
      #expect(expired.code == "REMOTE_UNTRUSTED")
      #expect(expired.message.contains("expired"), "\(expired.message)")
    }
  }
}
