import ArgumentParser
import GitState
import LosslessJSON

struct MigrateCutoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cutover",
    abstract: "Let reads come from git; writes still go to both sides.",
    discussion: """
      Only where both sides have the same; odd records are no hindrance. --accept-differences \
      switches all the same, and the commit says which contracts differ.
      """)

  @OptionGroup var step: PhaseOptions

  func run() async throws {
    let (accepts, reason) = (step.acceptDifferences, step.reason)
    try await step.run("reads come from git, writes go to git and LevelDB") {
      migration throws(StateError) in
      try migration.cutOver(acceptsDifferences: accepts, reason: reason)
    }
  }
}

struct MigrateCompleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "complete",
    abstract: "Write to git alone from now on.",
    discussion: "Refused while any write is pending. The LevelDB folder stays as it is.")

  @OptionGroup var step: PhaseOptions

  func run() async throws {
    let (accepts, reason) = (step.acceptDifferences, step.reason)
    try await step.run("LevelDB is written no more") { migration throws(StateError) in
      try migration.complete(acceptsDifferences: accepts, reason: reason)
    }
  }
}

struct MigrateRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Make LevelDB the truth again, from any phase.",
    discussion: """
      What was written meanwhile is copied to LevelDB first. Where another program has changed \
      LevelDB, its records hold from then on, and that needs --accept-differences.
      """)

  @OptionGroup var step: PhaseOptions

  func run() async throws {
    let (accepts, reason) = (step.acceptDifferences, step.reason)
    try await step.run("writes go to LevelDB and git, reads come from LevelDB") {
      migration throws(StateError) in
      try migration.rollBack(acceptsDifferences: accepts, reason: reason)
    }
  }
}

/// What the steps from phase to phase have in common.
struct PhaseOptions: ParsableArguments {
  @Flag(help: "Switch although the two sides differ.")
  var acceptDifferences = false

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var options: GlobalOptions

  /// Takes the step and says what holds from then on.
  func run(
    _ meaning: String,
    _ body: @escaping @Sendable (MigrationBackend) throws(StateError) -> MigrationStep
  ) async throws {
    let step = try await options.withMigration(body)
    options.warn(step.warnings)
    if options.json {
      Output.writeJSON(.object(step.json))
      return
    }
    let commit = step.commit.map { "[\($0.prefix(7))] " } ?? ""
    Output.line("\(commit)Phase \(step.phase.number) (\(step.phase.rawValue)): \(meaning).")
    for line in step.parity.map({ ParityText(report: $0).counts }) ?? [] { Output.line(line) }
    options.note(
      step.phase == .dualWrite
        ? "The way back to reads from git: gitstate migrate cutover, once gitstate migrate verify finds "
          + "no difference" : "The way back: gitstate migrate rollback")
  }
}
