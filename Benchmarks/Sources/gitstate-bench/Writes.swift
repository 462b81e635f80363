import CPeers
import Foundation
import GitState

/// Durable writes, beside what git, libgit2 and plain files take for the same.
struct Writes {
  let fixtures: Fixtures
  let rounds: Int

  /// One caller that puts one contract at a time.
  func single(contracts: Int, _ report: inout Report) throws {
    let what = "one durable put, \(contracts) contracts in the file"
    let path = try fixtures.repository("put", contracts: contracts)
    let file = "deployments/net56.json"
    let backend = try GitBackend(GitBackendOptions(directory: path))
    func put(_ round: Int) throws {
      try fixtures.apply(
        [Fixtures.contract(round % contracts, address: 1000 + round)], to: backend)
    }
    // The peers write versions of the very same file.
    var contents: [Data] = []
    for round in 0..<50 {
      try put(round)
      contents.append(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)")))
    }
    var contest = Contest()
    contest.add("GitState", rounds: rounds) { try put(50 + $0) }
    contest.add(
      "git commit, core.fsync=all", rounds: min(rounds, 50), try gitCommit(contents, file))
    contest.add("libgit2 with fsync", rounds: rounds, try libgit2Commit(contents, file))
    defer { peer_git_close() }
    let folder = try fixtures.folder("plain")
    contest.add("create, fsync, rename, fsync folder", rounds: rounds) { round in
      let content = contents[round % contents.count]
      try content.withUnsafeBytes {
        try check(peer_replace(folder, "file", $0.baseAddress, $0.count), "replace")
      }
    }
    try contest.run { report.add(what, $0, $1) }
    if let times = try pygit2Commits(contents, file) {
      report.add(what, "pygit2 with fsync", times)
    }
  }

  /// Puts without peers, and the time of the processor that they take.
  func alone(contracts: Int, _ report: inout Report) throws {
    let path = try fixtures.repository("alone", contracts: contracts)
    let backend = try GitBackend(GitBackendOptions(directory: path))
    let start = clock()
    let times = try measure(rounds) { round in
      try fixtures.apply(
        [Fixtures.contract(round % contracts, address: 1000 + round)], to: backend)
    }
    let busy = Double(clock() - start) / Double(CLOCKS_PER_SEC) / Double(rounds)
    report.add("a put, \(contracts) contracts", "GitState", times)
    report.add("a put, \(contracts) contracts", "GitState, processor", busy * 1000, "ms")
  }

  /// Batches of commits as one caller writes them, without peers.
  func batches(of count: Int, _ report: inout Report) throws {
    let backend = try GitBackend(
      GitBackendOptions(directory: try fixtures.repository("batches", contracts: 10)))
    let start = clock()
    let times = try measure(max(3, rounds / 5)) { round in
      let operations = (0..<count).map { caller in
        let contract = Fixtures.contract(caller % 10, address: 10_000 + round * count + caller)
        return GitState.Operation(.put, [.put(contract)])
      }
      for result in backend.apply(operations) { _ = try result.get() }
    }
    let busy = Double(clock() - start) / Double(CLOCKS_PER_SEC) / Double(times.values.count)
    report.add("a batch of \(count) commits", "GitState", times)
    report.add("a batch of \(count) commits", "GitState, processor", busy * 1000, "ms")
  }

  /// Commits versions of a file in turn with `git commit`.
  private func gitCommit(_ contents: [Data], _ file: String) throws -> (Int) throws -> Void {
    let path = try fixtures.repository("git-commit")
    try FileManager.default.createDirectory(
      atPath: "\(path)/deployments", withIntermediateDirectories: true)
    let pathOfFile = URL(fileURLWithPath: "\(path)/\(file)")
    try contents[contents.count - 1].write(to: pathOfFile)
    try run("git", ["add", "."], in: path)
    try run("git", ["commit", "-qm", "first"], in: path)
    return { round in
      try contents[round % contents.count].write(to: pathOfFile)
      try run("git", ["commit", "-qam", "bench: change Token \(round)", "--allow-empty"], in: path)
    }
  }

  /// Commits versions of a file in turn with libgit2, until `peer_git_close`.
  private func libgit2Commit(_ contents: [Data], _ file: String) throws -> (Int) throws -> Void {
    let path = try fixtures.repository("libgit2")
    try FileManager.default.createDirectory(
      atPath: "\(path)/deployments", withIntermediateDirectories: true)
    try check(peer_git_open(path), "libgit2 open")
    return { round in
      var content = contents[round % contents.count]
      // Each version is new, as ours were.
      content.append(Data("\n".utf8) + Data(repeating: 32, count: round / contents.count))
      try content.withUnsafeBytes {
        try check(
          peer_git_commit(file, "\(path)/\(file)", $0.baseAddress, $0.count), "libgit2 commit")
      }
    }
  }

