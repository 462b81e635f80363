import GitState
import LosslessJSON

extension BackendConformance {
  func putAndGet(_ backend: any StateBackend) throws {
    let contract = Contract(
      name: "Token", chainID: 56, networkName: "bscmainnet",
      address: "0x1111111111111111111111111111111111111111",
      factoryByteCodeHash: "0x" + String(repeating: "a", count: 64),
      implementationHash: "0x" + String(repeating: "b", count: 64),
      proxyAddress: "0x2222222222222222222222222222222222222222",
      deploymentArgs: ["0x3333333333333333333333333333333333333333", 7], timestamp: 1)
    try expect(try backend.contract(contract.key) == nil, "an empty state has a contract")
    try expectEqual(try backend.contracts(matching: ContractQuery()), [], "an empty state's list")
    let answer = try backend.one(.put, .put(contract))
    try expectEqual(answer.outcomes, [.added], "outcome of a first put")
    let found = try backend.contract(contract.key)
    try expectEqual(found, contract, "record after a put")
    try expectEqual(found?.record.map(\.key), contract.record.map(\.key), "order of the fields")
    try expect(try backend.contract(ContractKey(56, "token")) == nil, "names ignore case")
    try expect(try backend.contract(ContractKey(97, "Token")) == nil, "chains are mixed up")
    var plain = sampleContract("Plain")
    plain.proxyAddress = nil
    try backend.one(.put, .put(plain))
    try expect(
      try backend.contract(plain.key)?.proxyAddress == nil, "a contract without proxy got one")
  }

  func exactness(_ backend: any StateBackend) throws {
    let numbers = [
      "0", "1", "5000000000000000", "1000000000000000000", "999999999999999999999",
      "115792089237316195423570985008687907853269984665640564039457584007913129639935", "1.0",
      "-0", "1e400", "1E+2",
    ]
    let nested = numbers.map { number in
      try? JSONValue(
        parsing:
          "{\"n\":\(number),\"s\":\"\(number)\",\"a\":[\(number),[],{}],\"z\":null,\"a b\":\"\"}")
    }
    let arguments: [JSONValue] =
      numbers.compactMap { JSONNumber($0).map { .number($0) } } + numbers.map { .string($0) }
      + nested.compactMap { $0 } + [true, false, nil, "", "e\u{301}", "\u{e9}", "\u{2028}\u{7}"]
    var contracts: [Contract] = []
    let times: [Int64] = [
      0, 1, -62_135_596_800_000, 253_402_300_799_999, 9_007_199_254_740_991,
    ]
    for (index, time) in times.enumerated() {
      contracts.append(sampleContract("Time\(index)", time: time))
    }
    contracts[0].deploymentArgs = arguments
    contracts[1].deploymentArgs = []
    contracts[2]["salt"] = ["text": "own field", "list": [1, 2, [3]]]
    contracts[2]["proxy"] = "a field that files use otherwise"
    contracts[2]["record"] = 5
    contracts[3]["implementationHash"] = nil
    contracts[3].proxyAddress = contracts[3].address
    try backend.one(.transaction, contracts: contracts)
    for contract in contracts {
      let found = try backend.contract(contract.key)
      try expectEqual(found, contract, "exact record of \(contract.key)")
      try expectEqual(found?.compactJSON, contract.compactJSON, "bytes of \(contract.key)")
    }
  }

  func names(_ backend: any StateBackend) throws {
    let names = [
      "a", "A", "contracts/x/Token.sol:Token", "a.b", "a:b", "$x", "#x", "@scope/x", "x-y", "1-x",
      "\u{e9}", "e\u{301}", "契約", "a b", "__proto__", "constructor",
    ]
    let contracts = names.enumerated().map {
      sampleContract($1, address: Character(String($0 % 10)), time: Int64($0))
    }
    try backend.one(.transaction, contracts: contracts)
    for contract in contracts {
      try expectEqual(try backend.contract(contract.key), contract, "record of \(contract.name)")
    }
    let listed = try backend.contracts(matching: ContractQuery(chainID: 56))
    try expectEqual(listed.map(\.key), contracts.map(\.key).sorted(), "order of the list")
  }

  func replace(_ backend: any StateBackend) throws {
    let first = sampleContract()
    let second = sampleContract(address: "2", time: 2)
    try backend.one(.put, .put(first))
    try expectEqual(try backend.one(.put, .put(second)).outcomes, [.updated], "second put")
    try expectEqual(try backend.contracts(matching: ContractQuery()), [second], "list after it")
    let again = try backend.one(.put, .put(second))
    try expectEqual(again.outcomes, [.unchanged], "the same put again")
    try expect(again.changes.isEmpty, "the same put again has changes")
  }

  func update(_ backend: any StateBackend) throws {
    var first = ContractUpdate(ContractKey(56, "Token"), defaultTimestamp: 5)
    _ = try expectError(.validationFailed, "an update of nothing without address") {
      try backend.one(.put, .update(first))
    }
    first.address = sampleContract().address
    first.networkName = "bscmainnet"
    first.implementationHash = sampleContract().implementationHash
    try backend.one(.put, .update(first))
    let record = try backend.contract(first.key)
    try expectEqual(record?.timestamp, 5, "default time")
    try expectEqual(record?.factoryByteCodeHash, record?.implementationHash, "both hashes")

    var second = ContractUpdate(first.key, defaultTimestamp: 6)
    second.proxyAddress = "0x2222222222222222222222222222222222222222"
    try backend.one(.put, .update(second))
    let proxied = try backend.contract(first.key)
    try expectEqual(proxied?.address, record?.address, "address after another field's update")
    try expectEqual(proxied?.proxyAddress, second.proxyAddress, "the field updated")
    try expectEqual(proxied?.timestamp, 6, "time after an update")

    second.defaultTimestamp = 7
    try expectEqual(
      try backend.one(.put, .update(second)).outcomes, [.unchanged], "a new default time alone")

    var third = ContractUpdate(first.key, defaultTimestamp: 8)
    third.address = "0x3333333333333333333333333333333333333333"
    let answer = try backend.one(.put, .update(third))
    try expectEqual(answer.warnings.count, 1, "warnings of a new address without a hash")
    try expect(
      try backend.contract(first.key)?.implementationHash == nil, "an old hash stays behind")
  }

  func delete(_ backend: any StateBackend) throws {
    let contract = sampleContract()
    try expectEqual(
      try backend.one(.delete, .delete(contract.key)).outcomes, [.unchanged], "delete of nothing")
    try backend.one(.transaction, contracts: [contract, sampleContract("Other")])
    try expectEqual(
      try backend.one(.delete, .delete(contract.key)).outcomes, [.removed], "delete")
    try expect(try backend.contract(contract.key) == nil, "a deleted contract is there")
    try expectEqual(
      try backend.contracts(matching: ContractQuery()).map(\.name), ["Other"], "what is left")
  }

  func persistence(_ backend: any StateBackend) throws {
    guard let reopen else { return }
    let contracts = [sampleContract(), sampleContract("Other", chain: 97, network: "bsctestnet")]
    try backend.one(.transaction, contracts: contracts)
    backend.close()
    let again = try reopen(backend)
    try expectEqual(try again.contracts(matching: ContractQuery()), contracts, "after reopening")
    again.close()
  }
}

extension StateBackend {
  /// Puts contracts as one operation.
  @discardableResult
  func one(_ kind: Operation.Kind, contracts: [Contract]) throws -> WriteResult {
    try apply([Operation(kind, contracts.map { .put($0) })])[0].get()
  }
}
