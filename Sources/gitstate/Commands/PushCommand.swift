import ArgumentParser
import GitState
import LosslessJSON

struct PushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Push the branch that has the state.",
    discussion: """
      Where the remote has commits that are not here, nothing is pushed: 'gitstate sync' merges \
      them first. Done means that the remote has said so.
      """)

  @Flag(
    help: """
      Let the remote lose commits that were seen there, if it still is where it was seen last.
      """)
  var forceWithLease = false

  @OptionGroup var target: RemoteTarget
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (remote, force, talk) = (target.remote, forceWithLease, target.options(options))
    let result = try await options.openState().withGit(named: "push") { git throws(StateError) in
      try git.push(to: remote, options: talk, forceWithLease: force)
    }
    Output.endProgress()
    if options.json {
      Output.writeJSON([
        "remote": .string(result.remote), "branch": .string(result.branch),
        "commit": .string(result.commit),
      ])
      return
    }
    options.printMessages(result.messages)
    let (name, branch) = (result.remote.escapingUnprintable, result.branch.escapingUnprintable)
    let commit = result.commit.prefix(7)
    Output.line(
      result.isUnchanged
        ? "\(name)/\(branch) has \(commit) already" : "Pushed \(branch) (\(commit)) to \(name)")
  }
}
