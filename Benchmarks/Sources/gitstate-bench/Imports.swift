import CPeers
import Foundation
import GitState
import LosslessJSON

/// Imports, and what a long history takes on disk.
struct Imports {
  let fixtures: Fixtures
  let program: String

  private func makeLevelDB(_ name: String, records: Int, chains: Int) throws -> String {
    let path = try fixtures.folder(name)
    try check(peer_leveldb_open(path), "LevelDB open")
    defer { peer_leveldb_close() }
    for number in 0..<records {
      let record = Fixtures.contract(
        number / chains, chain: UInt64(1 + number % chains), address: number)
      let value = JSONValue.object(record.record).serialized(.compact)
      try check(
        peer_leveldb_put(record.key.description, value, value.count, 0), "LevelDB put")
    }
    return path
  }

  func atOnce(records: Int, _ report: inout Report) throws {
    let source = try makeLevelDB("import", records: records, chains: 20)
    let path = try fixtures.repository("imported")
    let start = ContinuousClock.now
    let (_, memory) = try run(program, ["import", "leveldb", source, "--quiet"], in: path)
    let seconds = (ContinuousClock.now - start).seconds
    report.add("import of \(records) records, 20 networks", "GitState", seconds, "s")
    report.add(
      "import of \(records) records, 20 networks", "GitState, most memory",
      Double(memory) / 1e6, "MB")
  }

  func history(records: Int, _ report: inout Report) throws {
    let what = "import --history of \(records) records"
    let source = try makeLevelDB("history-source", records: records, chains: 20)
    let path = try fixtures.repository("history-imported")
    let start = ContinuousClock.now
    try run(program, ["import", "leveldb", source, "--history", "--quiet"], in: path)
    report.add(
      what, "GitState", Double(records) / (ContinuousClock.now - start).seconds, "commits/s")
    let stream = "\(fixtures.root)/history-import.stream"
    try run("sh", ["-c", "git fast-export main > '\(stream)'"], in: path)
    let writes = Writes(fixtures: fixtures, rounds: 1)
    report.add(what, "git fast-import", try writes.fastImport(stream, records), "commits/s")
  }

  func disk(puts: Int, _ report: inout Report) throws {
    let what = "disk after \(puts) single puts"
    let path = try fixtures.repository("disk", contracts: 10)
    let backend = try GitBackend(GitBackendOptions(directory: path, durability: .none))
    let times = try measure(puts) { round in
      try fixtures.apply([Fixtures.contract(round % 10, address: 1000 + round)], to: backend)
    }
    report.add("\(puts) puts, not synced", "GitState", times)
    func size() throws -> Double {
      let text = try run("du", ["-sk", ".git/objects"], in: path).output
      return (Double(text.split(separator: "\t").first ?? "") ?? .nan) / 1024
    }
    report.add(what, "as they left it", try size(), "MB")
    let start = ContinuousClock.now
    // The upkeep of this process may still be packing, and counts.
    try run(program, ["optimize", "--quiet", "--lock-timeout", "600"], in: path)
    report.add(
      "optimize after \(puts) puts", "GitState", (ContinuousClock.now - start).seconds, "s")
    report.add(what, "after gitstate optimize", try size(), "MB")
    try run("git", ["gc", "-q", "--prune=now"], in: path)
    report.add(what, "after git gc", try size(), "MB")
  }
}
