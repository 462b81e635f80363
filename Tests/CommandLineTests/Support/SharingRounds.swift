import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// How often each clone records and shares in the long form of the tests (`make rounds`).
let longRounds = ProcessInfo.processInfo.environment["GITSTATE_ROUNDS"].flatMap { Int($0) }

/// Lets clones record and share at once, round after round, and proves that nothing is lost: each record
/// is in the remote, as a commit of its own, and all clones end at the same commit.
func shareInRounds(
  _ clones: [FilePath], of store: FilePath, rounds: Int, transport: String,
  environment: [String: String] = [:]
) async throws {
  func sync(_ clone: FilePath) async throws {
    try await succeed("sync", "--quiet", "--timeout", "120", in: clone, environment: environment)
  }
  let start = ContinuousClock.now
  try await withThrowingTaskGroup(of: Void.self) { group in
    for (number, clone) in clones.enumerated() {
      group.addTask {
        for round in 0..<rounds {
          try await put("Clone\(number)Round\(round)", "9", in: clone)
          try await sync(clone)
        }
      }
    }
    try await group.waitForAll()
  }
  let time = ContinuousClock.now - start
  for clone in clones { try await sync(clone) }
  let tip = try await git("rev-parse", "main", in: store)
  // Who touched what, over the whole history: one commit for each record.
  let commits = try await git(
    "log", "--no-merges", "--format=%(trailers:key=GitState-Contract,valueonly)", "main", in: store)
  let recorded = commits.split(separator: "\n").map(String.init)
  var lost = 0
  for (number, clone) in clones.enumerated() {
    #expect(try await git("rev-parse", "HEAD", in: clone) == tip)
    try await expectSound(clone)
    let names = Set(
      try await json("list", "56", in: clone).array?.compactMap { $0["contractName"]?.string } ?? []
    )
    for other in clones.indices {
      for round in 0..<rounds where !names.contains("Clone\(other)Round\(round)") { lost += 1 }
    }
    for round in 0..<rounds {
      let key = "56-Clone\(number)Round\(round)"
      #expect(recorded.count { $0 == key } == 1, "\(key)")
    }
  }
  #expect(lost == 0)
  try await git("fsck", "--strict", "--no-dangling", in: store)
  let merges = try await git("rev-list", "--count", "--merges", "main", in: store)
  print(
    "rounds: \(transport), \(clones.count) clones, \(clones.count * rounds) rounds and records, "
      + "\(merges) merges, \(time.components.seconds) s, lost=\(lost)")
}
