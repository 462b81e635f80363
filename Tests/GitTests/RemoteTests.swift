import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct RemoteTests {
  /// A repository with one commit, and a bare one that its remote `origin` names.
  func pair() async throws -> (path: FilePath, store: FilePath) {
    let path = try await newRepository()
    try await commitFile("a", "1", in: path)
    try await git("init", "--quiet", "--bare", "--initial-branch=main", "store.git", in: scratch)
    let store = scratch.appending("store.git")
    try open(path).addRemote("origin", url: store.string)
    return (path, store)
  }

  static let main = "refs/heads/main:refs/heads/main"

  @Test func remotesAreGits() async throws {
    let (path, store) = try await pair()
    let repository = try open(path)
    #expect(try await git("remote", "get-url", "origin", in: path) == store.string)
    try await git("remote", "add", "backup", "https://example.org/x", in: path)
    try await git("remote", "set-url", "--push", "backup", "ssh://example.org/x", in: path)
    let remotes = try repository.remotes()
    #expect(
      remotes == [
        Remote(name: "backup", url: "https://example.org/x", pushURL: "ssh://example.org/x"),
        Remote(name: "origin", url: store.string, pushURL: nil),
      ])
    #expect(try code { try repository.addRemote("origin", url: "x") } == .exists)
    #expect(try code { try repository.addRemote("a b", url: "x") } == .invalidSpec)
    try repository.removeRemote("backup")
    #expect(try await git("remote", in: path) == "origin")
    #expect(try code { try repository.removeRemote("backup") } == .notFound)
  }

  @Test func urlsAreRewrittenAsByGit() async throws {
    let path = try await newRepository()
    for (key, value) in [
      ("remote.one.url", "gh:team/state"), ("remote.two.url", "https://example.org/x"),
      ("remote.three.url", "gh:other/state"), ("remote.three.pushurl", "gh:team/push"),
      ("remote.with.dots.url", "/plain/path"), ("url.https://github.com/.insteadOf", "gh:"),
      ("url.ssh://git@team.example.org/.insteadOf", "gh:team/"),
      ("url.ssh://git@example.org/.pushInsteadOf", "https://example.org/"),
    ] {
      try await git("config", key, value, in: path)
    }
    let remotes = try open(path).remotes()
    #expect(remotes.map(\.name) == ["one", "three", "two", "with.dots"])
    for remote in remotes {
      let url = try await git("remote", "get-url", remote.name, in: path)
      let pushURL = try await git("remote", "get-url", "--push", remote.name, in: path)
      #expect(remote.url == url)
      #expect(remote.pushURL ?? remote.url == pushURL)
    }
  }

  @Test func pushesByNamePathAndURL() async throws {
    let (path, store) = try await pair()
    let repository = try open(path)
    var expected = try await revision("HEAD", in: path)
    for (number, remote) in ["origin", store.string, "file://\(store)"].enumerated() {
      let report = try repository.push(remote: remote, refspecs: [Self.main])
      #expect(report.rejected == [])
      #expect(try await revision("main", in: store) == expected, "\(remote)")
      expected = try await commitFile("a", "next \(number)", in: path, second: number + 1)
    }
    try await fsck(store)
  }

  @Test func aPushThatWouldLoseCommitsIsRefused() async throws {
    let (path, store) = try await pair()
    let repository = try open(path)
    _ = try repository.push(remote: "origin", refspecs: [Self.main])
    try await git("clone", "--quiet", store.string, "other", in: scratch)
    let other = scratch.appending("other")
    let theirs = try await commitFile("b", "2", in: other, second: 1)
    try await git("push", "--quiet", "origin", "main", in: other)
    try await commitFile("c", "3", in: path, second: 2)
    let error = try failure { _ = try repository.push(remote: "origin", refspecs: [Self.main]) }
    #expect(error?.code == .notFastForward)
    #expect(try await revision("main", in: store) == theirs)
  }

  @Test func whatIsNotThereIsSaid() async throws {
    let (path, _) = try await pair()
    let repository = try open(path)
    #expect(
      try code { _ = try repository.push(remote: "nowhere", refspecs: [Self.main]) } == .notFound)
    let missing = scratch.appending("missing.git").string
    #expect(try failure { _ = try repository.push(remote: missing, refspecs: [Self.main]) } != nil)
    #expect(
      try failure {
        _ = try repository.push(
          remote: "origin", refspecs: ["refs/heads/none:refs/heads/none"])
      } != nil)
    #expect(
      try failure { _ = try repository.push(remote: "origin", refspecs: ["a\0b"]) } != nil)
  }
}
