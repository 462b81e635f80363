import LosslessJSON
import Testing

@testable import GitState

/// What holds of every merge and every revert, tried on random states.
@Suite struct MergeLawTests {
  @Test(arguments: 1...50)
  func mergingAChangeWithItselfIsThatChange(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let base = try history.folder()
    let changed = try history.changed(base)
    #expect(try changed.merged(from: base, to: changed) == changed.allContracts())
    #expect(try changed.merged(from: base, to: base) == changed.allContracts())
    #expect(try base.merged(from: base, to: changed) == changed.allContracts())
  }

  @Test(arguments: 1...50)
  func disjointChangesCommute(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let base = try history.folder()
    let ours = try history.changed(base, names: ["A", "caf\u{e9}", "proxy"])
    let theirs = try history.changed(base, names: ["B", "cafe\u{301}", "contracts/X.sol:X"])
    let merged = try ours.merged(from: base, to: theirs)
    #expect(try theirs.merged(from: base, to: ours) == merged)
    // Every contract is as the side that changed it has it.
    let (before, mine, other) = (
      try base.allContracts(), try ours.allContracts(), try theirs.allContracts()
    )
    for key in Set(before.keys).union(mine.keys).union(other.keys) {
      #expect(merged[key] == (before[key] == mine[key] ? other[key] : mine[key]))
    }
  }

  @Test(arguments: 1...50)
  func aRevertAfterAChangeIsIdentity(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let base = try history.folder()
    let changed = try history.changed(base, names: ["A", "caf\u{e9}", "proxy"])
    #expect(try changed.merged(from: changed, to: base) == base.allContracts())
    // And with later changes of others, just those stay; the revert of the revert takes it back.
    let later = try history.changed(changed, names: ["B", "cafe\u{301}", "contracts/X.sol:X"])
    var conflicts: [MergeConflict] = []
    let reverted = try later.merging(
      from: changed, to: base, resolution: MergeResolution(), conflicts: &conflicts)
    #expect(conflicts.isEmpty)
    #expect(try reverted.allContracts() == base.merged(from: changed, to: later))
    #expect(try reverted.merged(from: reverted, to: later) == later.allContracts())
  }

  @Test(arguments: 1...60)
  func noContractIsLostThatNeitherSideRemoved(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let base = try history.folder()
    let (ours, theirs) = (try history.changed(base), try history.changed(base))
    let (before, mine, other) = (
      try base.allContracts(), try ours.allContracts(), try theirs.allContracts()
    )
    for side in [nil] + MergeResolution.Side.allCases.map(Optional.some) {
      var conflicts: [MergeConflict] = []
      let merged = try ours.merging(
        from: base, to: theirs, resolution: MergeResolution(side: side), conflicts: &conflicts
      ).allContracts()
      if side != nil { #expect(conflicts.isEmpty) }
      for key in Set(before.keys).union(mine.keys).union(other.keys) {
        let isKept = before[key] == nil || mine[key] != nil && other[key] != nil
        if isKept { #expect(merged[key] != nil, "\(key)") }
        if before[key] != nil, mine[key] == nil, other[key] == nil { #expect(merged[key] == nil) }
      }
    }
  }

  @Test(arguments: 1...50)
  func conflictsAreTheSameFromEitherSide(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let base = try history.folder()
    let (ours, theirs) = (try history.changed(base), try history.changed(base))
    var (here, there): ([MergeConflict], [MergeConflict]) = ([], [])
    _ = try ours.merging(
      from: base, to: theirs, resolution: MergeResolution(), conflicts: &here)
    _ = try theirs.merging(
      from: base, to: ours, resolution: MergeResolution(), conflicts: &there)
    func fields(_ conflicts: [MergeConflict]) -> Set<String> {
      Set(conflicts.map { "\($0.key) \($0.field)" })
    }
    #expect(fields(here) == fields(there))
    // Each has what the three states have.
    for conflict in here where !conflict.key.name.isEmpty {
      #expect(try base.contract(conflict.key)?[conflict.field] == conflict.base)
      #expect(try ours.contract(conflict.key)?[conflict.field] == conflict.ours)
      #expect(try theirs.contract(conflict.key)?[conflict.field] == conflict.theirs)
      #expect(conflict.ours != conflict.theirs || conflict.removingSide != nil)
    }
  }

  /// A contract is its address, whatever the name: what both sides still have, the merge has, and what
  /// one side renamed has the other side's changes.
  @Test(arguments: 1...60)
  func noContractIsLostThatWasRenamed(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let base = try history.folder()
    let ours = try history.renamed(try history.changed(base), to: ["R1", "R2"])
    let theirs = try history.renamed(try history.changed(base), to: ["R2", "R3"])
    func addresses(_ folder: DeploymentFolder) throws -> Set<String> {
      Set(try folder.allContracts().values.compactMap { $0.liveAddress?.lowercased() })
    }
    let kept = try addresses(base).intersection(addresses(ours)).intersection(addresses(theirs))
    for side in [nil] + MergeResolution.Side.allCases.map(Optional.some) {
      var conflicts: [MergeConflict] = []
      let merged = try ours.merging(
        from: base, to: theirs, resolution: MergeResolution(side: side), conflicts: &conflicts)
      if side != nil { #expect(conflicts.isEmpty) }
      #expect(try kept.isSubset(of: addresses(merged)))
      guard side == nil, conflicts.isEmpty else { continue }
      #expect(try theirs.merged(from: base, to: ours) == merged.allContracts())
    }
    // And a rename that is taken back leaves the changes that came after it.
    let renamed = try history.renamed(base, to: ["R1"])
    let later = try history.changed(renamed, names: ["A", "B", "R1"])
    var conflicts: [MergeConflict] = []
    let back = try later.merging(
      from: renamed, to: base, resolution: MergeResolution(side: .ours), conflicts: &conflicts)
    #expect(try addresses(back) == addresses(later))
  }
}
