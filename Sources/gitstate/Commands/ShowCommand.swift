import ArgumentParser
import GitState
import LosslessJSON

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a commit and what it changed, contract by contract.")

  @Argument(help: "The commit. Default: the last one of the branch that has the state.")
  var revision: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let revision = revision
    let report = try await state.withGit(named: "show") { git throws(StateError) in
      try git.show(revision)
    }
    options.warn(report.notes)
    if options.json {
      Output.writeJSON(.object(report.json))
      return
    }
    let palette = Palette(options)
    let entry = report.entry
    let author = "\(entry.author.name) <\(entry.author.email)>".escapingUnprintable
    Output.line(palette.bold("commit \(entry.commit)"))
    if entry.parents.count > 1 {
      Output.line("Merge:  \(entry.parents.map { String($0.prefix(7)) }.joined(separator: " "))")
    }
    Output.line("Author: \(author)")
    Output.line("Date:   \(StateTime.iso8601(milliseconds: entry.author.time * 1000))")
    Output.line("\n    \(entry.subject.escapingUnprintable)\n")
    if let reason = entry.reason {
      for line in reason.split(separator: "\n", omittingEmptySubsequences: false) {
        Output.line("    \(String(line).escapingUnprintable)")
      }
      Output.line("")
    }
    for line in ChangeSetText(changes: report.changes, palette: palette).lines {
      Output.line(line)
    }
    print(report.dropped, palette)
  }

  /// What a merge left out, by the parent that had it.
  private func print(_ dropped: [DroppedChange], _ palette: Palette) {
    var rest = dropped
    while let parent = rest.first?.parent {
      let changes = ChangeSet(changes: rest.filter { $0.parent == parent }.map(\.change))
      rest.removeAll { $0.parent == parent }
      Output.line(
        palette.bold(
          "Dropped by this merge, though its parent \(parent.prefix(7)) has it and no side took it back:"
        ))
      for line in ChangeSetText(changes: changes, palette: palette).lines { Output.line(line) }
    }
  }
}
