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

      --staged looks at what the next git commit would have: whether it takes back a record that \
      nobody edited, and whether each staged file can be read. As a line of .git/hooks/pre-commit, \
      'gitstate verify --staged' keeps git from undoing a write that fell beside a git commit or merge.
      """)

  @Argument(
    help: "With --history: A..B, or a revision for all that led to it. Default: the whole branch.")
  var range: String?

  @Flag(help: "Look at each commit of the history.")
  var history = false

  @Flag(help: "With --history: every commit needs a good signature (OpenPGP or SSH).")
  var requireSignatures = false

  @Option(
    help: ArgumentHelp(
      "With --history: the rules of this revision hold for each commit as well.",
      valueName: "revision"))
  var rules: String?

  @Flag(help: "Look at what is staged for the next git commit.")
  var staged = false

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard !staged || !history else {
      throw ValidationError("--staged and --history are two things to look at: give one")
    }
    guard history || range == nil && !requireSignatures && rules == nil else {
      throw ValidationError("a range, --require-signatures and --rules go with --history")
    }
  }

  func run() async throws {
    if history {
      try await verifyHistory()
      return
    }
    if staged {
      try await verifyStaged()
      return
    }
    let state = try await options.openState()
    let report = try await state.verify()
    try print(
      report.json, report.errors, report.warnings,
      Output.count(report.contractCount, "contract"))
  }

  private func verifyStaged() async throws {
    // Relative to where git runs its hooks, which is where we are.
    let index = getenv("GIT_INDEX_FILE").map { String(cString: $0) }
    let report = try await options.openState().withGit(named: "verify") { git throws(StateError) in
      try git.verifyStaged(index)
    }
    try print(
      report.json, report.errors, report.warnings,
      Output.count(report.contractCount, "staged contract"))
  }

  private func verifyHistory() async throws {
    let state = try await options.openState()
    let (range, requireSignatures, rules) = (range, requireSignatures, rules)
    let report = try await state.withGit(named: "verify") { git throws(StateError) in
      try git.verifyHistory(range, requiresSignatures: requireSignatures, rules: rules)
    }
    try print(
      report.json, report.errors, report.warnings, Output.count(report.commitCount, "commit"))
  }

  /// Prints what was found; errors make the exit status 4.
  private func print(
    _ json: JSONObject, _ errors: [String], _ warnings: [String], _ count: String
  ) throws {
    if options.json {
      Output.writeJSON(.object(json))
    } else {
      for error in errors { Output.line("error: \(error.escapingUnprintable)") }
      if !options.quiet {
        for warning in warnings { Output.line("warning: \(warning.escapingUnprintable)") }
      }
      let counts = [
        count, Output.count(errors.count, "error"), Output.count(warnings.count, "warning"),
      ]
      Output.line(counts.joined(separator: ", "))
    }
    if !errors.isEmpty { throw ExitCode(Failure.Status.faultsFound) }
  }
}
