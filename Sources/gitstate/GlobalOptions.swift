import Synchronization
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
      "How many seconds a write waits for other programs that write (10).", valueName: "seconds"))
  var lockTimeout: Double?

  @Option(
    name: .customShort("c"),
    help: ArgumentHelp(
      "A setting for this command, such as backend=leveldb or timeout=5; repeat it for more.",
      valueName: "name=value"))
  var settings: [String] = []

  @Flag(help: "Print one JSON document on standard output.")
  var json = false

  @Flag(help: "Print no notes and no progress, only results and errors.")
  var quiet = false

  @Flag(help: "Print without colours (also: NO_COLOR).")
  var noColor = false

  func validate() throws {
    if let lockTimeout, !(0...86_400).contains(lockTimeout) {
      throw ValidationError("--lock-timeout is a number of seconds from 0 to 86400")
    }
    for setting in settings where !setting.dropFirst().contains("=") {
      throw ValidationError("-c takes name=value, not '\(setting)'")
    }
  }

  /// The settings that the command line gives, by name.
  private var arguments: [String: String] {
    var arguments: [String: String] = [:]
    for setting in settings {
      guard let sign = setting.firstIndex(of: "=") else { continue }
      arguments[String(setting[..<sign])] = String(setting[setting.index(after: sign)...])
    }
    arguments["git.branch"] = branch ?? arguments["git.branch"]
    arguments["git.lockTimeout"] = lockTimeout.map { "\($0)" } ?? arguments["git.lockTimeout"]
    return arguments
  }

  /// Opens the state.
  func openState() async throws(StateError) -> StateManager {
    let told = Mutex<Set<String>>([])
    let factory = StateManagerFactory { notice in
      guard told.withLock({ $0.insert(notice).inserted }) else { return }
      Output.note("warning: \(notice.escapingUnprintable)")
    }
    let state = try await factory.manager(
      arguments: arguments, directory: directory)
    let (unborn, recovery) = try await state.withBackend { backend throws(StateError) in
      (try backend.git?.unbornBranch(), backend.git?.recoveryNote())
    }
    if let recovery { warn([recovery]) }
    if let unborn {
      note("note: the branch \(unborn.escapingUnprintable), named for the state, has no commit yet")
    }
    return state
  }

  /// Whether the state can be read; one that cannot be opened is not healthy.
  ///
  /// - Throws: `INVALID_ARGUMENT` where the settings cannot be meant.
  func health() async throws(StateError) -> HealthReport {
    let start = ContinuousClock.now
    do throws(StateError) {
      return await (try await openState()).health()
    } catch  where error.code != .invalidArgument {
      let time = (ContinuousClock.now - start) / .milliseconds(1)
      return HealthReport(backendType: backend, problems: [error.message], latency: time)
    }
  }

  /// The backend that the settings name; where they cannot be read, that is git's to tell.
  private var backend: String {
    do throws(StateError) {
      return try StateConfiguration(arguments: arguments, directory: directory).backend
    } catch {
      return "git"
    }
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
    let valued = ["-C", "-c", "--branch", "--lock-timeout"]
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
