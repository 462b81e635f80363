import LosslessJSON
import Testing

@testable import GitState

/// What was decoded before is what decoding the file anew gives, whatever was changed since.
@Suite struct DecodedContractsTests {
  private func expectFresh(_ file: DeploymentFile) throws {
    let fresh = try deployment(file.bytes)
    #expect(file.contractNames == fresh.contractNames)
    for name in fresh.contractNames + ["Absent"] {
      let (known, read) = (try file.contract(named: name), try fresh.contract(named: name))
      #expect(known == read)
      // In the order of the fields, too, in which they go to LevelDB.
      #expect(known?.compactJSON == read?.compactJSON)
    }
  }

  @Test(arguments: 500..<506) func everyVersionOfAFileReadsAsItsBytes(seed: UInt64) throws {
    var generator = RecordGenerator(seed: seed)
    var file = try DeploymentFile.new(name: "bsc.json", network: "bsc", chainID: 56)
    for round in 0..<60 {
      let names = (0..<1 + generator.random.below(3)).map { _ in
        "T\(generator.random.below(25))"
      }
      var changes: [(name: String, contract: Contract?)] = []
      for name in Set(names).sorted() {
        let isRemoval = generator.random.chance(25)
        changes.append((name, isRemoval ? nil : try generator.contract(named: name)))
      }
      let before = file
      file = try file.applying(changes)
      try expectFresh(file)
      if round % 10 == 0 { try expectFresh(before) }
    }
  }
}
