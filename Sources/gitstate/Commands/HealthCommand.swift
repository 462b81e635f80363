import ArgumentParser
import GitState
import LosslessJSON

struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Tell whether the state can be read as a whole.",
    discussion: """
      Quicker than 'gitstate verify', which looks at every record as well. Exits with 4 where \
      anything is wrong.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let report = try await options.health()
    if options.json {
      Output.writeJSON(.object(report.json))
    } else {
      for problem in report.problems { Output.line(problem.escapingUnprintable) }
      let time = "\(report.backendType) backend, \(Output.milliseconds(report.latency))"
      Output.line(
        report.isHealthy
          ? "healthy (\(time))" : "\(Output.count(report.problems.count, "problem")) (\(time))")
    }
    if !report.isHealthy { throw ExitCode(Failure.Status.faultsFound) }
  }
}
