import ArgumentParser
import GitState

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List all contracts, or those of one chain.")

  @Argument(help: "A chain ID, or a network's name.")
  var chain: String?

  @Option(help: ArgumentHelp("The state as it was at a revision or date.", valueName: "revision"))
  var at: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    var query = ContractQuery()
    if let chain { query.chainID = try await state.chainID(named: chain, at: at) }
    let contracts = try await state.query(query, at: at)
    ContractList(contracts: contracts, options: options).print()
  }
}
