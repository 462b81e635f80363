import ArgumentParser
import GitState

struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Put the whole state back as it was, as a new commit.",
    discussion: """
      Nothing is lost: the commits since then stay in the history, and reverting the rollback \
      brings their changes back. Files in the folder that are no deployment state stay as they are.
      """)

  @Argument(help: "The revision or date that has the wanted state.")
  var revision: String

  @Option(help: ArgumentHelp("Only this contract or chain. Repeat it for more.", valueName: "what"))
  var only: [String] = []

  @OptionGroup var write: HistoryWriteArguments

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let (revision, only) = (self.revision, self.only)
    let (reason, isDryRun) = (write.reason, write.dryRun)
    let result = try await state.withGit(named: "rollback", changesState: true) {
      git throws(StateError) in
      let selectors = try only.map { text throws(StateError) in try git.selector(text) }
      return try git.rollback(to: revision, only: selectors, reason: reason, isDryRun: isDryRun)
    }
    options.printAnswer(
      result, isDryRun: write.dryRun,
      unchanged: "nothing to roll back: the state is the same as then")
    if let before = result.changes.from, result.changes.to != nil {
      options.note(
        "The state before is \(before.prefix(7)); go back to it with: gitstate rollback \(before.prefix(7))"
      )
    }
  }
}
