import ArgumentParser
import GitState

struct QueryCommand: AsyncParsableCommand {
  enum Sort: String, CaseIterable, ExpressibleByArgument {
    case timestamp, name, chain
  }

  enum Order: String, CaseIterable, ExpressibleByArgument {
    case asc, desc
  }

  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Find contracts by chain, name or network.",
    discussion: """
      A name is matched as a whole: a fully qualified name (contracts/Token.sol:Token) is found by \
      its full name only. Infrastructure contracts are those that a network's file lists in \
      infrastructureContracts or protocolContracts.
      """)

  @Option(help: "Only this chain: its ID, or a network's name.")
  var chain: String?

  @Option(help: "Only contracts of this name.")
  var name: String?

  @Option(help: "Only records with this network name.")
  var network: String?

  @Flag(inversion: .prefixedNo, help: "Only infrastructure contracts, or only others.")
  var infrastructure: Bool?

  @Option(help: "Sort by timestamp, name or chain.")
  var sort: Sort?

  @Option(help: "Sort ascending (asc) or descending (desc).")
  var order = Order.asc

  @Option(help: ArgumentHelp("The state as it was at a revision or date.", valueName: "revision"))
  var at: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    var query = ContractQuery(
      name: name, networkName: network, infrastructure: infrastructure,
      sort: sort.flatMap { ContractQuery.Sort(rawValue: $0.rawValue) },
      order: order == .asc ? .ascending : .descending)
    if let chain { query.chainID = try await state.chainID(named: chain, at: at) }
    let contracts = try await state.query(query, at: at)
    ContractList(contracts: contracts, options: options).print()
  }
}
