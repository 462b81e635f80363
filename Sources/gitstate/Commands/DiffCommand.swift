import ArgumentParser
import GitState
import LosslessJSON

struct DiffCommand: AsyncParsableCommand {
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, markdown, html
  }

  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Show what differs between two revisions, contract by contract.",
    discussion: """
      Without a revision: what was edited by hand since the last commit. With one: what changed \
      since then. With two, or as A..B: what changed from the first to the second. As A...B: what \
      changed on B since it parted from A, which is what a pull request does. Markdown is for a pull \
      request's comment, HTML is one file without outside resources.
      """)

  @Argument(help: "The revisions or dates.")
  var revisions: [String] = []

  @Option(help: ArgumentHelp("Only this contract or chain. Repeat it for more.", valueName: "what"))
  var only: [String] = []

  @Option(help: "text, markdown or html.")
  var format = Format.text

  @Option(
    help: ArgumentHelp(
      "For Markdown: at most this many bytes, as for a comment of a pull request; changes that do not "
        + "fit are counted.", valueName: "bytes"))
  var maxLength: Int?

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if let maxLength {
      guard format == .markdown else {
        throw ValidationError("--max-length goes with --format markdown")
      }
      guard maxLength >= 1000 else { throw ValidationError("--max-length is 1000 or more") }
    }
    guard revisions.count < 3 else { throw ValidationError("give at most two revisions") }
  }

  func run() async throws {
    let state = try await options.openState()
    let (old, new, dots) = ends
    let only = only
    let (changes, notes) = try await state.withGit(named: "diff") { git throws(StateError) in
      let selectors = try only.map { text throws(StateError) in try git.selector(text) }
      let tip = try dots > 0 ? git.snapshot().commitID : nil
      var (changes, notes) =
        dots == 3
        ? try git.changes(since: old, on: new)
        : try git.changes(from: old ?? tip, to: new ?? tip)
      changes.keep(only: selectors)
      return (changes, notes)
    }
    options.warn(notes)
    if options.json {
      Output.writeJSON(.object(changes.json))
      return
    }
    switch format {
    case .text:
      for line in ChangeSetText(changes: changes, palette: Palette(options)).lines {
        Output.line(line)
      }
    // With the newline behind it.
    case .markdown: Output.line(changes.markdown(maximumLength: maxLength.map { $0 - 1 } ?? .max))
    case .html: Output.line(changes.html)
    }
  }

  /// The two ends, and the dots between them: `A..B` and `A...B` are two in one word, of which a
  /// missing one is the branch's tip.
  private var ends: (old: String?, new: String?, dots: Int) {
    if revisions.count == 1, let range = revisions[0].firstRange(of: "..") {
      let (old, rest) = (revisions[0][..<range.lowerBound], revisions[0][range.upperBound...])
      let new = rest.hasPrefix(".") ? rest.dropFirst() : rest
      return (
        old.isEmpty ? nil : String(old), new.isEmpty ? nil : String(new),
        rest.hasPrefix(".") ? 3 : 2
      )
    }
    return (revisions.first, revisions.count == 2 ? revisions[1] : nil, 0)
  }
}
