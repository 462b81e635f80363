import ArgumentParser
import GitState
import Glibc
import LosslessJSON

struct PutCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "put",
    abstract: "Record a deployment.",
    discussion: """
      With a key, changes the fields given on top of the record that is there, and sets its time. \
      An upgrade of a proxy is: gitstate put bscmainnet/LookCoin --address 0x... \
      --implementation-hash 0x... The first contract on a chain needs --network.

      With --file, records whole records: one, an array of them, or an export document, as one \
      commit. - reads standard input.
      """)

  @Argument(help: "The contract: 56-LookCoin, 56/LookCoin or bscmainnet/LookCoin.")
  var key: String?

  @Option(
    name: [.long, .customLong("implementation")],
    help: "The implementation's address, or the contract's own where there is no proxy.")
  var address: String?

  @Option(help: "The proxy's address; empty removes it.")
  var proxy: String?

  @Option(
    help: "The implementation's bytecode hash. Sets the factory's, too, unless that is given.")
  var implementationHash: String?

  @Option(help: "The factory's bytecode hash.")
  var factoryHash: String?

  @Option(
    name: .customLong("arg"), parsing: .unconditionalSingleValue,
    help: "A constructor argument, as text. Repeat it for each.")
  var args: [String] = []

  @Option(help: "All constructor arguments, as a JSON array.")
  var argsJson: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The time of the deployment in milliseconds since 1970. Default: now.",
      valueName: "milliseconds"))
  var timestamp: Int64?

  @Option(help: "The network's name.")
  var network: String?

  @Flag(help: "Start from nothing instead of from the record that is there.")
  var replace = false

  @Option(help: "Record the records in this file, or in standard input (-).", completion: .file())
  var file: String?

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var sharing: SharingArguments
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard (key == nil) != (file == nil) else {
      throw ValidationError("give either a contract or --file")
    }
    let fields: [Any?] = [
      address, proxy, implementationHash, factoryHash, argsJson, timestamp, network,
    ]
    if file != nil, fields.contains(where: { $0 != nil }) || !args.isEmpty || replace {
      throw ValidationError("--file has whole records; the fields of one cannot be given beside it")
    }
    if key != nil, fields.allSatisfy({ $0 == nil }), args.isEmpty {
      throw ValidationError("give the fields to record, for example --address")
    }
    if argsJson != nil, !args.isEmpty {
      throw ValidationError("give either --arg or --args-json")
    }
  }

  func run() async throws {
    if let file {
      let state = try await options.openState()
      let contracts = try records(in: file)
      let result =
        try await contracts.count == 1
        ? state.put(contracts[0], reason: reason) : state.put(contracts, reason: reason)
      let unchanged =
        switch contracts.count {
        case 0: "\(inputName(file).escapingUnprintable) has no records"
        case 1: "\(contracts[0].key.description.escapingUnprintable) is recorded so already"
        default: "all \(contracts.count) records are there already"
        }
      try await sharing.printAndShare(
        result, state, options, unchanged: "nothing to record: \(unchanged)")
    } else if let key {
      let expression = try KeyExpression(key)
      let arguments = try deploymentArguments()
      guard network?.isEmpty != true else {
        throw StateError(
          .validationFailed,
          "\(key.escapingUnprintable) was not written: its networkName is empty; give the network's "
            + "name, or leave --network out")
      }
      let state = try await options.openState()
      var update = ContractUpdate(
        try await state.key(expression), defaultTimestamp: Clock.milliseconds,
        replacesRecord: replace)
      update.address = address
      update.proxyAddress = proxy
      update.implementationHash = implementationHash
      update.factoryByteCodeHash = factoryHash
      update.deploymentArgs = arguments
      update.timestamp = timestamp
      update.networkName = network
      let result = try await state.update(update, reason: reason)
      try await sharing.printAndShare(
        result, state, options,
        unchanged:
          "nothing to record: \(update.key.description.escapingUnprintable) is recorded so "
          + "already")
    }
  }

  /// The records to put; one that is none is as malformed as one whose address is none.
  private func records(in file: String) throws(StateError) -> [Contract] {
    do throws(StateError) {
      return try options.records(in: file, orNothingIs: "written")
    } catch  where error.code == .serializationFailed && error.line == nil {
      throw StateError(.validationFailed, error.message, key: error.key, file: error.file)
    }
  }

  private func deploymentArguments() throws(StateError) -> [JSONValue]? {
    guard let argsJson else { return args.isEmpty ? nil : args.map { .string($0) } }
    let json: JSONValue
    do {
      json = try JSONValue(parsing: argsJson)
    } catch {
      throw StateError(
        .validationFailed,
        "--args-json is no JSON: \(error.message) (line \(error.line), column \(error.column))",
        line: error.line, column: error.column)
    }
    guard let array = json.array else {
      throw StateError(.validationFailed, "--args-json is \(json.kind) and must be an array")
    }
    return array
  }
}
