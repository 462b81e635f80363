import ArgumentParser
import GitState
import LosslessJSON

/// The options of every command.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .customShort("C"),
    help: ArgumentHelp(
      "Work in this folder instead of the present one.", valueName: "dir"),
    completion: .directory)
  var directory = "."

  @Option(help: "The branch that has the state, if not that of HEAD or of the configuration.")
  var branch: String?

  @Option(
    help: ArgumentHelp(
      "How many seconds a write waits for other programs that write.", valueName: "seconds"))
  var lockTimeout = 10.0

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  @Flag(help: "Print no notes and no progress, only results and errors.")
  var quiet = false

  @Flag(help: "Print without colours (also: NO_COLOR).")
  var noColor = false

  func validate() throws {
    guard lockTimeout >= 0, lockTimeout <= 86_400 else {
      throw ValidationError("--lock-timeout is a number of seconds from 0 to 86400")
    }
  }

  /// Opens the state.
  func openState() async throws(StateError) -> StateManager {
    let state = try await StateManager(
      git: GitBackendOptions(
        directory: directory, branch: branch, lockTimeout: .seconds(lockTimeout)))
    let unborn = try await state.withGit { git throws(StateError) in try git.unbornBranch() }
    if let unborn {
      note("note: the branch \(unborn.escapingUnprintable), named for the state, has no commit yet")
    }
    return state
  }

  /// Prints a note on standard error, unless nobody wants any.
  func note(_ text: String) {
    if !quiet { Output.note(text) }
  }

  /// Prints warnings on standard error.
  func warn(_ warnings: [String]) {
    for warning in warnings { Output.note("warning: \(warning.escapingUnprintable)") }
  }

  /// Prints the answer of a write: its commit and what changed.
  ///
  /// - Parameters:
  ///   - result: The answer.
  ///   - isDryRun: Whether nothing was written.
  ///   - unchanged: What to say where nothing changed.
  func printAnswer(_ result: WriteResult, isDryRun: Bool = false, unchanged: String) {
    warn(result.warnings)
    if json {
      Output.writeJSON(.object(result.changes.json))
      return
    }
    guard !result.changes.isEmpty || result.changes.to != nil else {
      Output.line(unchanged)
      return
    }
    let commit = result.changes.to.map { "[\($0.prefix(7))] " } ?? (isDryRun ? "[dry run] " : "")
    Output.line(commit + (result.subject ?? result.changes.summary).escapingUnprintable)
    guard !quiet else { return }
    for line in ChangeSetText(changes: result.changes, palette: Palette(self)).lines {
      Output.line("  \(line)")
    }
  }
}

extension GlobalOptions {
  /// The arguments with the options that stand before the command put behind it, so that
  /// `gitstate -C project list` works as `git -C project log` does.
  static func movedBehindCommand(_ arguments: [String]) -> [String] {
    let flags = ["--json", "--quiet", "--no-color"]
    let valued = ["-C", "--branch", "--lock-timeout"]
    var position = 0
    while position < arguments.count {
      let argument = arguments[position]
      if flags.contains(argument) || valued.contains(where: { argument.hasPrefix("\($0)=") }) {
        position += 1
      } else if valued.contains(argument), position + 1 < arguments.count {
        position += 2
      } else {
        break
      }
    }
    let options = arguments[..<position]
    let rest = arguments[position...]
    guard !options.isEmpty, !rest.isEmpty else { return arguments }
    let end = rest.firstIndex(of: "--") ?? rest.endIndex
    return Array(rest[..<end] + options + rest[end...])
  }
}
