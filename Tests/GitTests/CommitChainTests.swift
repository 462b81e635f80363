import Git
import SystemPackage
import TestSupport
import Testing

/// Commits that are made without a repository, beside those that are made with one.
@Suite(.scratchDirectory) struct CommitChainTests {
  private typealias Files = [String: [UInt8]?]

  private let committer = Signature(
    name: "Carol", email: "carol@example.org", time: 1_753_441_900, offset: 60)

  /// Versions of files in a folder that is nested, come and go, and once are as they were before.
  private func steps(_ count: Int) -> [Files] {
    var lines = (0..<60).map { "\"Token\($0)\": \"0\"\n" }
    return (0..<count).map { number in
      lines[number % 60] = "\"Token\(number % 60)\": \"\(number / 3)\"\n"
      var files: Files = ["a/b/one.json": Array(lines.joined().utf8)]
      if number % 4 == 1 { files["a/b/two.json"] = Array("two \(number % 8)\n".utf8) }
      if number % 8 == 7 { files.updateValue(nil, forKey: "a/b/two.json") }
      if number % 9 == 5 { files = ["a/b/c/three.json": Array("x\n".utf8)] }
      if number % 9 == 6 { files = [:]; files.updateValue(nil, forKey: "a/b/c/three.json") }
      return files
    }
  }

  private func author(_ number: Int) -> Signature {
    Signature(
      name: "Ada", email: "ada@example.org", time: Int64(1_753_441_878 + number / 2), offset: 0)
  }

  private func write(
    _ steps: [Files], on tip: ObjectID?, with chain: CommitChain, in path: FilePath,
    compresses: Bool = true
  )
    throws -> CommitChain.Made
  {
    let repository = try open(path)
    chain.begin(
      on: try repository.chainBase(tip, folder: "a/b"), committer: committer,
      compresses: compresses)
    chain.append(
      steps.enumerated().map { number, files in
        CommitChain.Step(
          files: files.sorted { $0.key < $1.key }.map { path, content in
            (path, content.map { ($0, .blob) })
          }, author: author(number)
        ) { "Step \(number)\n" }
      })
    return try chain.finish()
  }

  /// The same commits, one object after the other.
  private func commits(_ steps: [Files], on tip: ObjectID?, in path: FilePath) throws -> [ObjectID]
  {
    let repository = try open(path)
    var (parent, commits) = (tip, [ObjectID]())
    for (number, files) in steps.enumerated() {
      let changes = try files.map { path, content in
        (path: path, entry: try content.map { (try repository.writeBlob($0), Git.FileMode.blob) })
      }
      let root = try parent.map { try repository.commit($0).tree }
      let tree = try repository.writeTree(root, replacing: changes)
      let commit = try repository.writeCommit(
        tree: tree, parents: [parent].compactMap(\.self), author: author(number),
        committer: committer, message: "Step \(number)\n")
      (parent, commits) = (commit, commits + [commit])
    }
    return commits
  }

  /// Puts what was made on disk.
  private func publish(_ made: CommitChain.Made, in path: FilePath) throws -> StagedObjects {
    let repository = try Repository(opening: path.string, environment: [:], holdsObjects: true)
    try repository.hold(made)
    // Seen before it is on disk.
    for commit in made.commits.suffix(1) {
      let tree = try repository.commit(commit).tree
      for (file, blob) in made.blobs {
        let path = String(decoding: file, as: UTF8.self)
        #expect(try repository.entry(at: path, in: tree)?.id == blob)
      }
    }
    let area = try StagingArea(path.appending(".git/staged").string, method: .none)
    let objects = try repository.stageObjects(in: area)
    try area.flush()
    try objects.publish(area)
    return objects
  }

