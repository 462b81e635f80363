import ArgumentParser
import GitState
import LosslessJSON

struct PushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Push the branch that has the state.",
    discussion: "Never by force. Where the remote has commits that are not here, nothing is pushed."
  )

  @Argument(help: "The remote; default: the branch's own, or origin, or the only one.")
  var remote: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let remote = remote
    let result = try await options.openState().withGit { git throws(StateError) in
      try git.push(to: remote)
    }
    if options.json {
      Output.writeJSON([
        "remote": .string(result.remote), "branch": .string(result.branch),
        "commit": .string(result.commit),
      ])
      return
    }
    for line in result.messages.split(whereSeparator: \.isNewline) {
      options.note("remote: \(String(line).escapingUnprintable)")
    }
    Output.line(
      "Pushed \(result.branch.escapingUnprintable) (\(result.commit.prefix(7))) to "
        + result.remote.escapingUnprintable)
  }
}
