import ArgumentParser
import GitState
import LosslessJSON

struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Take in what a remote has, merged contract by contract.",
    discussion: """
      Changes to different contracts, and to different fields of one, go together. Where both sides \
      changed one field to different values, nothing is changed, every conflict is listed, and the \
      exit status is 5; --resolve ours keeps this clone's values, --resolve theirs takes the \
      remote's, --resolve 56-LookCoin=theirs does so for one contract.
      """)

  @Argument(help: "The remote; default: the branch's own, or origin, or the only one.")
  var remote: String?

  @Option(help: "Settle conflicts: ours, theirs, KEY=ours or KEY=theirs. Repeat it for more.")
  var resolve: [String] = []

  @OptionGroup var remoteArguments: RemoteArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (remote, resolve, talk) = (remote, self.resolve, remoteArguments.options(options))
    let result = try await options.openState().withGit(named: "pull") { git throws(StateError) in
      try git.pull(
        from: remote, resolving: try MergeResolution(resolve, in: try git.snapshot()), options: talk
      )
    }
    options.printAnswer(result, isSync: false)
  }
}

struct SyncCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "Share the state: pull, push, and again while others push.",
    discussion: """
      What others have recorded comes in, merged contract by contract as with 'gitstate pull', and \
      what was recorded here goes out. Commits stay what they are; nothing is ever forced.
      """)

  @Argument(help: "The remote; default: the branch's own, or origin, or the only one.")
  var remote: String?

  @Option(help: "Settle conflicts: ours, theirs, KEY=ours or KEY=theirs. Repeat it for more.")
  var resolve: [String] = []

  @OptionGroup var remoteArguments: RemoteArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (remote, resolve, talk) = (remote, self.resolve, remoteArguments.options(options))
    let result = try await options.openState().withGit(named: "sync") { git throws(StateError) in
      try git.sync(
        with: remote, resolving: try MergeResolution(resolve, in: try git.snapshot()), options: talk
      )
    }
    options.printAnswer(result, isSync: true)
  }
}

extension GlobalOptions {
  /// Prints what came in, and what went out.
  func printAnswer(_ result: SyncResult, isSync: Bool) {
    Output.endProgress()
    warn(result.warnings)
    if json {
      var document = result.received.json
      document["remote"] = .string(result.remote)
      document["branch"] = .string(result.branch)
      document["commit"] = result.commit.map { .string($0) } ?? .null
      if isSync {
        document["pushed"] = .number(JSONNumber(result.pushed))
        document["rounds"] = .number(JSONNumber(result.rounds))
      }
      Output.writeJSON(.object(document))
      return
    }
    printMessages(result.messages)
    let commit = result.commit.map { "[\($0.prefix(7))] " } ?? ""
    let name = "\(result.remote)/\(result.branch)".escapingUnprintable
    var parts: [String] = []
    if result.received.from != result.received.to || !result.received.isEmpty {
      parts.append(
        "took in "
          + (result.received.isEmpty ? "what changes no contract" : result.received.summary))
    }
    if result.pushed > 0 { parts.append("pushed \(Output.count(result.pushed, "commit"))") }
    Output.line(
      commit + name + ": "
        + (parts.isEmpty ? "nothing new" : parts.joined(separator: "; ").escapingUnprintable))
    guard !quiet else { return }
    for line in ChangeSetText(changes: result.received, palette: Palette(self)).lines {
      Output.line("  \(line)")
    }
  }

  /// Prints what a server wrote.
  func printMessages(_ messages: String) {
    for line in messages.split(whereSeparator: \.isNewline) {
      note("remote: \(String(line).escapingUnprintable)")
    }
  }
}
