import ArgumentParser
import GitState
import LosslessJSON

struct OptimizeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "optimize",
    abstract: "Pack the repository's objects.",
    discussion: """
      Makes one pack of all objects, loose or packed, so that the repository stays small and quick. \
      Unlike git gc it removes no object, so that it is safe beside any other program. After many \
      writes gitstate does it by itself, in the background.
      """)

  /// Packs the loose objects only, and only where there are many; what a write starts.
  @Flag(help: .hidden)
  var auto = false

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let isAutomatic = auto
    let report = try await options.openState().withGit { git throws(StateError) in
      if isAutomatic, try !git.needsOptimizing() { return nil as GitBackend.OptimizeReport? }
      return try git.optimize(isFull: !isAutomatic)
    }
    guard let report else { return }
    if options.json {
      Output.writeJSON([
        "packed": .number(JSONNumber(Int64(report.packed))),
        "loose": .number(JSONNumber(Int64(report.loose))),
        "packs": .number(JSONNumber(Int64(report.packs))),
      ])
    } else if !options.quiet {
      Output.line(
        report.packed == 0
          ? "nothing to pack"
          : "\(Output.count(report.packed, "object")) packed: "
            + "\(Output.count(report.loose, "loose object")) and "
            + "\(Output.count(report.packs, "earlier pack")) are one pack now")
    }
  }
}
