import LosslessJSON

/// What one commit did to the state.
struct CommitChanges {
  /// The difference to the first parent, which is what is shown of a commit.
  var all = ChangeSet()
  /// What differs from every parent: what the commit did itself.
  var own = ChangeSet()
  /// What a merge left out that a parent had.
  var dropped: [DroppedChange] = []
  /// A sentence for each file or entry that could not be compared.
  var notes: [String] = []
  /// Whether nothing can be compared, since a shallow clone lacks the parents.
  var isCut = false

  /// The contracts that are not as the first parent has them, and those that a merge dropped.
  var contracts: [ContractKey] {
    Set(all.changes.map(\.key) + dropped.map(\.change.key)).sorted()
  }
}

/// What a merge left out though one parent had it and no side took it back: the record that the
/// parent had, or what it had changed.
public struct DroppedChange: Hashable, Sendable {
  /// The parent that had it, as 40 hex digits.
  public let parent: String
  /// The way from that parent's record to the merge's: `removed` where the record is lost.
  public let change: ContractChange
}

/// A parent of a merge: its state, and the way from there to the merge.
struct MergeParent {
  var id: String
  var folder: DeploymentFolder
  var changes: ChangeSet
}

extension CommitChanges {
  /// What a merge did itself: what differs from every parent.
  static func own(_ parents: [MergeParent]) -> ChangeSet {
    guard var own = parents.first?.changes else { return ChangeSet() }
    for parent in parents.dropFirst() {
      let others = Dictionary(
        parent.changes.changes.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
      own.changes = own.changes.compactMap { change in
        // What one side renamed, that side's commit answers for.
        others[change.key].map { change.kind == .renamed ? $0 : change }
      }
      own.files = own.files.compactMap { file in
        guard let other = parent.changes.files.first(where: { $0.chainID == file.chainID }) else {
          return nil
        }
        var file = file
        file.fields.removeAll { field in !other.fields.contains { $0.path == field.path } }
        return file.fields.isEmpty ? nil : file
      }
    }
    return own
  }

  /// What a merge left out that a parent had.
  ///
  /// A record is dropped where a parent has it and the merge has not, unless some other parent
  /// lacks it, and a state that the two come from has it: then that side removed it. A change is
  /// dropped where the merge has a field as the states before and another parent have it.
  ///
  /// - Parameters:
  ///   - parents: The parents.
  ///   - bases: The states that two parents, by position, come from.
  /// - Returns: At most one change for each contract, by contract.
  static func dropped(
    _ parents: [MergeParent], bases: (Int, Int) throws -> [DeploymentFolder]
  ) rethrows -> [DroppedChange] {
    var found: [DroppedChange] = []
    for (index, parent) in parents.enumerated() {
      for change in parent.changes.changes {
        switch change.kind {
        case .added, .renamed: continue
        case .removed:
          let isRemoval = try parents.indices.contains { other in
            try other != index && !parents[other].folder.mayHave(change.key)
              && bases(index, other).contains { base in
                base.mayHave(change.key)
                  || base.formerNames(of: change.key, in: parent.folder).contains {
                    !parents[other].folder.mayHave($0)
                  }
                    // Renamed otherwise there, it was not removed.
                    && parents[other].folder.formerNames(of: change.key, in: parent.folder).isEmpty
              }
          }
          if !isRemoval { found.append(DroppedChange(parent: parent.id, change: change)) }
        case .redeployed, .upgraded, .modified:
          let fields = try change.fields.filter { field in
            // Of two times, a merge takes the later one.
            try field.path != Contract.Field.timestamp
              && parents.indices.contains { other in
                guard other != index,
                  parents[other].folder.has(field.new, field.path, change.key)
                else { return false }
                let bases = try bases(index, other)
                return !bases.isEmpty
                  && bases.allSatisfy { $0.has(field.new, field.path, change.key) }
              }
          }
          if let dropped = change.keeping(fields) {
            found.append(DroppedChange(parent: parent.id, change: dropped))
          }
        }
      }
    }
    var seen: Set<ContractKey> = []
    return found.filter { seen.insert($0.change.key).inserted }
      .sorted { $0.change.key < $1.change.key }
  }
}

extension ContractChange {
  /// The change with some of its fields alone; nil where none is left.
  fileprivate func keeping(_ fields: [FieldChange]) -> ContractChange? {
    guard !fields.isEmpty else { return nil }
    let names = Set(fields.map(\.path))
    var change = self
    change.fields = fields
    let live = [Contract.Field.proxyAddress, Contract.Field.address]
    let isDeployed = live + [Contract.Field.implementationHash]
    if kind == .redeployed, names.isDisjoint(with: live) { change.kind = .modified }
    if kind == .upgraded, names.isDisjoint(with: isDeployed) { change.kind = .modified }
    return change
  }
}

extension DeploymentFolder {
  /// The chain's files, though there be several.
  func files(of chainID: ChainID) -> [DeploymentFile] {
    deployments.filter { $0.chainID == chainID }
  }

  /// Whether some file has an entry for a contract, readable or not; a broken file may have any.
  func mayHave(_ key: ContractKey) -> Bool {
    files(of: key.chainID).contains { $0.contracts[key.name] != nil }
      || files(of: key.chainID).isEmpty && !broken.isEmpty
  }

  /// Whether a contract can be read and its record has this value in a field, nil being none.
  func has(_ value: JSONValue?, _ field: String, _ key: ContractKey) -> Bool {
    files(of: key.chainID).contains { file in
      do throws(StateError) {
        guard let contract = try file.contract(named: key.name) else { return false }
        return contract.record[field] == value
      } catch {
        // What cannot be read tells nothing about what was dropped; the file is reported by itself.
        return false
      }
    }
  }
}

extension DeploymentFolder {
  /// The names that a contract of a later state, not known here by its own, has here: those of contracts
  /// at the same live address.
  fileprivate func formerNames(of key: ContractKey, in later: DeploymentFolder) -> [ContractKey] {
    do throws(StateError) {
      guard let live = try later.contract(key)?.liveAddress?.asciiLowercased,
        let file = try file(of: key.chainID)
      else { return [] }
      var names: [ContractKey] = []
      for name in file.contractNames
      where try file.contract(named: name)?.liveAddress?.asciiLowercased == live {
        names.append(ContractKey(key.chainID, name))
      }
      return names
    } catch {
      // What cannot be read proves no removal.
      return []
    }
  }
}
