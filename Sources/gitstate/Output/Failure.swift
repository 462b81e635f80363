import ArgumentParser
import GitState
import Glibc
import LosslessJSON

/// A failure on its way out: the text, and the exit status that scripts look at.
struct Failure {
  private let error: StateError

  init(_ error: StateError) { self.error = error }

  /// Exit statuses, as the manual lists them.
  enum Status {
    static let failed: Int32 = 1
    static let notFound: Int32 = 3
    static let faultsFound: Int32 = 4
    static let conflict: Int32 = 5
    static let usage: Int32 = 64
  }

  private var status: Int32 {
    switch error.code {
    case .notFound: Status.notFound
    case .mergeConflict: Status.conflict
    case .invalidArgument: Status.usage
    default: Status.failed
    }
  }

  /// Whether the command line asks for JSON, also where it could not be understood.
  private static var wantsJSON: Bool {
    CommandLine.arguments.prefix { $0 != "--" }.contains("--json")
  }

  /// Says what happened and ends the program.
  func exit() -> Never {
    if Self.wantsJSON {
      Output.writeJSON(.object(error.json))
    } else {
      // File names and servers' texts are in messages, too, and newlines in none.
      Output.note("gitstate: \(error.message.escapingUnprintable)")
      for record in error.invalidRecords { Output.note("  \(record)") }
      for conflict in error.conflicts { Output.note(Self.text(conflict)) }
    }
    Glibc.exit(status)
  }

  /// Says what is wrong with the command line, or prints the help that was asked for.
  static func exitForUsage(_ error: any Error) -> Never {
    let code = RootCommand.exitCode(for: error)
    if wantsJSON, !code.isSuccess, !(error is ExitCode) {
      let text = RootCommand.message(for: error)
      Output.writeJSON(.object(StateError(.invalidArgument, text).json))
      Glibc.exit(code.rawValue)
    }
    RootCommand.exit(withError: error)
  }

  /// A conflict with the values of both sides.
  static func text(_ conflict: MergeConflict) -> String {
    // A member of the file itself belongs to no contract.
    let key =
      conflict.key.name.isEmpty
      ? "chain \(conflict.key.chainID)" : conflict.key.description.escapingUnprintable
    let name = "\(key) \(conflict.field.escapingUnprintable)"
    let values = ValueText.of(
      [conflict.base, conflict.ours, conflict.theirs], field: conflict.field)
    let lines = zip(["base", "ours", "theirs"], values).map { side, value in
      let absence = side == conflict.removingSide?.rawValue ? "contract not there" : "none"
      return "    \(side.padded(to: 6))  \(value ?? absence)"
    }
    return "  \(name)\n\(lines.joined(separator: "\n"))"
  }
}
