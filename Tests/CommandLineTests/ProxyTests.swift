import Foundation
import SystemPackage
import TestSupport
import Testing

/// Proxies, as git's configuration and the environment name them.
@Suite(.scratchDirectory) struct ProxyTests {
  @Test(.enabled(if: ProxyServer.reasonNotToRun == nil, "needs tinyproxy"))
  func aProxyThatRefusesThePasswordIsTold() async throws {
    let project = try await sampleRepository()
    try await git("remote", "add", "origin", "https://localhost:1/state.git", in: project)
    try await ProxyServer.with(login: "ada right-pa55") { proxy in
      let url = proxy.url.replacing("http://", with: "http://ada:wr0ng-pa55@")
      try await git("config", "http.proxy", url, in: project)
      let refused = try await refusal("fetch", in: project)
      #expect(refused.message.contains("the user and password in its URL"), "\(refused.message)")
      #expect(refused.message.contains("git config http.proxy"))
      #expect(!refused.message.contains("wr0ng"))
    }
  }

  @Test(
    .enabled(
      if: WebServer.reasonNotToRun == nil && ProxyServer.reasonNotToRun == nil,
      "needs nginx-light, fcgiwrap, openssl and tinyproxy"))
  func httpsGoesThroughTheProxyThatIsNamed() async throws {
    let store = try await ServerTests().store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      try await ProxyServer.with { proxy in
        let clone = try await ServerTests().clone("clone", server.url(of: "state.git"))
        let plain = server.environment
        var known = try proxy.connections
        func connections() throws -> Int {
          let (now, before) = (try proxy.connections, known)
          known = now
          return now - before
        }
        try await succeed("fetch", in: clone, environment: plain)
        #expect(try connections() == 0)

        // git's setting, for fetches and pushes.
        try await git("config", "http.proxy", proxy.url, in: clone)
        try await put("Proxied", "9", in: clone)
        try await succeed("fetch", in: clone, environment: plain)
        #expect(try connections() > 0)
        try await succeed("push", in: clone, environment: plain)
        #expect(try connections() > 0)
        #expect(
          try await git("rev-parse", "main", in: store) == git("rev-parse", "HEAD", in: clone))
        try await git("config", "--unset", "http.proxy", in: clone)
        for key in ["remote.origin.proxy", "http.https://localhost:\(server.port).proxy"] {
          try await git("config", key, proxy.url, in: clone)
          try await succeed("fetch", in: clone, environment: plain)
          #expect(try connections() > 0, "\(key)")
          try await git("config", "--unset", key, in: clone)
        }

        // The environment, and its exceptions.
        let named = plain.merging(["https_proxy": proxy.url]) { $1 }
        try await succeed("fetch", in: clone, environment: named)
        #expect(try connections() > 0)
        let without = named.merging(["no_proxy": "example.org,localhost"]) { $1 }
        try await succeed("fetch", in: clone, environment: without)
        #expect(try connections() == 0)

        // One that is not there is said.
        try await git("config", "http.proxy", "http://user:s3cr3t-pr0xy@127.0.0.1:1", in: clone)
        let gone = try await refusal("fetch", in: clone, environment: plain)
        #expect(gone.code == "REMOTE_UNAVAILABLE", "\(gone.message)")
        #expect(gone.message.contains("proxy"), "\(gone.message)")
        #expect(!gone.message.contains("s3cr3t"))
      }
    }
  }
}
