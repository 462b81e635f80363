public import LosslessJSON

/// Two changes to one field that exclude each other; a removal of the contract changes every field.
public struct MergeConflict: Hashable, Sendable {
  /// The contract concerned.
  public var key: ContractKey
  /// The field of the contract's record, or of the file where the contract has no name.
  public var field: String
  /// What both sides started from; nil where the field was not there.
  public var base: JSONValue?
  /// What our side made of it; nil where it has no such field, or no such contract.
  public var ours: JSONValue?
  /// What the other side made of it; nil where it has no such field, or no such contract.
  public var theirs: JSONValue?
  /// The side that removed the whole contract; nil where both have it.
  public var removingSide: MergeResolution.Side?
}

/// The merge of two states that come from one, contract by contract and field by field.
enum ThreeWayMerge {
  /// Merges one contract.
  ///
  /// A side that did not change a field yields to the one that did. Two equal changes are one. A
  /// contract that one side removed goes only where the other side left it as it was. Of two times,
  /// the later one holds.
  ///
  /// - Returns: The merged record, or nil where there is none. In a conflict it is of no use.
  static func merge(
    _ key: ContractKey, base: Contract?, ours: Contract?, theirs: Contract?,
    resolution: MergeResolution, conflicts: inout [MergeConflict]
  ) -> Contract? {
    if ours == theirs || base == theirs { return ours }
    if base == ours { return theirs }
    if resolution.prefersBase, base == nil { return nil }
    let side = resolution.side(for: key)
    guard let ours, let theirs else {
      if resolution.prefersBase { return base }
      if let side { return side == .ours ? ours : theirs }
      for field in FieldChange.between(base, ours ?? theirs) {
        conflicts.append(
          MergeConflict(
            key: key, field: field.path, base: field.old, ours: ours == nil ? nil : field.new,
            theirs: theirs == nil ? nil : field.new, removingSide: ours == nil ? .ours : .theirs))
      }
      return ours ?? theirs
    }
    var merged = ours.record
    let old = base?.record ?? JSONObject()
    let names =
      ours.record.map(\.key) + theirs.record.map(\.key).filter { ours.record[$0] == nil }
      + old.map(\.key).filter { ours.record[$0] == nil && theirs.record[$0] == nil }
    for name in names {
      let (was, our, their) = (old[name], ours.record[name], theirs.record[name])
      if our == their || was == their { continue }
      if was == our || side == .theirs {
        merged[name] = their
      } else if name == Contract.Field.timestamp, side == nil {
        // Every put sets the time, so it would conflict wherever both sides changed anything: the
        // contract was last touched at the later of the two.
        merged[name] = theirs.timestamp > ours.timestamp ? their : our
      } else if resolution.prefersBase {
        merged[name] = was
      } else if side == nil {
        conflicts.append(
          MergeConflict(key: key, field: name, base: was, ours: our, theirs: their))
      }
    }
    return Contract(key: key, record: merged)
  }
}
