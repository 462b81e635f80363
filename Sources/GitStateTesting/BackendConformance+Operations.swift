import GitState
import LosslessJSON

extension BackendConformance {
  func transaction(_ backend: any StateBackend) throws {
    var malformed = sampleContract("Malformed")
    malformed.address = "0x12"
    _ = try expectError(.validationFailed, "a transaction with a malformed record") {
      try backend.one(.transaction, contracts: [sampleContract("First"), malformed])
    }
    try expectEqual(
      try backend.contracts(matching: ContractQuery()), [], "state after a failed transaction")
    let key = sampleContract().key
    let answer = try backend.one(
      .transaction, .put(sampleContract()), .delete(key), .put(sampleContract(address: "2")))
    try expectEqual(answer.outcomes, [.added, .removed, .added], "outcomes in order")
    try expectEqual(
      try backend.contract(key), sampleContract(address: "2"), "the last mutation holds")
  }

  func batch(_ backend: any StateBackend) throws {
    var malformed = sampleContract("Malformed")
    malformed.implementationHash = "0x" + String(repeating: "a", count: 63)
    let results = backend.apply([
      Operation(.put, [.put(sampleContract("First"))]), Operation(.put, [.put(malformed)]),
      Operation(.put, [.put(sampleContract("Last"))]),
      Operation(.delete, [.delete(ContractKey(56, "First"))]),
    ])
    try expectEqual(results.count, 4, "answers")
    _ = try results[0].get()
    _ = try expectError(.validationFailed, "the malformed record") { _ = try results[1].get() }
    _ = try results[2].get()
    try expectEqual(try results[3].get().outcomes, [.removed], "an operation sees those before it")
    try expectEqual(
      try backend.contracts(matching: ContractQuery()).map(\.name), ["Last"], "what is there")
  }

  func validation(_ backend: any StateBackend) throws {
    let digits = { (count: Int) in "0x" + String(repeating: "1", count: count) }
    var malformed: [(field: String, contract: Contract)] = [
      ("contractName", sampleContract("")), ("contractName", sampleContract("a\u{1B}b")),
      ("networkName", sampleContract(network: "a/b")),
      ("networkName", sampleContract(network: ".hidden")),
      ("networkName", sampleContract(network: "a\nb")),
      ("networkName", sampleContract(network: " ")), ("networkName", sampleContract(network: "a ")),
    ]
    for value in [digits(39), digits(41), "0x" + String(repeating: "g", count: 40), "", "1111"] {
      var contract = sampleContract()
      contract.address = value
      malformed.append(("address", contract))
      guard !value.isEmpty else { continue }
      contract = sampleContract()
      contract.proxyAddress = value
      malformed.append(("proxyAddress", contract))
    }
    for field in ["factoryByteCodeHash", "implementationHash"] {
      for value in [digits(63), digits(65), "0x" + String(repeating: "z", count: 64)] {
        var contract = sampleContract()
        contract[field] = .string(value)
        malformed.append((field, contract))
      }
    }
    for (field, contract) in malformed {
      let error = try expectError(.validationFailed, "\(field) of \(contract.record)") {
        try backend.one(.put, .put(contract))
      }
      try expect(error.message.contains(field), "the error does not name \(field): \(error)")
    }
    for chainID in [JSONValue.number(0), .number(-1), "1.5", "18446744073709551616"] {
      var record = sampleContract().record
      record["chainId"] = chainID
      _ = try expectError(.validationFailed, "chain ID \(chainID)") {
        try backend.one(.put, .put(try Contract(record: record)))
      }
    }
    try expectEqual(
      try backend.contracts(matching: ContractQuery()), [], "state after refused puts")
  }

