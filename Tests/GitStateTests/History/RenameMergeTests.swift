import LosslessJSON
import Testing

@testable import GitState

/// Merges where a contract was renamed on one side and changed on the other, or on both.
@Suite struct RenameMergeTests {
  private func file(_ contracts: String, _ name: String = "bsc.json") -> DeploymentFile {
    let text = #"{"network":"bsc","chainId":56,"contracts":{\#(contracts)}}"#
    guard case .deployment(let file) = DeploymentFile.parse(name: name, bytes: Array(text.utf8))
    else { preconditionFailure(text) }
    return file
  }

  private func entry(_ name: String, proxy: String = "0xA", _ more: String = "") -> String {
    "\"\(name)\":{\"proxy\":\"\(proxy)\",\"implementation\":\"0xB\",\"timestamp\":1\(more)}"
  }

  private func merge(
    _ base: String, _ ours: String, _ theirs: String, _ side: MergeResolution.Side? = nil
  ) throws -> (entries: JSONObject, conflicts: [MergeConflict]) {
    var conflicts: [MergeConflict] = []
    let merged = try DeploymentFile.merging(
      base: file(base), ours: file(ours), theirs: file(theirs),
      resolution: MergeResolution(side: side), conflicts: &conflicts)
    return (merged.contracts, conflicts)
  }

  @Test func aRenameAndAChangeMergeFromEitherSide() throws {
    let base = entry("Old") + "," + entry("Other", proxy: "0xC")
    let renamed = entry("New") + "," + entry("Other", proxy: "0xC")
    let changed = entry("Old", #","note":"later""#) + "," + entry("Other", proxy: "0xC")
    for (ours, theirs) in [(renamed, changed), (changed, renamed)] {
      let (entries, conflicts) = try merge(base, ours, theirs)
      #expect(conflicts.isEmpty)
      #expect(Set(entries.keys) == ["New", "Other"])
      #expect(entries["New"]?.object?["note"] == "later")
    }
  }

  @Test func aRenameWithAnUpgradeIsKnownByItsLiveAddress() throws {
    let base = entry("Old")
    let renamed = #""New":{"proxy":"0xa","implementation":"0xD","timestamp":2}"#
    let changed = entry("Old", #","note":"later""#)
    let (entries, conflicts) = try merge(base, renamed, changed)
    #expect(conflicts.isEmpty && entries.keys == ["New"])
    #expect(entries["New"]?.object?["note"] == "later")
    #expect(entries["New"]?.object?["implementation"] == "0xD")
    // Two that could be meant are none.
    let two = entry("Old") + "," + entry("Old2", #","note":"x""#)
    let unclear = try merge(two, entry("New", #","note":"z""#), two)
    #expect(unclear.entries.keys == ["New"] && unclear.conflicts.isEmpty)
  }

  @Test func theSameFieldChangedOnBothSidesIsAConflictUnderTheNewName() throws {
    let (_, conflicts) = try merge(
      entry("Old", #","note":"a""#), entry("New", #","note":"b""#),
      entry("Old", #","note":"c""#))
    #expect(
      conflicts == [
        MergeConflict(
          key: ContractKey(56, "New"), field: "note", base: "a", ours: "b", theirs: "c")
      ])
  }

  @Test func twoNewNamesAreAConflict() throws {
    let (base, ours, theirs) = (entry("Old"), entry("New1"), entry("New2", #","note":"x""#))
    let (entries, conflicts) = try merge(base, ours, theirs)
    #expect(entries.keys == ["New1"])
    #expect(
      conflicts == [
        MergeConflict(
          key: ContractKey(56, "New1"), field: "contractName", base: "Old", ours: "New1",
          theirs: "New2")
      ])
    for (side, name) in [(MergeResolution.Side.ours, "New1"), (.theirs, "New2")] {
      let settled = try merge(base, ours, theirs, side)
      #expect(settled.conflicts.isEmpty && settled.entries.keys == [name])
      #expect(settled.entries[name]?.object?["note"] == "x")
    }
    let same = try merge(base, ours, ours)
    #expect(same.conflicts.isEmpty && same.entries.keys == ["New1"])
  }

  @Test func aRenameOfWhatTheOtherSideRemovedIsAConflict() throws {
    let (base, renamed) = (entry("Old") + "," + entry("B", proxy: "0xC"), entry("New"))
    let removed = entry("B", proxy: "0xC")
    let all = renamed + "," + removed
    for (ours, theirs, side) in [
      (removed, all, MergeResolution.Side.ours), (all, removed, .theirs),
    ] {
      let (_, conflicts) = try merge(base, ours, theirs)
      #expect(conflicts.map(\.field) == ["contractName"])
      #expect(conflicts.first?.removingSide == side)
      for choice in MergeResolution.Side.allCases {
        let settled = try merge(base, ours, theirs, choice)
        #expect(settled.conflicts.isEmpty)
        #expect(Set(settled.entries.keys) == (choice == side ? ["B"] : ["B", "New"]))
      }
    }
  }

  @Test func aNameThatTheOtherSideGaveToAnotherIsAConflict() throws {
    let base = entry("Old")
    let renamed = entry("New")
    let taken = entry("Old", #","note":"x""#) + "," + entry("New", proxy: "0xF")
    for (ours, theirs) in [(renamed, taken), (taken, renamed)] {
      let (_, conflicts) = try merge(base, ours, theirs)
      #expect(conflicts.map(\.field) == ["contractName"])
      for side in MergeResolution.Side.allCases {
        let settled = try merge(base, ours, theirs, side)
        #expect(settled.conflicts.isEmpty)
        let isRenamed = (side == .ours) == (ours == renamed)
        #expect(Set(settled.entries.keys) == (isRenamed ? ["New"] : ["New", "Old"]))
        // What the other side did to the contract stays with it.
        let own = settled.entries[isRenamed ? "New" : "Old"]?.object
        #expect(own?["note"] == "x" && own?["proxy"] == "0xA")
      }
    }
  }
}
