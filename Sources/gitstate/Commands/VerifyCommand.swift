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
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
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
}
