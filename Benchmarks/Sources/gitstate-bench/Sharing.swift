import Foundation
import GitState

/// Sharing a small change with a remote, beside what git takes for the same, program against program.
struct Sharing {
  let fixtures: Fixtures
  let program: String
  let rounds: Int

  /// Who shares: each has a remote of its own, alike at the beginning, and two clones of it.
  private struct Team {
    let name: String
    /// The clone whose commands are measured, and one that makes changes there, too.
    let clone: String
    let other: String
    let push: [[String]]
    let pull: [[String]]
    let sync: [[String]]
  }

  /// A remote on this machine, reached by its path.
  func local(contracts: Int, _ report: inout Report) throws {
    let teams = try [("GitState", false), ("git", false), ("git, core.fsync=all", true)].map {
      try team($0.0, isSyncing: $0.1, contracts: contracts)
    }
    let what = "of 1 in \(contracts) contracts"
    // One after the other in each round, so that all see the same machine.
    try compare("push \(what)", teams, &report, \.push) { team, round in
      try change(team.clone, contracts, round)
    }
    try compare("pull \(what)", teams, &report, \.pull) { team, round in
      try publish(team.other, contracts, 1000 + round)
    }
    try compare("sync, new here, \(what)", teams, &report, \.sync) { team, round in
      try change(team.clone, contracts, 2000 + round)
    }
    try compare("sync, new on both sides, \(what)", teams, &report, \.sync) { team, round in
      try run("git", ["pull", "-q", "--ff-only"], in: team.other)
      try publish(team.other, contracts, 3000 + round)
      try change(team.clone, contracts, 4000 + round + contracts / 2)
    }
  }

  private func compare(
    _ what: String, _ teams: [Team], _ report: inout Report,
    _ commands: KeyPath<Team, [[String]]>, _ prepare: (Team, Int) throws -> Void
  ) throws {
    var times: [[Double]] = teams.map { _ in [] }
    for round in 0..<rounds {
      for (index, team) in teams.enumerated() {
        try prepare(team, round)
        let start = ContinuousClock.now
        for command in team[keyPath: commands] {
          try run(command[0], Array(command.dropFirst()), in: team.clone)
        }
        times[index].append((ContinuousClock.now - start).seconds)
      }
    }
    for (index, team) in teams.enumerated() {
      report.add(what, team.name, Times(values: times[index]))
    }
    let ratio = Times(values: times[0]).median / Times(values: times[1]).median
    report.add(what, "GitState / git", ratio, "times")
  }

  private func team(_ name: String, isSyncing: Bool, contracts: Int) throws -> Team {
    let folder = "sharing-\(name.filter(\.isLetter))"
    let first = try fixtures.repository("\(folder)-first", contracts: contracts)
    let root = try fixtures.folder(folder)
    try run("git", ["clone", "-q", "--bare", first, "store.git"], in: root)
    for clone in ["clone", "other"] {
      try run("git", ["clone", "-q", "store.git", clone], in: root)
      if isSyncing { try run("git", ["config", "core.fsync", "all"], in: "\(root)/\(clone)") }
    }
    let isOurs = name == "GitState"
    let pull = ["git", "pull", "-q", "--no-rebase", "--no-edit"]
    return Team(
      name: name, clone: "\(root)/clone", other: "\(root)/other",
      push: isOurs ? [[program, "push", "--quiet"]] : [["git", "push", "-q"]],
      pull: isOurs ? [[program, "pull", "--quiet"]] : [pull],
      sync: isOurs ? [[program, "sync", "--quiet"]] : [pull, ["git", "push", "-q"]])
  }

  private func change(_ clone: String, _ contracts: Int, _ round: Int) throws {
    let backend = try GitBackend(GitBackendOptions(directory: clone))
    try fixtures.apply([Fixtures.contract(round % contracts, address: 10_000 + round)], to: backend)
  }

  private func publish(_ clone: String, _ contracts: Int, _ round: Int) throws {
    try run("git", ["pull", "-q", "--ff-only"], in: clone)
    try change(clone, contracts, round)
    try run("git", ["push", "-q"], in: clone)
  }
}
