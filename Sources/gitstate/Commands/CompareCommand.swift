import ArgumentParser
import GitState
import LosslessJSON

struct CompareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two networks: which contracts are only in one, which run other bytecode.",
    discussion:
      "Contracts are matched by name and compared by their bytecode's hash; addresses count for nothing."
  )

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, markdown
  }

  @Argument(help: "A chain ID or a network's name.")
  var left: String

  @Argument(help: "Another one.")
  var right: String

  @Option(help: ArgumentHelp("The state as it was at a revision or date.", valueName: "revision"))
  var at: String?

  @Option(help: "text or markdown.")
  var format = Format.text

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let (left, right, at) = (left, right, at)
    let comparison = try await state.withBackend(named: "compare") { backend throws(StateError) in
      if let at {
        return try Self.compare(try backend.state(at: at), left, right)
      }
      return try Self.compare(backend, left, right)
    }
    if options.json {
      Output.writeJSON(.object(comparison.json))
    } else if format == .markdown {
      Output.line(comparison.markdown)
    } else {
      print(comparison)
    }
  }

  private static func compare(
    _ state: some StateReading, _ left: String, _ right: String
  ) throws(StateError) -> NetworkComparison {
    try NetworkComparison(
      of: state, try state.chainID(named: left), try state.chainID(named: right))
  }

  private func print(_ comparison: NetworkComparison) {
    let palette = Palette(options)
    func section(_ title: String, _ lines: [String]) {
      guard !lines.isEmpty else { return }
      Output.line(palette.bold(title))
      for line in lines { Output.line("  \(line)") }
    }
    let (left, right) = (title(comparison.left), title(comparison.right))
    section("only in \(left)", comparison.onlyLeft.map(\.escapingUnprintable))
    section("only in \(right)", comparison.onlyRight.map(\.escapingUnprintable))
    let width = max(comparison.left.network.count, comparison.right.network.count)
    section(
      "different bytecode",
      comparison.different.flatMap { pair in
        [
          pair.name.escapingUnprintable,
          "  \(comparison.left.network.escapingUnprintable.padded(to: width))  \(shown(pair.left))",
          "  \(comparison.right.network.escapingUnprintable.padded(to: width))  \(shown(pair.right))",
        ]
      })
    section("no hash to compare", comparison.unknown.map(\.name.escapingUnprintable))
    section("the same bytecode", comparison.same.map(\.name.escapingUnprintable))
    options.note(comparison.summary)
  }

  private func title(_ side: NetworkComparison.Side) -> String {
    "\(side.network.escapingUnprintable) (\(side.chainID))"
  }

  private func shown(_ hash: String?) -> String { hash?.escapingUnprintable ?? "none" }
}
