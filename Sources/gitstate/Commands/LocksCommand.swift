import ArgumentParser
import GitState
import LosslessJSON

struct LocksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "locks",
    abstract: "List lock files, and remove stale ones.",
    discussion: """
      A lock that a crash left keeps git and gitstate from writing. A lock of git's counts as stale where no \
      process has it open, no program of git's works in the repository, and it is older than a \
      minute. gitstate's own locks end with their process, and are listed while it holds them; what an \
      interrupted write of its own has left is finished first. A repository that several machines share \
      must be looked at by hand: programs on another machine are not seen.
      """)

  @Flag(help: "Remove stale locks.")
  var remove = false

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let removes = remove
    let (locks, recovery) = try await options.openState().withGit { git throws(StateError) in
      (try git.locks(removesStale: removes), git.recoveryNote())
    }
    if let recovery { options.warn([recovery]) }
    if options.json {
      Output.writeJSON(
        .array(
          locks.map { lock in
            [
              "path": .string(lock.path), "age": .number(JSONNumber(lock.age)),
              "holders": .array(lock.holders.map { .string($0) }), "stale": .bool(lock.isStale),
              "removed": .bool(removes && lock.isStale),
            ]
          }))
      return
    }
    if locks.isEmpty, !options.quiet { Output.line("no locks") }
    for lock in locks {
      let state =
        lock.isStale
        ? removes ? "removed" : "stale"
        : !lock.holders.isEmpty
          ? "held by \(lock.holders.joined(separator: ", "))"
          : lock.owner.map { "of the user \($0), whose programs only that user and root can see" }
            ?? "recent"
      Output.line(
        "\(lock.path.escapingUnprintable): \(lock.age) s old, \(state.escapingUnprintable)")
    }
  }
}
