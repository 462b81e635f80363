import ArgumentParser
import GitState
import LosslessJSON

struct GetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Print a contract's record.",
    discussion: """
      --field prints one field alone, for scripts: gitstate get bscmainnet/LookCoin --field \
      liveAddress. The live address is the proxy's, or else the contract's own. Exits with 3 only \
      where it is certain that there is no such contract.
      """)

  @Argument(help: "The contract: 56-LookCoin, 56/LookCoin or bscmainnet/LookCoin.")
  var key: String

  @Option(help: ArgumentHelp("The state as it was at a revision or date.", valueName: "revision"))
  var at: String?

  @Option(help: "Print this field alone; liveAddress is one, too.")
  var field: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let expression = try KeyExpression(key)
    let state = try await options.openState()
    let key = try await state.key(expression, at: at)
    guard let contract = try await state.contract(key, at: at) else {
      throw StateError(
        .notFound,
        "\(key.description.escapingUnprintable) is not recorded"
          + (at.map { " at \($0.escapingUnprintable)" } ?? ""), key: key)
    }
    if let field {
      try printField(field, of: contract)
    } else if options.json {
      Output.writeJSON(.object(contract.record))
    } else {
      let width = contract.record.map(\.key.count).max() ?? 0
      for (name, value) in contract.record {
        Output.line(
          "\(name.escapingUnprintable.padded(to: width))  \(ValueText.of(value, field: name))")
      }
    }
  }

  private func printField(_ field: String, of contract: Contract) throws(StateError) {
    let value =
      field == "liveAddress"
      ? contract.liveAddress.map { JSONValue.string($0) } : contract.record[field]
    guard let value else {
      throw StateError(
        .notFound,
        "the record of \(contract.key.description.escapingUnprintable) has no field "
          + "\(field.escapingUnprintable)", key: contract.key)
    }
    if options.json {
      Output.writeJSON(value)
    } else {
      Output.line(value.string?.escapingUnprintable ?? ValueText.of(value))
    }
  }
}
