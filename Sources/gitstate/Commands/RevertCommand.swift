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

  @Argument(help: "The commits, or A..B for those that lead to B and not to A.")
  var revisions: [String]

  @Option(
    help: ArgumentHelp(
      "For a merge: which of its parents, from 1, it is compared with.", valueName: "number"))
  var mainline: Int?

  @OptionGroup var settling: ResolveArguments

  @OptionGroup var write: HistoryWriteArguments

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let (revisions, mainline, resolve) = (revisions, mainline, settling.resolve)
    let (reason, isDryRun) = (write.reason, write.dryRun)
    let result = try await state.withGit(named: "revert", changesState: true) {
      git throws(StateError) in
      let resolution = try MergeResolution(resolve, in: git.snapshot())
      return try git.revert(
        revisions, mainline: mainline, resolving: resolution, reason: reason, isDryRun: isDryRun)
    }
    options.printAnswer(
      result, isDryRun: write.dryRun,
      unchanged: "nothing to take back: the state has none of it any more"
    )
  }
}
