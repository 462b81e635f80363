import ArgumentParser
import GitState

struct DeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Remove a contract's record.",
    discussion: """
      Tools that deploy take a missing record as an order to deploy anew: remove only what is not \
      to be used any more. The record stays in the history; gitstate restore brings it back.
      """)

  @Argument(help: "The contract: 56-LookCoin, 56/LookCoin or bscmainnet/LookCoin.")
  var key: String

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var sharing: SharingArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let expression = try KeyExpression(key)
    let state = try await options.openState()
    let key = try await state.key(expression)
    let result = try await state.delete(key, reason: reason)
    guard !result.outcomes.contains(.unchanged) else {
      throw StateError(
        .notFound, "\(key.description.escapingUnprintable) is not recorded; nothing was removed",
        key: key)
    }
    try await sharing.printAndShare(result, state, options, unchanged: "nothing changed")
  }
}
