import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Writers who could not reach each other for weeks.
@Suite(.scratchDirectory) struct DivergenceTests {
  /// Runs a command as somebody, on a day of the summer of 2025.
  @discardableResult
  private func act(
    _ who: String, _ day: Int, in clone: FilePath, _ arguments: [String], status: Int32 = 0
  ) async throws -> ProgramResult {
    let date = "\(1_751_360_400 + day * 86_400) +0000"
    let result = try await gitstate(
      arguments, in: clone,
      environment: [
        "GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": "\(who.lowercased())@example.org",
        "GIT_COMMITTER_NAME": who, "GIT_COMMITTER_EMAIL": "\(who.lowercased())@example.org",
        "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date,
      ])
    #expect(result.status == status, "\(arguments): \(result.text)\(result.errors)")
    return result
  }

  private func putting(_ name: String, _ options: String...) -> [String] {
    ["put", "56-\(name)", "--network", "bscmainnet", "--quiet"] + options
  }

  @Test func afterWeeksApartAllIsThereAndTheLogSaysWhoDidIt() async throws {
    let first = try await sampleRepository("first")
    try await git("clone", "--quiet", "--bare", first.string, "store.git", in: scratch)
    let people = ["Ada", "Bob", "Cleo"]
    for who in people { try await git("clone", "--quiet", "store.git", who, in: scratch) }
    let clones = people.map { scratch.appending($0) }

    // Five weeks: each records contracts of their own, and they work on the same ones.
    for day in 0..<35 {
      let index = day % 3
      try await act(
        people[index], day, in: clones[index],
        putting("\(people[index])Day\(day)", "--address", address("7"), "--timestamp", "\(day + 1)")
      )
    }
    try await act(
      "Ada", 5, in: clones[0],
      putting("Token", "--address", address("a"), "--timestamp", "1753500000001"))
    try await act(
      "Bob", 9, in: clones[1],
      putting("Token", "--args-json", "[1]", "--timestamp", "1753500000002"))
    try await act("Cleo", 12, in: clones[2], ["delete", "84532-Token", "--quiet"])
    try await act(
      "Bob", 20, in: clones[1],
      putting("Oracle", "--address", address("b"), "--timestamp", "1753500000003"))
    try await act(
      "Cleo", 21, in: clones[2],
      putting("Oracle", "--address", address("c"), "--timestamp", "1753500000004"))

    try await act("Ada", 40, in: clones[0], ["sync", "--quiet"])
    try await act("Bob", 41, in: clones[1], ["sync", "--quiet"])
    // One field, two values: listed, and nothing is changed until somebody says which.
    let before = try await git("rev-parse", "HEAD", in: clones[2])
    let conflict = try await act("Cleo", 42, in: clones[2], ["sync", "--json"], status: 5)
    let conflicts = try #require(try JSONValue(parsing: conflict.output)["conflicts"]?.array)
    #expect(conflicts.map { $0["key"]?.string } == ["56-Oracle"])
    #expect(try await git("rev-parse", "HEAD", in: clones[2]) == before)
    try await act("Cleo", 42, in: clones[2], ["sync", "--quiet", "--resolve", "56-Oracle=theirs"])
    for (index, who) in people.enumerated() {
      try await act(who, 43, in: clones[index], ["sync", "--quiet"])
      try await expectSound(clones[index])
    }

    let tip = try await git("rev-parse", "main", in: scratch.appending("store.git"))
    for clone in clones { #expect(try await git("rev-parse", "HEAD", in: clone) == tip) }
    let records = try await json("list", "56", in: clones[0]).array ?? []
    #expect(records.count == 37)
    let token = try await json("get", "56-Token", in: clones[0])
    #expect(token["address"]?.string == address("a"))
    #expect(token["deploymentArgs"] == [1])
    #expect(
      try await json("get", "56-Oracle", in: clones[0])["address"]?.string == address("b"))
    #expect(try await gitstate("get", "84532-Token", in: clones[0]).status == 3)

    // Who did what, and when.
    for day in 0..<35 {
      let who = people[day % 3]
      let log = try await json("log", "56-\(who)Day\(day)", in: clones[(day + 1) % 3])
      #expect(log.array?.count == 1)
      #expect(
        log[0]?["author"]?["name"]?.string == who || log[0]?["author"]?.string == who, "\(log)")
    }
    let blame = try await succeed("blame", "56-Token", in: clones[2])
    let lines = blame.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("address") && $0.contains("Ada") }, "\(blame)")
    #expect(lines.contains { $0.hasPrefix("deploymentArgs") && $0.contains("Bob") }, "\(blame)")
  }
}