  func queries(_ backend: any StateBackend) throws {
    let contracts = [
      sampleContract("A", time: 3), sampleContract("B", network: "bsc", time: 1),
      sampleContract("x/A.sol:A", time: 2),
      sampleContract("A", chain: 97, network: "bsctestnet", time: 4),
      sampleContract("C", chain: 1, network: "mainnet", time: 1),
    ]
    try backend.one(.transaction, contracts: contracts)
    func keys(_ query: ContractQuery) throws -> [String] {
      try backend.contracts(matching: query).map(\.key.description)
    }
    let cases: [(ContractQuery, [String])] = [
      (ContractQuery(), ["1-C", "56-A", "56-B", "56-x/A.sol:A", "97-A"]),
      (ContractQuery(chainID: 56), ["56-A", "56-B", "56-x/A.sol:A"]),
      (ContractQuery(chainID: 5), []),
      (ContractQuery(name: "A"), ["56-A", "97-A"]),
      (ContractQuery(name: "x/A.sol:A"), ["56-x/A.sol:A"]),
      (ContractQuery(networkName: "bsc"), ["56-B"]),
      (ContractQuery(sort: .timestamp), ["1-C", "56-B", "56-x/A.sol:A", "56-A", "97-A"]),
      (
        ContractQuery(sort: .timestamp, order: .descending),
        ["97-A", "56-A", "56-x/A.sol:A", "1-C", "56-B"]
      ),
      (ContractQuery(sort: .name), ["56-A", "97-A", "56-B", "1-C", "56-x/A.sol:A"]),
      (
        ContractQuery(sort: .chain, order: .descending),
        ["97-A", "56-A", "56-B", "56-x/A.sol:A", "1-C"]
      ),
      (ContractQuery(chainID: 56, name: "A", networkName: "bscmainnet"), ["56-A"]),
    ]
    for (query, expected) in cases { try expectEqual(try keys(query), expected, "\(query)") }
  }

  func imports(_ backend: any StateBackend) throws {
    let there = sampleContract("There")
    var odd = sampleContract("Odd")
    odd.address = "0xabcd"
    try backend.one(.put, .put(there))
    let records = [
      there, odd, sampleContract("There", address: "2"), sampleContract("New", chain: 97),
    ]
    let kept = try backend.one(
      .importing, .importRecord(records[0], overwrite: false),
      .importRecord(records[1], overwrite: false), .importRecord(records[2], overwrite: false),
      .importRecord(records[3], overwrite: false))
    try expectEqual(kept.outcomes.count, 4, "outcomes")
    try expectEqual(kept.outcomes[0], .unchanged, "an equal record")
    try expectEqual(kept.outcomes[1], .added, "an odd record")
    try expectEqual(
      kept.outcomes[2],
      .kept([
        FieldChange(
          path: "address", old: .string(there.address), new: .string(records[2].address))
      ]), "another record")
    try expectEqual(kept.outcomes[3], .added, "a record of a new chain")
    try expectEqual(try backend.contract(there.key), there, "the record that was kept")
    try expectEqual(try backend.contract(odd.key), odd, "the odd record")
    let updated = try backend.one(.importing, .importRecord(records[2], overwrite: true))
    try expectEqual(updated.outcomes, [.updated], "overwriting")
    try expectEqual(try backend.contract(there.key), records[2], "the record that overwrote")
  }

  func changeSets(_ backend: any StateBackend) throws {
    func kinds(_ contract: Contract) throws -> [ContractChange.Kind] {
      try backend.one(.put, .put(contract)).changes.changes.map(\.kind)
    }
    var contract = sampleContract()
    try expectEqual(try kinds(contract), [.added], "first put")
    contract.address = "0x" + String(repeating: "2", count: 40)
    try expectEqual(try kinds(contract), [.upgraded], "another implementation")
    contract.proxyAddress = "0x" + String(repeating: "B", count: 40)
    try expectEqual(try kinds(contract), [.redeployed], "another live address")
    contract.proxyAddress = "0x" + String(repeating: "b", count: 40)
    try expectEqual(try kinds(contract), [.modified], "another case of hex digits")
    contract.deploymentArgs = [1]
    let change = try backend.one(.put, .put(contract)).changes.changes.first
    try expectEqual(
      change?.fields, [FieldChange(path: "deploymentArgs", old: nil, new: [1])], "changed fields")
    try expectEqual(change?.network, "bscmainnet", "network of a change")
    var renamed = sampleContract("Renamed").record
    for (name, value) in contract.record where name != "contractName" { renamed[name] = value }
    let rename = try backend.one(
      .transaction, .put(try Contract(record: renamed)), .delete(contract.key))
    try expectEqual(rename.changes.changes.map(\.kind), [.renamed], "a new name alone")
    let removal = try backend.one(.delete, .delete(ContractKey(56, "Renamed")))
    try expectEqual(removal.changes.changes.map(\.kind), [.removed], "delete")
  }

