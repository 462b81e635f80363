import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Connections that are cut at any moment of a fetch and a push: an error or an answer, never anything
/// in between, and the next try works.
@Suite(.scratchDirectory) struct CutConnectionTests {
  /// After how many bytes: a few here, many in the long form.
  static func cuts(_ direction: CuttingRelay.Direction) -> [Int] {
    guard longRounds != nil else { return direction == .up ? [0, 1400, 2400] : [1, 1800, 5200] }
    return Array(stride(from: 0, to: 12_000, by: 173))
  }

  func cutEverywhere(
    _ store: FilePath, _ clone: FilePath, _ relay: CuttingRelay, _ environment: [String: String]
  ) async throws {
    try await git("clone", "--quiet", store.string, "other", in: scratch)
    let other = scratch.appending("other")
    var (number, failures) = (0, 0)
    for direction in CuttingRelay.Direction.allCases {
      for bytes in Self.cuts(direction) {
        number += 1
        // Something to fetch, something to push.
        try await git("pull", "--quiet", "--ff-only", in: other)
        try await put("Theirs\(number)", "8", in: other)
        try await git("push", "--quiet", in: other)
        try await put("Ours\(number)", "9", in: clone)
        try relay.cut(direction, after: bytes)
        let result = try await gitstate(
          "sync", "--json", "--timeout", "10", in: clone, environment: environment)
        let place: Comment = "\(direction.rawValue) \(bytes): \(result.text)"
        if result.status != 0 {
          failures += 1
          let error = try JSONValue(parsing: result.output)["error"]
          #expect(result.status == 1, place)
          #expect(
            ["REMOTE_UNAVAILABLE", "REMOTE_INVALID"].contains(error?["code"]?.string ?? ""), place)
        }
        try await expectSound(clone)
        let kept = try entries(of: clone.appending(".git/gitstate"))
        #expect(kept.filter { $0.hasPrefix("incoming") } == [], place)
        try relay.heal()
        try await succeed("sync", "--quiet", in: clone, environment: environment)
        #expect(
          try await git("rev-parse", "HEAD", in: clone) == git("rev-parse", "main", in: store),
          place
        )
      }
    }
    #expect(failures > 0)
    let names = Set(
      try await json("list", "56", in: clone).array?.compactMap { $0["contractName"]?.string } ?? []
    )
    for index in 1...number {
      #expect(names.isSuperset(of: ["Ours\(index)", "Theirs\(index)"]))
    }
    try await git("fsck", "--strict", "--no-dangling", in: store)
    if longRounds != nil { print("cut: \(number) connections, \(failures) failed, none harmed") }
  }

  @Test(.enabled(if: SSHServer.reasonNotToRun == nil, "needs sshd: openssh-server"))
  func overSSH() async throws {
    let store = try await ServerTests().store()
    try await SSHServer.with { server in
      try await CuttingRelay.with(to: server.port) { relay in
        let known = server.home.appending(".ssh/known_hosts")
        try writeFile(
          known,
          try text(known).replacingOccurrences(of: ":\(server.port)", with: ":\(relay.port)"))
        let clone = try await ServerTests().clone(
          "clone", "ssh://\(NSUserName())@127.0.0.1:\(relay.port)\(store)")
        try await cutEverywhere(store, clone, relay, server.environment)
      }
    }
  }

  @Test(
    .enabled(if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func overHTTPS() async throws {
    let store = try await ServerTests().store()
    try await WebServer.with(serving: scratch.appending("served")) { server in
      try await CuttingRelay.with(to: server.port) { relay in
        let clone = try await ServerTests().clone(
          "clone", "https://\(WebServer.user)@localhost:\(relay.port)/state.git")
        try await cutEverywhere(store, clone, relay, server.environment)
      }
    }
  }
}