  /// The same through pygit2, timed inside Python; nil where no Python has it.
  private func pygit2Commits(_ contents: [Data], _ file: String) throws -> Times? {
    // Debian's packages are for its own Python, which need not be the first in the path.
    let pythons = ["python3", "/usr/bin/python3"]
    let python = pythons.first { (try? run($0, ["-c", "import pygit2"], in: "/")) != nil }
    guard let python else { return nil }
    let path = try fixtures.repository("pygit2")
    try FileManager.default.createDirectory(
      atPath: "\(path)/deployments", withIntermediateDirectories: true)
    let versions = try fixtures.folder("pygit2-versions")
    for (index, content) in contents.enumerated() {
      try content.write(to: URL(fileURLWithPath: "\(versions)/\(index)"))
    }
    let script = """
      import pygit2, time
      pygit2.option(pygit2.GIT_OPT_ENABLE_FSYNC_GITDIR, True)
      versions = [open(f'\(versions)/{n}', 'rb').read() for n in range(\(contents.count))]
      repository = pygit2.Repository('.')
      for number in range(\(rounds)):
        # Each version is new, as ours were.
        content = versions[number % len(versions)] + b'\\n' + b' ' * (number // len(versions))
        start = time.perf_counter()
        open('\(file)', 'wb').write(content)
        index = repository.index
        index.add('\(file)')
        index.write()
        me = pygit2.Signature('Ada', 'ada@example.org')
        parents = [] if repository.head_is_unborn else [repository.head.target]
        repository.create_commit(
          'HEAD', me, me, 'bench: change Token\\n', index.write_tree(), parents)
        print(time.perf_counter() - start)
      """
    let output = try run(python, ["-c", script], in: path).output
    return Times(values: output.split(separator: "\n").compactMap { Double($0) })
  }

  /// 64 callers at once, each with one put, each put one commit.
  func group(_ report: inout Report) async throws {
    let what = "64 callers at once, one commit each"
    let path = try fixtures.repository("group", contracts: 10)
    let backend = try GitBackend(GitBackendOptions(directory: path))
    let state = StateManager(backend: backend)
    var (rates, imports): ([Double], [Double]) = ([], [])
    let (stream, count) = ("\(fixtures.root)/group.stream", max(10, rounds / 5))
    var commits = 0
    // In turns, so that both have the same of what slows a machine down for a while.
    for turn in 0..<Contest.turns {
      for round in turn * count..<(turn + 1) * count {
        // What is deployed is there before it is recorded.
        let contracts = (0..<64).map { caller in
          Fixtures.contract(caller % 10, address: 10_000 + round * 64 + caller)
        }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
          for contract in contracts { group.addTask { try await state.put(contract) } }
          try await group.waitForAll()
        }
        rates.append(64 / (ContinuousClock.now - start).seconds)
      }
      if turn == 0 {
        _ = try run("sh", ["-c", "git fast-export main > '\(stream)'"], in: path)
        commits =
          Int(try run("git", ["rev-list", "--count", "main"], in: path).output.trimmed) ?? 0
      }
      imports.append(try fastImport(stream, commits, times: 1))
    }
    await state.close()
    report.add(what, "GitState", Times(values: rates).median, "commits/s")
    report.add(
      what, "git fast-import, the same \(commits)", Times(values: imports).median, "commits/s")
    try levelDB(report: &report)
  }

  private func levelDB(report: inout Report) throws {
    let path = try fixtures.folder("leveldb-put")
    try check(peer_leveldb_open(path), "LevelDB open")
    defer { peer_leveldb_close() }
    let value = Array(repeating: UInt8(ascii: "x"), count: 300)
    let times = try measure(rounds * 2) { round in
      try check(peer_leveldb_put("56-\(round)", value, value.count, 1), "LevelDB put")
    }
    report.add("one synced put of 300 bytes", "LevelDB", times)
  }

  /// The rate of `git fast-import` with a stream, synced.
  func fastImport(_ stream: String, _ commits: Int, times: Int = 3) throws -> Double {
    var rates: [Double] = []
    for _ in 0..<times {
      let path = try fixtures.repository("fast-import")
      let start = ContinuousClock.now
      let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: stream))
      try run("git", ["fast-import", "--quiet"], in: path, input: input)
      rates.append(Double(commits) / (ContinuousClock.now - start).seconds)
    }
    return Times(values: rates).median
  }

  /// How a put's time grows with the file and with the history.
  func growth(_ report: inout Report) throws {
    for contracts in [10, 30, 100, 300, 1000, 3000, 10_000] {
      let path = try fixtures.repository("growth", contracts: contracts)
      let backend = try GitBackend(GitBackendOptions(directory: path))
      let times = try measure(rounds) { round in
        try fixtures.apply(
          [Fixtures.contract(round % contracts, address: 1000 + round)], to: backend)
      }
      report.add("put by contracts", "\(contracts)", times)
    }
    for commits in [0, 100, 1000, 10_000, 100_000] {
      let path = try fixtures.repository("history")
      if commits > 0 { try fixtures.makeHistory(commits, in: path) }
      let backend = try GitBackend(GitBackendOptions(directory: path))
      let times = try measure(rounds) { round in
        try fixtures.apply([Fixtures.contract(round % 10, address: 1000 + round)], to: backend)
      }
      report.add("put by commits", "\(commits)", times)
    }
  }
}

func check(_ status: Int32, _ what: String) throws {
  guard status == 0 else { throw BenchmarkError("\(what) failed: \(status)") }
}

extension String {
  var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
