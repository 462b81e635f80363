import ArgumentParser
import GitState
import LosslessJSON

struct MigrateSyncCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "Copy to git what LevelDB has, and to LevelDB what git has anew.",
    discussion: """
      Can be stopped at any time and run again. A record of git's that is newer than LevelDB's, one \
      that git alone has, and one that was changed on both sides are left alone and listed: settle \
      them with --resolve git or --resolve leveldb, for one contract as in --resolve \
      56-LookCoin=git. Exits with 5 where any is left.
      """)

  @Option(
    help: ArgumentHelp(
      "Whose record holds where the two differ: git, leveldb, or KEY=git, KEY=leveldb. Repeat it for "
        + "more.", valueName: "side"))
  var resolve: [String] = []

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let resolutions = try resolve.map(Self.resolution)
    let isQuiet = options.quiet
    let report = try await options.withMigration { migration throws(StateError) in
      defer { if !isQuiet { Output.endProgress() } }
      return try migration.sync(resolving: resolutions) { done, total in
        if !isQuiet { Output.progress("copying: \(done) of \(total) contracts") }
      }
    }
    options.warn(report.warnings)
    if options.json {
      Output.writeJSON(.object(report.json))
    } else {
      for line in SyncText.lines(report, isQuiet: isQuiet) { Output.line(line) }
      if let before = report.before?.prefix(7) {
        options.note(
          "Git was at \(before) before: gitstate diff \(before) shows what came, gitstate "
            + "restore KEY --from \(before) brings one back")
      }
    }
    if !report.conflicts.isEmpty { throw ExitCode(Failure.Status.conflict) }
  }

  private static func resolution(_ text: String) throws(StateError) -> SyncResolution {
    if let side = MigrationSide(rawValue: text) { return SyncResolution(nil, side) }
    guard let sign = text.lastIndex(of: "="), let key = ContractKey(String(text[..<sign])),
      let side = MigrationSide(rawValue: String(text[text.index(after: sign)...]))
    else {
      throw StateError(
        .invalidArgument,
        "--resolve takes git, leveldb, KEY=git or KEY=leveldb, not \"\(text.escapingUnprintable)\"; a "
          + "key is one such as 56-LookCoin")
    }
    return SyncResolution(key, side)
  }
}
