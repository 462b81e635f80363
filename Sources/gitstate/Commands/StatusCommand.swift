import ArgumentParser
import GitState
import LosslessJSON

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what is here, edited by hand, and not shared yet.",
    discussion: """
      Asks no server: how the branch stands to the remote is as of the last fetch, pull, push or \
      sync. Edits by hand become a commit with the next write to their file.
      """)

  @Argument(help: "The remote; default: the branch's own, or origin, or the only one.")
  var remote: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let remote = remote
    let status = try await options.openState().withGit { git throws(StateError) in
      try git.status(with: remote)
    }
    options.warn(status.notes)
    if options.json {
      Output.writeJSON(.object(json(status)))
      return
    }
    let commit = status.commit.map { " at \($0.prefix(7))" } ?? ", no commit yet"
    let count = status.contractCount.map { ", \(Output.count($0, "contract"))" } ?? ""
    Output.line(
      (status.branch.map { "Branch \($0.escapingUnprintable)" } ?? "Detached HEAD") + commit + count
    )
    if let standing = status.standing { Output.line(text(standing)) }
    if status.hasInterruptedWrite {
      Output.line("Pending: an interrupted write, which the next write completes or takes back")
    }
    if let operation = status.underWay { Output.line("Pending: a \(operation) of git's") }
    if status.contractCount == nil {
      options.note("warning: the state cannot be read as a whole; see: gitstate verify")
    }
    guard !status.edits.isEmpty else { return }
    Output.line("Edited by hand, not committed:")
    for line in ChangeSetText(changes: status.edits, palette: Palette(options)).lines {
      Output.line("  \(line)")
    }
  }

  private func text(_ standing: StateStatus.Standing) -> String {
    let remote = standing.remote.escapingUnprintable
    guard standing.commit != nil else {
      return "Nothing is known of \(remote) yet: gitstate sync shares "
        + Output.count(standing.ahead, "commit")
    }
    if standing.isRewritten {
      return "The history of \(remote) was rewritten; gitstate sync says what to do"
    }
    switch (standing.ahead, standing.behind) {
    case (0, 0): return "In step with \(remote), as last seen"
    case (let ahead, 0):
      return "\(Output.count(ahead, "commit")) not shared with \(remote) yet: gitstate sync"
    case (0, let behind):
      return "\(Output.count(behind, "commit")) of \(remote) not taken in yet: gitstate pull"
    case (let ahead, let behind):
      return "\(Output.count(ahead, "commit")) not shared with \(remote), "
        + "\(behind) of its own not taken in: gitstate sync"
    }
  }

  private func json(_ status: StateStatus) -> JSONObject {
    var document: JSONObject = [
      "branch": status.branch.map { .string($0) } ?? .null,
      "commit": status.commit.map { .string($0) } ?? .null,
      "contractCount": status.contractCount.map { .number(JSONNumber($0)) } ?? .null,
      "remote": .null,
      "edits": .object(status.edits.json),
      "underWay": status.underWay.map { .string($0) } ?? .null,
      "hasInterruptedWrite": .bool(status.hasInterruptedWrite),
    ]
    if let standing = status.standing {
      document["remote"] = [
        "name": .string(standing.remote), "commit": standing.commit.map { .string($0) } ?? .null,
        "ahead": .number(JSONNumber(standing.ahead)),
        "behind": .number(JSONNumber(standing.behind)),
        "isRewritten": .bool(standing.isRewritten),
      ]
    }
    return document
  }
}
