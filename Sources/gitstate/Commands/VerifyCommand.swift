import ArgumentParser
import GitState
import Glibc
import LosslessJSON

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Look at the whole state for faults.",
    discussion: """
      Reports files that cannot be read, entries that contradict themselves or their file, and \
      records that cannot be right, such as a malformed address. Exits with 4 where there is any.

      --history looks at each commit instead, of a range such as main..HEAD: files that cannot be \
      read, records lost without a delete, redeployments (as warnings), commits whose trailers say \
      something else than they did, and broken rules of deployments/.gitstate.json.
      """)

  @Argument(
    help: "With --history: A..B, or a revision for all that led to it. Default: the whole branch.")
  var range: String?

  @Flag(help: "Look at each commit of the history.")
  var history = false

  @Flag(help: "With --history: every commit needs a good signature (OpenPGP or SSH).")
  var requireSignatures = false

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard history || range == nil && !requireSignatures else {
      throw ValidationError("a range and --require-signatures go with --history")
    }
  }

  func run() async throws {
    if history {
      try await verifyHistory()
      return
    }
    let report = try await options.openState().verify()
    if options.json {
      Output.writeJSON(.object(report.json))
    } else {
      for error in report.errors { Output.line("error: \(error.escapingUnprintable)") }
      if !options.quiet {
        for warning in report.warnings { Output.line("warning: \(warning.escapingUnprintable)") }
      }
      let counts = [
        Output.count(report.contractCount, "contract"), Output.count(report.errors.count, "error"),
        Output.count(report.warnings.count, "warning"),
      ]
      Output.line(counts.joined(separator: ", "))
    }
    if !report.isValid { throw ExitCode(Failure.Status.faultsFound) }
  }

  private func verifyHistory() async throws {
    let state = try await options.openState()
    let (range, requireSignatures) = (range, requireSignatures)
    let report = try await state.withGit(named: "verify") { git throws(StateError) in
      try git.verifyHistory(range, requiresSignatures: requireSignatures)
    }
    if options.json {
      Output.writeJSON(.object(report.json))
    } else {
      for error in report.errors { Output.line("error: \(error.escapingUnprintable)") }
      if !options.quiet {
        for warning in report.warnings { Output.line("warning: \(warning.escapingUnprintable)") }
      }
      let counts = [
        Output.count(report.commitCount, "commit"), Output.count(report.errors.count, "error"),
        Output.count(report.warnings.count, "warning"),
      ]
      Output.line(counts.joined(separator: ", "))
    }
    if !report.isValid { throw ExitCode(Failure.Status.faultsFound) }
  }
}
