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

  @OptionGroup var exchange: ExchangeArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let result = try await exchange.run("pull", options) {
      git, remote, resolution, talk throws(StateError) in
      try git.pull(from: remote, resolving: resolution, options: talk)
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

  @OptionGroup var exchange: ExchangeArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let result = try await exchange.run("sync", options) {
      git, remote, resolution, talk throws(StateError) in
      try git.sync(with: remote, resolving: resolution, options: talk)
    }
    options.printAnswer(result, isSync: true)
  }
}

/// The arguments of commands that take in what a remote has.
struct ExchangeArguments: ParsableArguments {
  @OptionGroup var target: RemoteTarget
  @OptionGroup var settling: ResolveArguments

  /// Opens the state and exchanges with the remote.
  func run(
    _ command: String, _ options: GlobalOptions,
    _ body:
      @escaping @Sendable (GitBackend, String?, MergeResolution, RemoteOptions)
      throws(StateError) -> SyncResult
  ) async throws -> SyncResult {
    let (remote, resolve, talk) = (
      target.remote, settling.resolve, target.options(options)
    )
    return try await options.openState().withGit(named: command, changesState: true) {
      git throws(StateError) in
      // Keys are looked up only where there are any: the state need not be readable to be mended.
      let resolution =
        resolve.isEmpty ? MergeResolution() : try MergeResolution(resolve, in: try git.snapshot())
      return try body(git, remote, resolution, talk)
    }
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
      document["otherFiles"] = .array(result.otherFiles.map { .string($0) })
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
    if let received = text(of: result) { parts.append("took in \(received)") }
    if result.pushed > 0 { parts.append("pushed \(Output.count(result.pushed, "commit"))") }
    Output.line(
      commit + name + ": "
        + (parts.isEmpty ? "nothing new" : parts.joined(separator: "; ").escapingUnprintable))
    guard !quiet else { return }
    for line in ChangeSetText(changes: result.received, palette: Palette(self)).lines {
      Output.line("  \(line)")
    }
  }

  /// What came in, in a few words; nil where nothing did.
  private func text(of result: SyncResult) -> String? {
    guard result.received.from != result.received.to || !result.received.isEmpty else {
      return nil
    }
    let files = result.otherFiles
    let others =
      files.count == 1 ? files[0] : "\(Output.count(files.count, "file")) beside the state"
    switch (result.received.isEmpty, files.isEmpty) {
    case (true, true): return "what changes no contract"
    case (true, false): return others
    case (false, true): return result.received.summary
    case (false, false): return "\(result.received.summary), and \(others)"
    }
  }

  /// Prints what a server wrote.
  func printMessages(_ messages: String) {
    for line in messages.split(whereSeparator: \.isNewline) {
      note("remote: \(String(line).escapingUnprintable)")
    }
  }
}
