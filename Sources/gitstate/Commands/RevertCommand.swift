import ArgumentParser
import GitState

struct RevertCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revert",
    abstract: "Take back what commits changed, as a new commit.",
    discussion: """
      What later commits did to other contracts, and to other fields of the same ones, stays. Where \
      they changed the same field, nothing is written, every conflict is listed, and the exit \
      status is 5; --resolve ours keeps what is there now, --resolve theirs takes what was there \
      before the commit, --resolve 56-LookCoin=theirs does so for one contract.
      """)

  @Argument(help: "The commits.")
  var revisions: [String]

  @Option(
    help: ArgumentHelp(
      "For a merge: which of its parents, from 1, it is compared with.", valueName: "number"))
  var mainline: Int?

  @Option(help: "Settle conflicts: ours, theirs, KEY=ours or KEY=theirs. Repeat it for more.")
  var resolve: [String] = []

  @Flag(help: "Show what would change, and write nothing.")
  var dryRun = false

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let (revisions, mainline, resolve) = (revisions, mainline, self.resolve)
    let (reason, isDryRun) = (reason, dryRun)
    let result = try await state.withGit(named: "revert") { git throws(StateError) in
      let resolution = try MergeResolution(resolve, in: git.snapshot())
      return try git.revert(
        revisions, mainline: mainline, resolving: resolution, reason: reason, isDryRun: isDryRun)
    }
    options.printAnswer(
      result, isDryRun: dryRun, unchanged: "nothing to take back: the state has none of it any more"
    )
  }
}
