import ArgumentParser
import GitState
import LosslessJSON

struct BlameCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blame",
    abstract: "For each field of a contract, show the commit that set its present value.",
    discussion: "Renames are followed: what a contract had under an earlier name is told as well.")

  @Argument(help: "The contract: 56-LookCoin, 56/LookCoin or bscmainnet/LookCoin.")
  var key: String

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let expression = try KeyExpression(key)
    let state = try await options.openState()
    let key = try await state.key(expression)
    let (lines, notes) = try await state.withGit(named: "blame", keys: [key]) {
      git throws(StateError) in try git.blame(key)
    }
    options.warn(notes)
    if options.json {
      Output.writeJSON(.array(lines.map { .object($0.json) }))
      return
    }
    let palette = Palette(options)
    let width = lines.map(\.field.count).max() ?? 0
    let values = lines.map { ValueText.of($0.value, field: $0.field) }
    let valueWidth = values.map(\.count).filter { $0 <= 66 }.max() ?? 0
    let authorWidth = lines.map { $0.commit?.author.name.count ?? 0 }.max() ?? 0
    for (line, value) in zip(lines, values) {
      let start =
        "\(line.field.escapingUnprintable.padded(to: width))  \(value.padded(to: valueWidth))"
      guard let commit = line.commit else {
        Output.line(start)
        continue
      }
      let date = palette.faint(ISODate.minutes(milliseconds: commit.author.time * 1000))
      let author = commit.author.name.escapingUnprintable.padded(to: authorWidth)
      Output.line(
        "\(start)  \(commit.commit.prefix(7))  \(date)  \(author)  \(commit.why.escapingUnprintable)"
      )
    }
  }
}
