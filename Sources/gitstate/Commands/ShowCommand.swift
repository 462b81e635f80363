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
    let (entry, changes, notes) = try await state.withGit(named: "show") { git throws(StateError) in
      try git.show(revision)
    }
    options.warn(notes)
    if options.json {
      Output.writeJSON(.object(changes.json))
      return
    }
    let palette = Palette(options)
    let author = "\(entry.author.name) <\(entry.author.email)>".escapingUnprintable
    Output.line(palette.bold("commit \(entry.commit)"))
    Output.line("Author: \(author)")
    Output.line("Date:   \(StateTime.iso8601(milliseconds: entry.author.time * 1000))")
    Output.line("\n    \(entry.subject.escapingUnprintable)\n")
    for line in ChangeSetText(changes: changes, palette: palette).lines {
      Output.line(line)
    }
  }
}
