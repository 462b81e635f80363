import Testing

@testable import GitState

/// What a new network's file is called.
@Suite struct NewFileNameTests {
  @Test(arguments: [
    ("bscmainnet", "bscmainnet.json"), ("BSC Mainnet", "bscmainnet.json"),
    ("bsc\tmain\n", "bscmain.json"),
    ("bsc\u{a0}\u{2003}\u{3000}x", "bscx.json"), ("a", "a.json"), ("0", "0.json"),
    ("a.b_c-d", "a.b_c-d.json"),
    ("a.json", "a.json.json"), ("lock", "lock.json"), ("a.lock.b", "a.lock.b.json"),
    (String(repeating: "a", count: 64), String(repeating: "a", count: 64) + ".json"),
  ])
  func namesFilesAfterNetworks(network: String, name: String) throws {
    #expect(try DeploymentFile.newName(network: network, chainID: 56) { _ in false } == name)
  }

  @Test(arguments: [
    "", " ", "a/b", "a\\b", "../x", "..", ".", ".x", "-x", "_x", "~x", "x:", "x*", "a.lock",
    "A.LOCK", "a. lock",
    "é", "e\u{301}", "契約", "x\u{301}", "x\u{0}", "x\u{1b}", "x\u{200b}", "CON\u{202e}", "x%2f",
    "x\"",
    "İstanbul", String(repeating: "a", count: 65), String(repeating: "a", count: 5000),
  ])
  func fallsBackToTheChain(network: String) throws {
    #expect(
      try DeploymentFile.newName(network: network, chainID: 56) { _ in false } == "chain56.json")
  }

  @Test func takenNamesAreLeftAlone() throws {
    var asked: [String] = []
    let name = try DeploymentFile.newName(network: "BSC", chainID: 56) {
      asked.append($0)
      return $0 == "bsc.json"
    }
    #expect(name == "chain56.json")
    #expect(asked == ["bsc.json", "chain56.json"])
    let error = #expect(throws: StateError.self) {
      try DeploymentFile.newName(network: "bsc", chainID: 56) { _ in true }
    }
    #expect(error?.message.contains("chain56.json") == true)
  }

  @Test(arguments: ["a/b", ".x", "bsc", "", "x\u{1b}\"", "e\u{301}"])
  func newFilesCarryTheNetworksName(network: String) throws {
    let made = try DeploymentFile.new(name: "chain56.json", network: network, chainID: 56)
    let file = try deployment(made.bytes, name: "chain56.json")
    #expect(file.chainID == 56)
    #expect(Array(file.network.utf8) == Array((network.isEmpty ? "chain56" : network).utf8))
    #expect(file.contractNames.isEmpty)
  }
}
