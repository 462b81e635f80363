import GitState
import LosslessJSON

/// Contracts as a table, a line each.
struct ContractList {
  let contracts: [Contract]
  let options: GlobalOptions

  func print() {
    if options.json {
      Output.writeJSON(.array(contracts.map { .object($0.record) }))
      return
    }
    let palette = Palette(options)
    let keys = contracts.map(\.key.description.escapingUnprintable)
    let width = keys.map(\.count).max() ?? 0
    for (contract, key) in zip(contracts, keys) {
      let address = (contract.liveAddress ?? "no address").escapingUnprintable
      let time = palette.faint(ISODate.minutes(milliseconds: contract.timestamp))
      let network = contract.networkName.escapingUnprintable
      Output.line("\(key.padded(to: width))  \(address.padded(to: 42))  \(time)  \(network)")
    }
    options.note(Output.count(contracts.count, "contract"))
  }
}
