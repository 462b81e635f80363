import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct WalkTests {
  /// A history with two merges, whose commits have each its own second.
  func history() async throws -> FilePath {
    let path = try await newRepository()
    var second = 0
    func commit(_ name: String) async throws {
      second += 1
      try await commitFile(name, "\(second)", in: path, second: second)
    }
    func merge(_ branch: String) async throws {
      second += 1
      let date = "\(1_753_441_878 + second) +0000"
      try await git(
        "merge", "--quiet", "--no-ff", "-m", "Merge \(branch)", branch, in: path,
        environment: ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date])
    }
    try await commit("a")
    try await commit("a")
    try await git("checkout", "--quiet", "-b", "side", in: path)
    try await commit("b")
    try await git("checkout", "--quiet", "main", in: path)
    try await commit("a")
    try await git("checkout", "--quiet", "side", in: path)
    try await commit("b")
    try await git("checkout", "--quiet", "main", in: path)
    try await commit("a")
    try await merge("side")
    try await git("checkout", "--quiet", "-b", "other", "HEAD~1", in: path)
    try await commit("c")
    try await git("checkout", "--quiet", "main", in: path)
    try await commit("a")
    try await merge("other")
    return path
  }

  func walk(
    _ path: FilePath, from starts: [String] = ["main"], hiding hidden: [String] = [],
    order: WalkOrder = .time
  ) throws -> [String] {
    let repository = try open(path)
    var found: [String] = []
    try repository.walk(
      from: try starts.map { try repository.commitID(ofRevision: $0) },
      hiding: try hidden.map { try repository.commitID(ofRevision: $0) }, order: order
    ) {
      found.append($0.id.hex)
      return true
    }
    return found
  }

  func firstParents(_ path: FilePath, from start: String = "main") throws -> [String] {
    let repository = try open(path)
    var found: [String] = []
    try repository.walkFirstParents(from: try repository.commitID(ofRevision: start)) {
      found.append($0.id.hex)
      return true
    }
    return found
  }

  func log(_ path: FilePath, _ arguments: String...) async throws -> [String] {
    let result = try await runProgram("git", ["log", "--format=%H"] + arguments, in: path)
    return result.text.split(separator: "\n").map(String.init)
  }

  @Test func ordersAreGits() async throws {
    let path = try await history()
    let all = try await log(path, "main")
    #expect(all.count == 10)
    #expect(try walk(path) == all)
    #expect(try await firstParents(path) == log(path, "--first-parent", "main"))
    #expect(try await walk(path, hiding: ["side"]) == log(path, "main", "^side"))
    #expect(
      try await walk(path, from: ["side", "other"], hiding: ["main~3"])
        == log(path, "side", "other", "^main~3"))
    let topological = try walk(path, order: .topological)
    #expect(topological == (try await log(path, "--topo-order", "main")))
  }

  @Test func firstParentsAreFollowedWhateverTheTimes() async throws {
    let path = scratch.appending("times")
    try await git("init", "-q", "-b", "main", path.string, in: scratch)
    // All of one second, then an earlier one, as a clock that was set back makes.
    for (number, time) in (0..<20).map({ ($0, $0 < 19 ? 1_700_000_000 : 1_600_000_000) }) {
      try await git(
        "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty",
        "-m",
        "\(number)", in: path,
        environment: ["GIT_AUTHOR_DATE": "\(time) +0000", "GIT_COMMITTER_DATE": "\(time) +0000"])
    }
    let found = try firstParents(path)
    #expect(found.count == 20)
    for (number, id) in found.enumerated() {
      #expect(try await revision("main~\(number)", in: path).hex == id)
    }
  }

  @Test func falseEndsTheWalk() async throws {
    let path = try await history()
    let repository = try open(path)
    let start = try repository.commitID(ofRevision: "main")
    var count = 0
    try repository.walk(from: [start]) { _ in
      count += 1
      return count < 3
    }
    #expect(count == 3)
  }

  @Test func theBodysErrorPasses() async throws {
    let path = try await history()
    let repository = try open(path)
    let start = try repository.commitID(ofRevision: "main")
    #expect(throws: Unexpected.self) {
      try repository.walk(from: [start]) { _ in throw Unexpected("enough") }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 20]) func aShallowHistoryEndsAtItsCut(depth: Int) async throws {
    let path = try await history()
    try await git(
      "clone", "--quiet", "--depth", "\(depth)", "--no-single-branch", "file://\(path)", "clone",
      in: scratch)
    let clone = scratch.appending("clone")
    let repository = try open(clone)
    // A depth beyond the history cuts nothing.
    #expect(repository.isShallow == (depth < 20))
    for start in ["main", "origin/side"] {
      #expect(try await walk(clone, from: [start]) == log(clone, start))
      #expect(
        try await firstParents(clone, from: start) == log(clone, "--first-parent", start))
      #expect(
        try await walk(clone, from: [start], order: .topological)
          == log(clone, "--topo-order", start))
    }
    #expect(
      try await walk(clone, hiding: ["origin/side"]) == log(clone, "main", "^origin/side"))

    let main = try await revision("main", in: clone)
    for other in ["origin/side", "origin/other"] {
      let id = try await revision(other, in: clone)
      let result = try await runProgram("git", ["merge-base", "main", other], in: clone)
      let base = try repository.mergeBase(main, id)
      #expect(base?.hex ?? "" == result.line, "\(other)")
      let isAncestor = try await runProgram(
        "git", ["merge-base", "--is-ancestor", other, "main"], in: clone)
      #expect(try repository.isAncestor(id, of: main) == (isAncestor.status == 0), "\(other)")
    }
  }
}
