import Dispatch
import GitState
import LosslessJSON
import Synchronization

extension BackendConformance {
  func documents(_ backend: any StateBackend) throws {
    var rich = sampleContract("Rich", chain: 97, network: "bsctestnet")
    rich.deploymentArgs = [
      .number(
        JSONNumber("115792089237316195423570985008687907853269984665640564039457584007913129639935")
          ?? 0), "", nil, [["a", [:]]],
    ]
    rich["salt"] = ["own": "field"]
    var odd = sampleContract("Odd", chain: 31337, network: "test")
    odd.address = "0xabcd"
    let all = [sampleContract(), sampleContract("x/A.sol:A"), rich, odd]
    try backend.importAll(all, overwrite: false)
    let document = ContractDocument.export(
      try backend.contracts(matching: ContractQuery()), exportTime: 1)
    for contract in all { try backend.one(.delete, .delete(contract.key)) }
    try expectEqual(try backend.contracts(matching: ContractQuery()), [], "after deleting all")
    let parsed = try ContractDocument.contracts(in: .object(document))
    try backend.importAll(parsed, overwrite: true)
    try expectEqual(
      try backend.contracts(matching: ContractQuery()).map(\.compactJSON),
      all.map(\.compactJSON), "after importing what was exported")
    let other = sampleContract(address: "2")
    try backend.one(.put, .put(other))
    try backend.importAll(parsed, overwrite: false)
    try expectEqual(try backend.contract(other.key), other, "what an import has to keep")
    try backend.importAll(parsed, overwrite: true)
    try expectEqual(try backend.contract(other.key), all[0], "what an import has to overwrite")
  }

  func volume(_ backend: any StateBackend) throws {
    let contracts = (0..<1000).map { number in
      sampleContract("Contract\(number)", chain: [56, 97][number % 2], time: Int64(number))
    }
    for start in stride(from: 0, to: 1000, by: 50) {
      try backend.one(.transaction, contracts: Array(contracts[start..<start + 50]))
    }
    try expectEqual(
      try backend.contracts(matching: ContractQuery()), contracts.sorted { $0.key < $1.key },
      "a thousand contracts")
    var large = sampleContract("Large")
    large.deploymentArgs = Array(
      repeating: .string(String(repeating: "x", count: 1024)), count: 10_000)
    try backend.one(.put, .put(large))
    try expect(
      try backend.contract(large.key) == large, "a record of ten megabytes comes back otherwise")
    try expectEqual(
      try backend.contract(contracts[7].key), contracts[7], "a record beside the large one")
  }

  func parallel(_ backend: any StateBackend) throws {
    let names = ["A", "B", "C"]
    let digits = Array("123456789")
    try backend.one(.transaction, contracts: names.map { sampleContract($0) })
    let failures = Mutex<[String]>([])
    // Three writers and ten readers, each on a thread of its own.
    DispatchQueue.concurrentPerform(iterations: 13) { worker in
      do {
        for (round, digit) in digits.enumerated() {
          if worker < 3 {
            let written = sampleContract(names[worker], address: digit, time: Int64(round))
            try backend.one(.put, .put(written))
            try expectEqual(try backend.contract(written.key), written, "what was answered")
          } else {
            let found = try backend.contracts(matching: ContractQuery(chainID: 56))
            try expectEqual(found.map(\.name), names, "the list beside writers")
            for record in found {
              let whole = digits.enumerated().contains { round, digit in
                record == sampleContract(record.name, address: digit, time: Int64(round))
              }
              try expect(whole || record == sampleContract(record.name), "torn: \(record.record)")
            }
          }
        }
      } catch {
        failures.withLock { $0.append("worker \(worker): \(error)") }
      }
    }
    try expectEqual(failures.withLock { $0 }, [], "failures of thirteen at once")
  }
}

extension StateBackend {
  /// Imports records as one operation.
  fileprivate func importAll(_ contracts: [Contract], overwrite: Bool) throws {
    let operation = Operation(
      .importing, contracts.map { .importRecord($0, overwrite: overwrite) })
    _ = try apply([operation])[0].get()
  }
}
