import ArgumentParser
import GitState
import LosslessJSON

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show a commit and what it changed, contract by contract.",
    discussion:
      "Markdown is for a pull request's comment, HTML is one file without outside resources, as with diff."
  )

  @Argument(help: "The commit. Default: the last one of the branch that has the state.")
  var revision: String?

  @Option(help: "text, markdown or html.")
  var format = DiffCommand.Format.text

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
    switch format {
    case .text: print(report)
    case .markdown: Output.line(report.markdown)
    case .html: Output.line(report.html)
    }
  }

  private func print(_ report: CommitReport) {
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
    for (parent, changes) in report.droppedByParent {
      Output.line(palette.bold(CommitReport.droppedTitle(parent)))
      for line in ChangeSetText(changes: changes, palette: palette).lines { Output.line(line) }
    }
  }
}
