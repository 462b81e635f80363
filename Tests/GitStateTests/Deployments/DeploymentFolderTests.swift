import Git
import LosslessJSON
import Testing

@testable import GitState

/// Which file has a chain, and what broken files leave unknown.
@Suite struct DeploymentFolderTests {
  private func folder(_ files: [String: String]) -> DeploymentFolder {
    var items: [FileName: DeploymentFolder.Item] = [:]
    for (name, text) in files {
      items[FileName(name)] = DeploymentFolder.Item(
        content: DeploymentFile.parse(name: name, bytes: Array(text.utf8)), blob: nil, mode: .blob)
    }
    return DeploymentFolder(path: "deployments", items: items)
  }

  private let bsc = #"{"network":"bsc","chainId":56,"contracts":{"A":"0xA"}}"#

  @Test func absentIsProven() throws {
    let sound = folder(["bsc.json": bsc, "config.json": #"{"x":1}"#])
    #expect(try sound.contract(ContractKey(56, "A"))?.address == "0xA")
    #expect(try sound.contract(ContractKey(56, "B")) == nil)
    #expect(try sound.contract(ContractKey(97, "A")) == nil)

    for text in [#"{"chainId":"056","contracts":{}}"#, "{", #"{"chainId":1,"contracts":[]}"#] {
      let broken = folder(["bsc.json": bsc, "other.json": text])
      #expect(try broken.contract(ContractKey(56, "A"))?.address == "0xA")
      #expect(try broken.contract(ContractKey(56, "B")) == nil)
      let error = #expect(throws: StateError.self) { try broken.contract(ContractKey(97, "A")) }
      #expect(error?.code == .backendUnavailable)
      #expect(error?.message.contains("other.json") == true)
      #expect(throws: StateError.self) { try broken.contracts(matching: ContractQuery()) }
    }
  }

  @Test func twoFilesOfOneChainAreAnErrorThatNamesBoth() throws {
    let folder = folder([
      "bsc.json": bsc, "copy.json": bsc, "x.json": #"{"chainId":1,"contracts":{}}"#,
    ])
    let error = #expect(throws: StateError.self) { try folder.contract(ContractKey(56, "A")) }
    #expect(error?.message.contains("bsc.json") == true)
    #expect(error?.message.contains("copy.json") == true)
    #expect(try folder.contract(ContractKey(1, "A")) == nil)
  }

  @Test func recordsGoToTheirChainsFilesWhateverTheirNetworksName() throws {
    var folder = folder(["bsc.json": bsc])
    let records = [
      try contract(
        #"{"contractName":"B","chainId":56,"networkName":"bscmainnet","address":"0x1"}"#),
      try contract(#"{"contractName":"A","chainId":1,"networkName":"BSC","address":"0x2"}"#),
      try contract(#"{"contractName":"A","chainId":97,"networkName":"BSC Test","address":"0x3"}"#),
      try contract(#"{"contractName":"A","chainId":2,"networkName":"a/b","address":"0x4"}"#),
    ]
    try folder.apply(records.map { ($0.key, $0) }) { _ in false }
    #expect(
      folder.items.keys.sorted().map(\.text) == [
        "bsc.json", "bsctest.json", "chain1.json", "chain2.json",
      ])
    for record in records { #expect(try folder.contract(record.key) == record) }
    #expect(try folder.contract(ContractKey(56, "A"))?.networkName == "bsc")
    let before = folder.items.keys.sorted().map(\.text)
    try folder.apply([(ContractKey(999, "A"), nil)]) { _ in false }
    #expect(folder.items.keys.sorted().map(\.text) == before)
  }

  @Test func nothingIsWrittenWhereABrokenFileMayHaveTheChain() throws {
    var folder = folder(["bsc.json": bsc, "other.json": "{"])
    let record = try contract(
      #"{"contractName":"A","chainId":1,"networkName":"eth","address":"0x2"}"#)
    #expect(throws: StateError.self) { try folder.apply([(record.key, record)]) { _ in false } }
    #expect(folder.items.keys.sorted().map(\.text) == ["bsc.json", "other.json"])
  }
}
