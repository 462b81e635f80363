import ArgumentParser
import GitState
import LosslessJSON

struct MigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Move from a LevelDB folder to git while both are in use.",
    discussion: """
      Phase 1 (start): every write goes to both, reads come from LevelDB. 'sync' copies what git \
      lacks, 'verify' compares. Phase 2 (cutover): reads come from git, and from LevelDB where git \
      fails. Phase 3 (complete): LevelDB is written no more. 'rollback' makes LevelDB the truth \
      again, with what was written meanwhile. The phase belongs to this clone: all other commands \
      follow it.
      """,
    subcommands: [
      MigrateStartCommand.self, MigrateStatusCommand.self, MigrateSyncCommand.self,
      MigrateVerifyCommand.self, MigrateCutoverCommand.self, MigrateCompleteCommand.self,
      MigrateRollbackCommand.self,
    ])
}

extension GlobalOptions {
  /// Does something with the migration on this clone.
  func withMigration<Value: Sendable>(
    _ body: @escaping @Sendable (MigrationBackend) throws(StateError) -> Value
  ) async throws(StateError) -> Value {
    try await openState().withBackend(named: "migrate") { backend throws(StateError) in
      guard let migration = backend as? MigrationBackend else {
        throw StateError(
          .invalidArgument,
          "a migration leads to git; leave out the setting backend=\(backend.type)")
      }
      return try body(migration)
    }
  }
}

struct MigrateStartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "start",
    abstract: "Begin: from now on writes go to both sides, reads come from LevelDB.",
    discussion: "Nothing is copied yet; 'gitstate migrate sync' does that.")

  @Option(
    help: ArgumentHelp("Where the old state is, as leveldb:PATH.", valueName: "source"),
    completion: .directory)
  var from: String

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard from.hasPrefix("leveldb:"), from.utf8.count > 8 else {
      throw ValidationError("--from takes leveldb:PATH, not '\(from)'")
    }
  }

  func run() async throws {
    let path = options.inFolder(String(from.dropFirst("leveldb:".count)))
    let report = try await options.withMigration { migration throws(StateError) in
      try migration.start(from: path)
    }
    if options.json {
      Output.writeJSON(.object(report.json))
      return
    }
    Output.line(
      "Phase 1 (dual-write): writes go to LevelDB and git, reads come from LevelDB.")
    for line in ParityText(report: report).counts { Output.line(line) }
    options.note(
      report.isEqual
        ? "Both sides have the same: gitstate migrate cutover lets reads come from git."
        : "gitstate migrate verify shows what differs, gitstate migrate sync copies it.")
  }
}

struct MigrateStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show the phase, what is pending, and what the last verification found.")

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let status = try await options.withMigration { migration throws(StateError) in
      try migration.status()
    }
    if options.json {
      Output.writeJSON(status.map { .object($0.json) } ?? ["phase": .null])
    } else if let status {
      for line in MigrationStatusText.lines(status) { Output.line(line) }
    } else {
      Output.line("No migration is under way on this clone.")
    }
  }
}

struct MigrateVerifyCommand: AsyncParsableCommand {
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, markdown
  }

  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare every contract of both sides, field by field.",
    discussion: """
      Numbers are compared by their text; the order of a record's fields means nothing. Exits with 4 \
      where anything differs. Markdown is for a pull request's comment. Nothing is changed.
      """)

  @Option(help: "text or markdown.")
  var format = Format.text

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let report = try await options.withMigration { migration throws(StateError) in
      try migration.compare()
    }
    if options.json {
      Output.writeJSON(.object(report.json))
    } else if format == .markdown {
      Output.line(report.markdown)
    } else {
      let text = ParityText(report: report)
      for line in text.counts + (options.quiet ? [] : text.details) { Output.line(line) }
    }
    if !report.isEqual { throw ExitCode(Failure.Status.faultsFound) }
  }
}
