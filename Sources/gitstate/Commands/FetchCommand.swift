import ArgumentParser
import GitState
import LosslessJSON

struct FetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "See what a remote has, and change nothing here.",
    discussion: """
      Where the remote's history was rewritten, so that what it had is no part of it any more, pull \
      and sync refuse it until it is accepted with --accept-rewritten.
      """)

  @Flag(help: "Take a history that was rewritten for the remote's from now on.")
  var acceptRewritten = false

  @OptionGroup var target: RemoteTarget
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (remote, accepts, talk) = (target.remote, acceptRewritten, target.options(options))
    let result = try await options.openState().withGit(named: "fetch") { git throws(StateError) in
      try git.fetch(from: remote, options: talk, acceptsRewritten: accepts)
    }
    Output.endProgress()
    let name = "\(result.remote)/\(result.branch)".escapingUnprintable
    if options.json {
      Output.writeJSON([
        "remote": .string(result.remote), "branch": .string(result.branch),
        "old": result.old.map { .string($0) } ?? .null,
        "new": result.new.map { .string($0) } ?? .null,
        "isRewritten": .bool(result.isRewritten),
      ])
    } else if let new = result.new {
      let from =
        result.old.map { $0 == new ? "unchanged at " : "\($0.prefix(7)) -> " } ?? "new, at "
      Output.line("\(name)  \(from)\(new.prefix(7))")
    } else {
      let others = result.otherBranches.prefix(5).joined(separator: ", ").escapingUnprintable
      Output.line("\(name) does not exist yet" + (others.isEmpty ? "" : " (there is: \(others))"))
    }
    if result.isRewritten, !acceptRewritten, let old = result.old {
      options.note(
        "warning: the history of \(name) was rewritten: \(old.prefix(7)) is no part of it; pull and "
          + "sync refuse it, unless you accept it with: gitstate fetch --accept-rewritten")
    }
  }
}
