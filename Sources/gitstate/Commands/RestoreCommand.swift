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

  @Flag(help: "Show what would change, and write nothing.")
  var dryRun = false

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let expression = try KeyExpression(key)
    let state = try await options.openState()
    let key = try await state.key(expression)
    let (from, reason, isDryRun) = (self.from, reason, dryRun)
    let result = try await state.withGit(named: "restore", keys: [key]) { git throws(StateError) in
      try git.restore(key, from: from, reason: reason, isDryRun: isDryRun)
    }
    options.printAnswer(
      result, isDryRun: dryRun,
      unchanged: "nothing to restore: \(key.description.escapingUnprintable) is recorded so already"
    )
  }
}
