import Foundation
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

  func push(
    _ path: FilePath, to url: String, replacing expectation: PushExpectation = .ancestor
  ) throws -> PushReport {
    try isolate()
    return try RemoteTransfer.push(
      to: RemoteEndpoint(url: url, silence: .seconds(60)), from: path.string, "refs/heads/main",
      as: "refs/heads/main", replacing: expectation)
  }

  /// Fetches a branch and takes it in.
  func fetch(_ path: FilePath, from url: String, knowing tips: [ObjectID] = []) throws -> ObjectID?
  {
    try isolate()
    let common = path.appending(".git").string
    let quarantine = try Quarantine(below: common + "/gitstate", of: common, knowing: tips)
    let references = try RemoteTransfer.fetch(
      from: RemoteEndpoint(url: url, silence: .seconds(60)), into: quarantine
    ) { _ in ["refs/heads/main"] }
    let tip = references.first { $0.name == "refs/heads/main" }?.id
    if let tip {
      try Repository(opening: quarantine.path).checkComplete(tip, knowing: tips)
      try quarantine.accept()
    }
    return tip
  }

  @Test func pushesByPathAndURL() async throws {
    let (path, store) = try await pair()
    var expected = try await revision("HEAD", in: path)
    for (number, url) in [store.string, "file://\(store)"].enumerated() {
      let report = try push(path, to: url)
      #expect(report.rejected == [] && report.commit == expected)
      #expect(try await revision("main", in: store) == expected, "\(url)")
      expected = try await commitFile("a", "next \(number)", in: path, second: number + 1)
    }
    try await fsck(store)
  }

  @Test func aPushThatWouldLoseCommitsIsRefused() async throws {
    let (path, store) = try await pair()
    _ = try push(path, to: store.string)
    try await git("clone", "--quiet", store.string, "other", in: scratch)
    let other = scratch.appending("other")
    let theirs = try await commitFile("b", "2", in: other, second: 1)
    try await git("push", "--quiet", "origin", "main", in: other)
    let mine = try await commitFile("c", "3", in: path, second: 2)
    #expect(try failure { _ = try push(path, to: store.string) }?.code == .notFastForward)
    let stale = try failure {
      _ = try push(path, to: store.string, replacing: .lease(mine))
    }
    #expect(stale?.code == .modified)
    #expect(try await revision("main", in: store) == theirs)
    #expect(try push(path, to: store.string, replacing: .lease(theirs)).commit == mine)
    #expect(try await revision("main", in: store) == mine)
  }

  @Test func whatHooksSayIsHeard() async throws {
    let (path, store) = try await pair()
    for hook in ["pre-receive", "update"] {
      let file = store.appending("hooks/\(hook)")
      try writeFile(file, "#!/bin/sh\necho 'no deployments on Fridays' >&2\nexit 1\n")
      try setPermissions(0o755, of: file)
      let report = try push(path, to: store.string)
      #expect(report.rejected.map(\.reference) == ["refs/heads/main"])
      #expect(report.rejected.first?.reason.contains("hook declined") == true)
      #expect(report.messages.contains("no deployments on Fridays"))
      #expect(try await git("branch", "--list", in: store) == "")
      try removeFile(file)
    }
  }

  @Test func fewObjectsComeLooseAndManyAsAPack() async throws {
    let (path, store) = try await pair()
    _ = try push(path, to: store.string)
    let other = try await newRepository("other")
    let first = try #require(try fetch(other, from: store.string))
    #expect(try entries(of: other.appending(".git/objects/pack")) == [])
    try await git("cat-file", "-e", "\(first.hex)^{tree}", in: other)

    for number in 0..<120 { try writeFile(path.appending("f\(number)"), "\(number)") }
    try await git("add", "--all", in: path)
    let second = try await commitFile("a", "2", in: path, second: 1)
    _ = try push(path, to: store.string)
    #expect(try fetch(other, from: store.string, knowing: [first]) == second)
    #expect(try entries(of: other.appending(".git/objects/pack")).count == 2)
    try await git("update-ref", "refs/heads/main", second.hex, in: other)
    try await fsck(other)
    // Nothing is left of the quarantine.
    #expect(try entries(of: other.appending(".git/gitstate")) == [])
  }

  @Test func whatIsNotThereIsSaid() async throws {
    let (path, _) = try await pair()
    let missing = scratch.appending("missing.git").string
    let error = try failure { _ = try push(path, to: missing) }
    #expect(error?.message.contains("does not appear to be a git repository") == true)
    #expect(try failure { _ = try fetch(path, from: "https://no.such.host.invalid/x") } != nil)
    #expect(try failure { _ = try push(path, to: "a\0b") } != nil)
  }

  @Test func aTreeThatLeadsElsewhereIsNotComplete() async throws {
    let path = try await newRepository()
    let blob = try await git("hash-object", "-w", "--stdin", in: path)
    for (mode, name) in [
      ("100644", ".."), ("100644", ".git"), ("100644", ".GIT"), ("100644", "git~1"),
      ("100644", "a/b"), ("100644", ".g\u{200C}it"), ("120000", ".gitmodules"),
      ("120000", ".gitattributes"),
      ("120000", ".GitModules"), ("120000", "GITMOD~1"),
    ] {
      let raw = Array("\(mode) \(name)\0".utf8) + (ObjectID(hex: blob).map(bytes) ?? [])
      try writeFile(path.appending("tree"), raw)
      let tree = try await git(
        "hash-object", "-t", "tree", "-w", "--literally", "tree", in: path)
      let commit = try await git("commit-tree", tree, "-m", "x", in: path)
      let tip = try #require(ObjectID(hex: commit))
      let error = try failure { try open(path).checkComplete(tip, knowing: []) }
      #expect(error?.code == .badContent, "\(name)")
    }
  }

  @Test(arguments: [
    ("/etc/passwd", false), ("../../x", false), ("a/../../../x", false), ("../b", true),
    ("b", true),
  ])
  func aFileThatBecomesALinkStaysInside(target: String, isFine: Bool) async throws {
    let path = try await newRepository()
    try FileManager.default.createDirectory(
      atPath: path.appending("sub").string, withIntermediateDirectories: true)
    let file = path.appending("sub/notes.txt")
    try writeFile(file, "text")
    try await git("add", "-A", in: path)
    try await git("commit", "-qm", "File", in: path)
    try FileManager.default.removeItem(atPath: file.string)
    try FileManager.default.createSymbolicLink(
      atPath: file.string, withDestinationPath: target)
    try await git("add", "-A", in: path)
    try await git("commit", "-qm", "Link", in: path)
    let tip = try #require(ObjectID(hex: try await git("rev-parse", "HEAD", in: path)))
    let error = try failure { try open(path).checkComplete(tip, knowing: []) }
    #expect((error == nil) == isFine)
  }

  /// The 20 bytes of a name.
  func bytes(_ id: ObjectID) -> [UInt8] {
    let digits = Array(id.hex)
    return stride(from: 0, to: 40, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
  }
}
