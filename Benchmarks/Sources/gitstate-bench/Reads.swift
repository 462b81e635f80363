import CPeers
import Foundation
import GitState
import LosslessJSON

/// Reads, and JSON by itself.
struct Reads {
  let fixtures: Fixtures
  let program: String

  func cached(_ report: inout Report) throws {
    let what = "a cached read, one core"
    let path = try fixtures.repository("reads", contracts: 1000)
    let backend = try GitBackend(GitBackendOptions(directory: path))
    let keys = (0..<1000).map { Fixtures.contract($0, address: 1).key }
    func rate(_ body: (Int) throws -> Void) rethrows -> Double {
      let count = 200_000
      let times = try measure(5) { _ in for number in 0..<count { try body(number) } }
      return Double(count) / times.median
    }
    _ = try backend.contract(keys[0])
    let ours = try rate { number in _ = try backend.contract(keys[number % 1000]) }
    report.add(what, "GitState backend", ours / 1e6, "million/s")
    let snapshot = try backend.snapshot()
    report.add(
      what, "GitState snapshot",
      try rate { number in _ = try snapshot.contract(keys[number % 1000]) } / 1e6, "million/s")
    let single = try measure(20_000) { round in _ = try backend.contract(keys[round % 1000]) }
    report.add(what, "GitState, one read in us", single.median * 1e6, "us", p99: single.p99 * 1e6)

    let folder = try fixtures.folder("leveldb-get")
    try check(peer_leveldb_open(folder), "LevelDB open")
    defer { peer_leveldb_close() }
    for number in 0..<1000 {
      let record = Fixtures.contract(number, address: 1)
      let value = JSONValue.object(record.record).serialized(.compact)
      try check(
        peer_leveldb_put(record.key.description, value, value.count, 0), "LevelDB put")
    }
    let names = keys.map(\.description)
    let theirs = try rate { number in
      var value = [UInt8](repeating: 0, count: 4096)
      let size = peer_leveldb_get(names[number % 1000], &value, value.count)
      guard size > 0 else { throw BenchmarkError("LevelDB get failed") }
      _ = try Contract(
        record: JSONValue(parsing: Array(value[..<size])).object ?? JSONObject())
    }
    report.add(what, "LevelDB get and decoding", theirs / 1e6, "million/s")
  }

  /// What a parsed file takes of memory, all its records decoded, for each byte of its text.
  func memory(contracts: Int, _ report: inout Report) throws {
    let path = try fixtures.repository("memory", contracts: contracts)
    let size = try Data(contentsOf: URL(fileURLWithPath: "\(path)/deployments/net56.json")).count
    let backend = try GitBackend(GitBackendOptions(directory: path, cacheSize: 1 << 30))
    let keys = (0..<contracts).map { Fixtures.contract($0, address: 1).key }
    let before = peer_allocated()
    for key in keys { _ = try backend.contract(key) }
    report.add(
      "memory of a file of \(contracts) contracts", "GitState",
      Double(peer_allocated() - before) / Double(size), "bytes a byte")
  }

  /// Runs a program with as little around it as can be: Foundation's own way takes milliseconds.
  private func spawn(_ arguments: [String]) -> Int32 {
    var pointers: [UnsafePointer<CChar>?] = arguments.map { UnsafePointer(strdup($0)) }
    pointers.append(nil)
    defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
    return peer_run(pointers)
  }

  func oldRevision(commits: Int, _ report: inout Report) throws {
    let path = try fixtures.repository("old")
    try fixtures.makeHistory(commits, in: path)
    let key = Fixtures.contract(3, address: 1).key
    let log = try run("git", ["rev-list", "main"], in: path).output.split(separator: "\n")
    let times = try measure(20) { round in
      let backend = try GitBackend(GitBackendOptions(directory: path))
      let revision = String(log[(round + 1) * log.count / 22])
      guard try backend.snapshot(at: revision).contract(key) != nil else {
        throw BenchmarkError("no contract at \(revision)")
      }
    }
    report.add("read at an old revision, cold, \(commits) commits", "GitState", times)
    let process = try measure(50) { _ in
      try check(spawn([program, "-C", path, "get", "56-Token000003", "--quiet"]), "gitstate get")
    }
    report.add("gitstate get, the whole process", "GitState", process)
    let git = try measure(50) { _ in
      try check(spawn(["git", "-C", path, "show", "main:deployments/net56.json"]), "git show")
    }
    report.add("gitstate get, the whole process", "git show", git)
  }

  func json(_ report: inout Report) throws {
    let size = 35_000
    let path = try fixtures.repository("json", contracts: size)
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/deployments/net56.json"))
    let what = "JSON, \(data.count / 1_000_000) MB: "
    let bytes = Array(data)
    var value = JSONValue.null
    report.add(
      what + "parse", "LosslessJSON",
      try measure(5) { _ in value = try JSONValue(parsing: bytes) })
    var object: Any = 0
    report.add(
      what + "parse", "Foundation",
      try measure(5) { _ in object = try JSONSerialization.jsonObject(with: data) })
    report.add(what + "print", "LosslessJSON", measure(5) { _ in _ = value.serialized(.pretty) })
    report.add(
      what + "print", "Foundation",
      try measure(5) { _ in
        _ = try JSONSerialization.data(withJSONObject: object, options: .prettyPrinted)
      })
    let script = """
      import json, statistics, time
      text = open('deployments/net56.json', 'rb').read()
      def median(f): 
        times = []
        for _ in range(5):
          start = time.perf_counter(); f(); times.append(time.perf_counter() - start)
        return statistics.median(times) * 1000
      value = json.loads(text)
      print(median(lambda: json.loads(text)), median(lambda: json.dumps(value, indent=2)))
      """
    let python = try run("python3", ["-c", script], in: path).output.split(separator: " ")
      .compactMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    guard python.count == 2 else { throw BenchmarkError("python3 printed no times") }
    report.add(what + "parse", "Python's json", python[0], "ms")
    report.add(what + "print", "Python's json", python[1], "ms")
  }
}
