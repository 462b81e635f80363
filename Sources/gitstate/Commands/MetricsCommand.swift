import ArgumentParser
import GitState
import LosslessJSON

struct MetricsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Read every contract once, and tell how long that took.",
    discussion: """
      The state is listed, then each contract is read by its key, as programs do that stay. Nothing \
      is written. The times are those of this run alone; programs of your own get theirs from the \
      library's metrics() or swift-metrics.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let contracts = try await state.contracts()
    for contract in contracts { _ = try await state.contract(contract.key) }
    let metrics = state.metrics()
    if options.json {
      Output.writeJSON(.object(metrics.json))
      return
    }
    Output.line(
      "\(Output.count(contracts.count, "contract")) on "
        + "\(Output.count(Set(contracts.map(\.chainID)).count, "chain")), \(metrics.backendType) backend"
    )
    for (name, operations) in [
      ("reads", metrics.reads), ("queries", metrics.queries), ("writes", metrics.writes),
    ] where operations.count > 0 {
      Output.line(
        "\(name.padded(to: 8)) \(operations.count): mean \(Output.milliseconds(operations.mean)), "
          + "p50 \(Output.milliseconds(operations.p50)), p99 \(Output.milliseconds(operations.p99)), "
          + "\(Output.count(operations.errors, "error"))")
    }
    if let cache = metrics.cache {
      Output.line(
        "cache    \(Output.count(cache.entries, "file")) in \(cache.bytes) of \(cache.capacity) bytes, "
          + "\(cache.hits) of \(cache.hits + cache.misses) files found in it")
    }
  }
}
