import ArgumentParser
import GitState
import LosslessJSON

struct ExportCommand: AsyncParsableCommand {
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case json, leveldb
  }

  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the state as a JSON document or as a LevelDB folder.",
    discussion: """
      A LevelDB folder has the keys and values that the JavaScript package 'level' writes, so that \
      old scripts can go on with it. It must be a new folder.
      """)

  @Option(help: "Only this chain: its ID, or a network's name. Repeat it for more.")
  var chain: [String] = []

  @Option(help: "json or leveldb.")
  var format = Format.json

  @Option(
    help: ArgumentHelp(
      "Where to write; without it, JSON goes to standard output.", valueName: "path"),
    completion: .file())
  var to: String?

  @Option(help: ArgumentHelp("The state as it was at a revision or date.", valueName: "revision"))
  var at: String?

  @OptionGroup var options: GlobalOptions

  func validate() throws {
    if format == .leveldb, to == nil {
      throw ValidationError("--format leveldb needs --to, the folder to make")
    }
  }

  func run() async throws {
    let state = try await options.openState()
    var chains: [ChainID] = []
    for text in chain { chains.append(try await state.chainID(named: text, at: at)) }
    let contracts = try await state.contracts(on: chains, at: at)
    switch (format, to) {
    case (.leveldb, let path?):
      try LevelDBExport.write(contracts, to: options.inFolder(path))
      report(contracts.count, path)
    case (_, let path?):
      var style = JSONStyle.pretty
      style.finalNewline = true
      try ContractDocument.write(
        document(contracts).serialized(style), to: options.inFolder(path))
      report(contracts.count, path)
    case (_, nil): Output.writeJSON(document(contracts))
    }
  }

  private func document(_ contracts: [Contract]) -> JSONValue {
    .object(ContractDocument.export(contracts, exportTime: Clock.milliseconds))
  }

  private func report(_ count: Int, _ path: String) {
    if options.json {
      Output.writeJSON([
        "format": .string(format.rawValue), "to": .string(path),
        "totalContracts": .number(JSONNumber(count)),
      ])
    } else {
      Output.line("\(Output.count(count, "contract")) written to \(path.escapingUnprintable)")
    }
  }
}