  /// How many bytes objects of a type have on disk, and how many they have, all together.
  private func sizes(_ type: String, in path: FilePath) async throws -> (disk: Int, full: Int) {
    let lines = try await git(
      "cat-file", "--batch-all-objects",
      "--batch-check=%(objecttype) %(objectsize:disk) %(objectsize)", in: path)
    var sizes = (disk: 0, full: 0)
    for line in lines.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard parts.count == 3, parts[0] == type else { continue }
      sizes.disk += Int(parts[1]) ?? 0
      sizes.full += Int(parts[2]) ?? 0
    }
    return sizes
  }

  @Test func whatWasNotCompressedIsOncePacksAreJoined() async throws {
    let path = try await newRepository()
    let chain = CommitChain()
    var tip: ObjectID?
    let steps = steps(51 * 8).map { $0.filter { $0.key == "a/b/one.json" } }
    for number in 0..<51 {
      let part = Array(steps[number * 8..<number * 8 + 8])
      let made = try write(part, on: tip, with: chain, in: path, compresses: false)
      _ = try publish(made, in: path)
      tip = made.commits.last
    }
    let last = try #require(tip)
    try await git("update-ref", "refs/heads/main", last.hex, in: path)
    try await fsck(path)
    let contents = try await runProgram(
      "git", ["cat-file", "--batch-all-objects", "--batch"], in: path
    ).output
    let (before, full) = try await sizes("commit", in: path)
    #expect(before > full)
    let report = try open(path).pack(in: path.appending(".git/packing").string, isFull: false)
    #expect(report.removedPacks == 51)
    let (after, _) = try await sizes("commit", in: path)
    #expect(after < full * 9 / 10)
    #expect(
      try await runProgram("git", ["cat-file", "--batch-all-objects", "--batch"], in: path).output
        == contents)
    try await git("fsck", "--strict", "--full", in: path)
    let index = try entries(of: path.appending(".git/objects/pack")).filter { $0.hasSuffix(".idx") }
    #expect(index.count == 1)
    try await git("verify-pack", ".git/objects/pack/\(index[0])", in: path)
  }

  @Test(arguments: [false, true]) func theyAreTheSameCommits(isFirst: Bool) async throws {
    let path = try await newRepository()
    try makeFolders(path.appending("a/b"))
    let tip = isFirst ? nil : try await commitFile("a/b/one.json", "old\n", in: path)
    let other = try await newRepository("other")
    if !isFirst { try await git("pull", "-q", path.string, "main", in: other) }
    let steps = steps(100)
    let chain = CommitChain()
    // What was begun before is given up.
    chain.begin(
      on: try open(path).chainBase(tip, folder: "a/b"), committer: committer)
    chain.append([
      CommitChain.Step(files: [("a/b/x", (Array("x".utf8), .blob))], author: ada) { "Not this\n" }
    ])
    let made = try write(steps, on: tip, with: chain, in: path)
    #expect(try made.commits == commits(steps, on: tip, in: other))
    let objects = try publish(made, in: path)
    #expect(Set(objects.ids).count == objects.ids.count)
    #expect(try objects.areInPlace)
    let last = try #require(made.commits.last)
    try await git("update-ref", "refs/heads/main", last.hex, in: path)
    try await fsck(path)
    #expect(
      try await git("rev-list", "--count", "main", in: path) == (isFirst ? "100" : "101"))
    #expect(
      try await git("log", "--format=%T %an %at %cn %ct %B", "main", in: path)
        == git("log", "--format=%T %an %at %cn %ct %B", last.hex, in: other))
    // The chain can be used again.
    let more = try write(Array(steps.prefix(3)), on: last, with: chain, in: path)
    #expect(more.commits.count == 3 && !made.commits.contains(more.commits[0]))
  }

  @Test func whatCannotBeMadeIsSaid() async throws {
    let path = try await newRepository()
    let tip = try await commitFile("a", "a file where a folder would be\n", in: path)
    let error = try failure {
      _ = try write(steps(20), on: tip, with: CommitChain(), in: path)
    }
    #expect(error?.code == .conflict)
    let nothing = try failure { _ = try CommitChain().finish() }
    #expect(nothing?.code == .failed)
  }
}
