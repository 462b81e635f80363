import Foundation

/// `gitstate-bench PROGRAM FOLDER OUTPUT.json [PART...]`: measures, prints a table, writes it as JSON.
@main struct Bench {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4 else {
      throw BenchmarkError("usage: gitstate-bench PROGRAM FOLDER OUTPUT.json [PART...]")
    }
    let fixtures = Fixtures(root: arguments[2] + "/gitstate-bench")
    let parts = Set(arguments[4...])
    let rounds = Int(ProcessInfo.processInfo.environment["ROUNDS"] ?? "") ?? 100
    let scale = Int(ProcessInfo.processInfo.environment["PUTS"] ?? "") ?? 100_000
    var report = Report()
    func wants(_ part: String) -> Bool { parts.isEmpty || parts.contains(part) }
    let writes = Writes(fixtures: fixtures, rounds: rounds)
    let reads = Reads(fixtures: fixtures, program: arguments[1])
    let imports = Imports(fixtures: fixtures, program: arguments[1])
    if wants("put") {
      try writes.single(contracts: 10, &report)
      try writes.single(contracts: 1000, &report)
    }
    if wants("group") { try await writes.group(&report) }
    if wants("import") {
      try imports.atOnce(records: 100_000, &report)
      try imports.history(records: 10_000, &report)
    }
    if wants("read") {
      try reads.cached(&report)
      try reads.oldRevision(commits: 100_000, &report)
    }
    if wants("memory") { try reads.memory(contracts: 20_000, &report) }
    if wants("sharing") {
      let sharing = Sharing(
        fixtures: fixtures, program: arguments[1], rounds: max(10, rounds / 5))
      try sharing.local(contracts: 100, &report)
    }
    if wants("json") { try reads.json(&report) }
    if wants("disk") { try imports.disk(puts: scale, &report) }
    if wants("growth") { try writes.growth(&report) }
    // For a profiler, such as perf.
    for contracts in [10, 1000] where parts.contains("profile-\(contracts)") {
      try writes.alone(contracts: contracts, &report)
    }
    if parts.contains("profile-batches") { try writes.batches(of: 64, &report) }
    try report.json.write(to: URL(fileURLWithPath: arguments[3]))
    try? FileManager.default.removeItem(atPath: fixtures.root)
  }
}