  func verification(_ backend: any StateBackend) throws {
    var odd = sampleContract("Odd")
    odd.address = "0xabcd"
    var hashless = sampleContract("Hashless")
    hashless.implementationHash = nil
    hashless.factoryByteCodeHash = ""
    try backend.one(.transaction, contracts: [sampleContract(), hashless])
    let sound = try backend.verify()
    try expect(sound.isValid, "a sound state has errors: \(sound.errors)")
    try expectEqual(sound.contractCount, 2, "contracts counted")
    try expect(
      sound.warnings.contains { $0.contains("56-Hashless") }, "no warning of an empty hash")
    try backend.one(.importing, .importRecord(odd, overwrite: false))
    let faulty = try backend.verify()
    try expect(!faulty.isValid, "an odd record is valid")
    try expect(
      faulty.errors.count == 1 && faulty.errors[0].contains("56-Odd"),
      "the odd record is not named: \(faulty.errors)")
  }

  func preview(_ backend: any StateBackend) throws {
    let (there, new) = (sampleContract("There"), sampleContract("New", chain: 97))
    var malformed = sampleContract("Malformed")
    malformed.address = "0x12"
    try backend.one(.put, .put(there))
    let operations = [
      Operation(.put, [.put(sampleContract("There", address: "2"))]),
      Operation(.put, [.put(malformed)]),
      Operation(.transaction, [.put(new), .delete(there.key)]),
      Operation(.delete, [.delete(there.key)]),
    ]
    let previews = backend.preview(operations)
    try expectEqual(
      try backend.contracts(matching: ContractQuery()), [there], "the state after a preview")
    let answers = backend.apply(operations)
    try expectEqual(previews.count, answers.count, "previews")
    for (number, (preview, answer)) in zip(previews, answers).enumerated() {
      switch (preview, answer) {
      case (.success(let preview), .success(let answer)):
        try expectEqual(preview.outcomes, answer.outcomes, "outcomes of preview \(number)")
        try expectEqual(
          preview.changes.changes, answer.changes.changes, "changes of preview \(number)")
        try expect(preview.changes.to == nil, "preview \(number) names a commit")
      case (.failure(let preview), .failure(let answer)):
        try expectEqual(preview.code, answer.code, "error of preview \(number)")
      default:
        throw ConformanceFailure("preview \(number) is \(preview), the operation \(answer)")
      }
    }
  }

  func networks(_ backend: any StateBackend) throws {
    try backend.one(
      .transaction, contracts: [sampleContract(), sampleContract(chain: 97, network: "bsctestnet")])
    try expectEqual(try backend.chainID(ofNetwork: "bsctestnet"), 97, "chain of bsctestnet")
    try expectEqual(try backend.chainID(ofNetwork: "bscmainnet"), 56, "chain of bscmainnet")
    try expectEqual(
      try backend.chainID(ofNetwork: "bsc"), nil, "chain of a network without records")
  }

  func health(_ backend: any StateBackend) throws {
    try backend.open()
    try expectEqual(backend.health().problems, [], "problems of an empty state")
    try backend.one(.put, .put(sampleContract()))
    try backend.open()
    try expectEqual(backend.health().problems, [], "problems of a sound state")
    try expectEqual(
      try backend.contracts(matching: ContractQuery()), [sampleContract()],
      "state after looking at its health")
  }
}
