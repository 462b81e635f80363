import ArgumentParser
import GitState

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Put one contract back as it was, as a new commit.")

  @Argument(help: "The contract: 56-LookCoin, 56/LookCoin or bscmainnet/LookCoin.")
  var key: String

  @Option(
    help: ArgumentHelp("The revision or date that has the wanted record.", valueName: "revision"))
  var from: String

  @OptionGroup var write: HistoryWriteArguments

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let expression = try KeyExpression(key)
    let state = try await options.openState()
    let key = try await state.key(expression)
    let (from, reason, isDryRun) = (self.from, write.reason, write.dryRun)
    let result = try await state.withGit(named: "restore", keys: [key], changesState: true) {
      git throws(StateError) in
      try git.restore(key, from: from, reason: reason, isDryRun: isDryRun)
    }
    options.printAnswer(
      result, isDryRun: write.dryRun,
      unchanged: "nothing to restore: \(key.description.escapingUnprintable) is recorded so already"
    )
  }
}
