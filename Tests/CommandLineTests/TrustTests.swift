import Foundation
import SystemPackage
import TestSupport
import Testing

/// Whom a transfer trusts, and what it leaves behind where it is given up.
@Suite(.scratchDirectory) struct TrustTests {
  /// As for ssh, the files that its configuration names are the only ones that count, and of several one
  /// that has the key is enough.
  @Test(.enabled(if: SSHServer.reasonNotToRun == nil, "needs sshd: openssh-server"))
  func onlyTheKnownHostsThatSSHWouldReadCount() async throws {
    let store = try await ServerTests().store()
    try await SSHServer.with { server in
      let clone = try await ServerTests().clone("one", server.url(of: store))
      let home = server.home.appending(".ssh/known_hosts")
      let right = try text(home)
      let other = try await runProgram(
        "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "other", "-C", "x"], in: scratch)
      #expect(other.status == 0)
      let wrong = "[127.0.0.1]:\(server.port) \(try text(scratch.appending("other.pub")))"
      let (first, second) = (scratch.appending("known1"), scratch.appending("known2"))
      try await git(
        "config", "core.sshCommand",
        "ssh -i \(server.home)/.ssh/id_ed25519 -o UserKnownHostsFile='\(first) \(second)' -o GlobalKnownHostsFile=none",
        in: clone)
      for (one, two, isTrusted) in [
        (wrong, "", false), (wrong, right, true), (right, wrong, true), ("", "", false),
        (right, "", true),
      ] {
        try writeFile(first, one)
        try writeFile(second, two)
        // What ssh itself says to it; it gets as far as the login only where it trusts the host.
        let ssh = try await runProgram(
          "ssh",
          [
            "-o", "UserKnownHostsFile=\(first) \(second)", "-o", "GlobalKnownHostsFile=none", "-o",
            "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "IdentityFile=/nowhere", "-p",
            "\(server.port)", "127.0.0.1", "true",
          ], in: scratch, environment: server.environment)
        #expect(
          ssh.errors.contains("Host key verification failed") != isTrusted, "\(ssh.errors)")
        if isTrusted {
          try await succeed("fetch", in: clone, environment: server.environment)
        } else {
          let refused = try await refusal("fetch", in: clone, environment: server.environment)
          #expect(refused.code == "REMOTE_UNTRUSTED", "\(refused.message)")
        }
      }
    }
  }

  @Test(
    .enabled(if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func anUnknownAuthorityIsToldWithWhereToNameIt() async throws {
    _ = try await ServerTests().store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      let clone = try await ServerTests().clone("one", server.url(of: "state.git"))
      let refused = try await refusal("fetch", in: clone)
      #expect(refused.code == "REMOTE_UNTRUSTED")
      #expect(refused.message.contains("git config http.sslCAInfo"), "\(refused.message)")
      #expect(refused.message.contains("GIT_SSL_CAINFO"))
      // And that is enough.
      try await git("config", "http.sslCAInfo", server.authority.string, in: clone)
      try await succeed("fetch", in: clone, environment: ["GITSTATE_TOKEN": WebServer.password])
    }
  }

  @Test func aServerThatEndsTheConnectionIsToTryAgain() async throws {
    let project = try await sampleRepository()
    try await git("remote", "add", "origin", "http://127.0.0.1:1/state.git", in: project)
    let refused = try await refusal("fetch", in: project)
    #expect(refused.message.contains("try again, and if it stays so"), "\(refused.message)")
    try await git("remote", "set-url", "origin", "http://no.such.host.invalid/x.git", in: project)
    let unknown = try await refusal("fetch", in: project)
    #expect(unknown.message.contains("gitstate remote list"), "\(unknown.message)")
    #expect(!unknown.message.contains("try again"), "\(unknown.message)")
  }
}
