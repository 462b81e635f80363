import ArgumentParser
import GitState

struct MergeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merge a branch, contract by contract and field by field.",
    discussion: """
      Two branches that record neighbouring contracts, or change other fields of the same one, just \
      merge. Where both changed the same field, nothing is written, every conflict is listed, and \
      the exit status is 5; --resolve ours keeps what is here, --resolve theirs takes the branch's, \
      --resolve 56-LookCoin=theirs does so for one contract.

      Files beside the state's are not touched where they are checked out: where the branch changes \
      such, merge with git merge, which asks for gitstate in its turn ('gitstate init' sets that up).
      """)

  @Argument(help: "The branch, or any other revision.")
  var revision: String

  @OptionGroup var settling: ResolveArguments

  @Flag(help: "Merge two histories that have no commit in common.")
  var allowUnrelatedHistories = false

  @OptionGroup var write: HistoryWriteArguments

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let (revision, resolve, allowsUnrelated) = (revision, settling.resolve, allowUnrelatedHistories)
    let (reason, isDryRun) = (write.reason, write.dryRun)
    let result = try await state.withGit(named: "merge", changesState: true) {
      git throws(StateError) in
      let resolution = try MergeResolution(resolve, in: git.snapshot())
      return try git.merge(
        revision, resolving: resolution, allowsUnrelated: allowsUnrelated, reason: reason,
        isDryRun: isDryRun)
    }
    options.printAnswer(
      result, isDryRun: write.dryRun,
      unchanged: "nothing to merge: the branch has all of it already")
  }
}
