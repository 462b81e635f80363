import ArgumentParser
import GitState
import LosslessJSON

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "List the commits that changed the state, or one contract or chain of it.")

  @Argument(help: "Only commits that changed this contract, or this chain.")
  var what: String?

  @Option(name: .customShort("n"), help: "At most this many commits.")
  var count: Int?

  @Option(help: ArgumentHelp("Only commits dated at this time or later.", valueName: "date"))
  var since: String?

  @Option(help: ArgumentHelp("Only commits dated at this time or earlier.", valueName: "date"))
  var until: String?

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if let count, count < 0 { throw ValidationError("-n is a number of commits") }
  }

  func run() async throws {
    let state = try await options.openState()
    let (what, count) = (self.what, count)
    let since = try since.map { text throws(StateError) in
      try RevisionTime.seconds(text, isStart: true)
    }
    let until = try until.map { text throws(StateError) in
      try RevisionTime.seconds(text, isStart: false)
    }
    let log = try await state.withGit(named: "log") { git throws(StateError) in
      let selector = try what.map { text throws(StateError) in try git.selector(text) }
      let log = try git.log(
        LogQuery(selector: selector, limit: count, since: since, until: until))
      if let selector, log.entries.isEmpty { try git.refuseUnknown(selector, named: what) }
      return log
    }
    options.warn(log.notes)
    if options.json {
      Output.writeJSON(.array(log.entries.map { .object($0.json) }))
      return
    }
    let palette = Palette(options)
    for entry in log.entries {
      let date = ISODate.minutes(milliseconds: entry.author.time * 1000)
      let author = palette.faint(entry.author.name.escapingUnprintable)
      Output.line(
        "\(entry.commit.prefix(7))  \(palette.faint(date))  \(entry.subject.escapingUnprintable)"
          + "  \(author)\(Self.mark(entry))")
    }
  }

  /// What a reader of the list must not miss about a commit.
  private static func mark(_ entry: LogEntry) -> String {
    if entry.isCut { return "  (what it changed is not here)" }
    guard !entry.dropped.isEmpty else { return "" }
    let names = entry.dropped.prefix(3).map(\.description.escapingUnprintable)
    let rest = entry.dropped.count > 3 ? " and \(entry.dropped.count - 3) more" : ""
    return "  (drops \(names.joined(separator: ", "))\(rest))"
  }
}
