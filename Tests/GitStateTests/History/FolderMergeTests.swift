import Git
import LosslessJSON
import Testing

@testable import GitState

/// Merges of whole folders: members of files, files that were renamed, made twice or removed.
@Suite struct FolderMergeTests {
  private func folder(_ files: [String: String]) -> DeploymentFolder {
    var items: [FileName: DeploymentFolder.Item] = [:]
    for (name, text) in files {
      items[FileName(name)] = DeploymentFolder.Item(
        content: DeploymentFile.parse(name: name, bytes: Array(text.utf8)), blob: nil, mode: .blob)
    }
    return DeploymentFolder(path: "deployments", items: items)
  }

  private func bsc(_ contracts: String, _ members: String = #""network":"bsc","#) -> String {
    "{\(members)\"chainId\":56,\"contracts\":{\(contracts)}}"
  }

  private func merge(
    _ base: [String: String], _ ours: [String: String], _ theirs: [String: String],
    _ resolution: MergeResolution = MergeResolution()
  ) throws -> (folder: DeploymentFolder, conflicts: [MergeConflict]) {
    var conflicts: [MergeConflict] = []
    let merged = try folder(ours).merging(
      from: folder(base), to: folder(theirs), resolution: resolution, conflicts: &conflicts)
    return (merged, conflicts)
  }

  @Test func bothSidesMakeTheFirstFileOfAChain() throws {
    let (merged, conflicts) = try merge(
      [:], ["bsc.json": bsc(#""A":"0xA""#)], ["chain56.json": bsc(#""B":"0xB""#)])
    #expect(conflicts.isEmpty)
    #expect(merged.deployments.map(\.name) == ["bsc.json"])
    #expect(merged.deployments[0].contractNames == ["A", "B"])
  }

  @Test func aRenamedFileTakesTheOtherSidesChange() throws {
    let base = ["bsc.json": bsc(#""A":"0xA""#)]
    let renamed = ["bscmainnet.json": bsc(#""A":"0xA""#)]
    let added = ["bsc.json": bsc(#""A":"0xA","B":"0xB""#)]
    for (ours, theirs) in [(renamed, added), (added, renamed)] {
      let (merged, conflicts) = try merge(base, ours, theirs)
      #expect(conflicts.isEmpty)
      #expect(merged.deployments.map(\.name) == ["bscmainnet.json"])
      #expect(merged.deployments[0].contractNames == ["A", "B"])
    }
  }

  @Test func membersOfTheFileMergeOneByOne() throws {
    let base = ["bsc.json": bsc("", #""network":"bsc","note":1,"lastDeployed":"2025-01-01","#)]
    let ours = ["bsc.json": bsc("", #""network":"bsc","note":2,"lastDeployed":"2025-01-03","#)]
    let theirs = [
      "bsc.json": bsc("", #""network":"bsc mainnet","note":3,"lastDeployed":"2025-01-02","#)
    ]
    let (_, conflicts) = try merge(base, ours, theirs)
    #expect(
      conflicts == [
        MergeConflict(key: ContractKey(56, ""), field: "note", base: 1, ours: 2, theirs: 3)
      ])
    let settled = try merge(
      base, ours, theirs, MergeResolution(contracts: [ContractKey(56, ""): .theirs]))
    #expect(settled.conflicts.isEmpty)
    let (reverse, _) = try merge(base, theirs, ours, MergeResolution(side: .ours))
    let file = try #require(reverse.deployments.first)
    #expect(file.document.root.object?["note"] == 3)
    #expect(file.network == "bsc mainnet")
  }

  /// The later time of the file holds, whichever side has it.
  @Test func aNewNetworkNameLeavesNoOldOneInEntries() throws {
    let base = ["bsc.json": bsc(#""A":"0xA""#)]
    let ours = ["bsc.json": bsc(#""A":"0xA","B":"0xB""#)]
    let theirs = [
      "bsc.json": bsc(#""A":"0xA""#, #""network":"bscmainnet","lastDeployed":"2025-01-02","#)
    ]
    let (merged, conflicts) = try merge(base, ours, theirs)
    #expect(conflicts.isEmpty)
    #expect(try merged.contract(ContractKey(56, "A"))?.networkName == "bscmainnet")
    // Ours was recorded under the old name, and that is what its record said.
    #expect(try merged.contract(ContractKey(56, "B"))?.networkName == "bsc")
    #expect(merged.deployments[0].contracts["A"] == "0xA")
  }

  @Test func removedAndModifiedIsAConflictOverEachField() throws {
    let base = ["bsc.json": bsc(#""A":"0xA","B":"0xB""#)]
    let removed = ["bsc.json": bsc(#""B":"0xB""#)]
    let modified = ["bsc.json": bsc(#""A":"0xC","B":"0xB""#)]
    let (_, conflicts) = try merge(base, removed, modified)
    #expect(conflicts.map(\.field) == ["address"])
    #expect(conflicts[0].removingSide == .ours)
    let kept = try merge(base, removed, modified, MergeResolution(side: .theirs)).folder
    #expect(try kept.contract(ContractKey(56, "A"))?.address == "0xC")
    // The whole file gone on one side: what the other left as it was goes, the rest is a conflict.
    let gone = try merge(base, modified, [:])
    #expect(gone.conflicts.map(\.key) == [ContractKey(56, "A")])
    let taken = try merge(base, modified, [:], MergeResolution(side: .theirs)).folder
    #expect(taken.deployments.isEmpty)
    let stays = try merge(base, [:], modified, MergeResolution(side: .theirs)).folder
    #expect(stays.deployments.map(\.contractNames) == [["A"]])
  }

  @Test func anEntryThatNobodyCanReadDoesNotStopTheOthers() throws {
    let base = ["bsc.json": bsc(#""A":"0xA","Bad":5"#)]
    let ours = ["bsc.json": bsc(#""A":"0xA","Bad":5,"C":"0xC""#)]
    let theirs = ["bsc.json": bsc(#""A":"0xB","Bad":5"#, #""network":"x","#)]
    let (merged, conflicts) = try merge(base, ours, theirs)
    #expect(conflicts.isEmpty)
    #expect(merged.deployments[0].contractNames == ["A", "Bad", "C"])
    #expect(throws: StateError.self) {
      try merge(base, ours, ["bsc.json": bsc(#""A":"0xA","Bad":6"#)])
    }
  }

  @Test func anotherChainUnderTheSameNameIsAConflict() throws {
    let base = ["x.json": bsc(#""A":"0xA""#)]
    let other = ["x.json": bsc(#""A":"0xA""#).replacing("56", with: "97")]
    let ours = ["x.json": bsc(#""A":"0xB""#)]
    // To one side the contract is gone from chain 56; the other changed it there.
    let (merged, conflicts) = try merge(base, ours, other)
    #expect(conflicts.map(\.key) == [ContractKey(56, "A")])
    #expect(merged.deployments.map(\.name) == ["chain97.json", "x.json"])
  }
}
