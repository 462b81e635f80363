import LosslessJSON

extension DeploymentFile {
  /// Contracts that bear another name in a later version of the file: the old name's key to the new
  /// one's.
  ///
  /// A contract was renamed where one is gone and one is new whose records are equal but for the
  /// name; or else where they have the same live address, and no other that is gone or new has it:
  /// on one chain, an address is one contract. What cannot be read was not renamed.
  func renames(to later: DeploymentFile) -> [ContractKey: ContractKey] {
    guard chainID == later.chainID else { return [:] }
    var gone = records { later.contracts[$0] == nil }
    guard !gone.isEmpty else { return [:] }
    var new = later.records { contracts[$0] == nil }
    var renames: [ContractKey: ContractKey] = [:]
    for (address, records) in new {
      for contract in records {
        guard let index = gone[address]?.firstIndex(where: { contract.isRenamed(from: $0) }),
          let old = gone[address]?.remove(at: index)
        else { continue }
        renames[old.key] = contract.key
        new[address]?.removeAll { $0.key == contract.key }
      }
    }
    for (address, records) in new where !address.isEmpty && records.count == 1 {
      guard let olds = gone[address], olds.count == 1 else { continue }
      renames[olds[0].key] = records[0].key
    }
    return renames
  }

  /// The records of some names, by live address; those without one are under the empty text.
  private func records(where isWanted: (String) -> Bool) -> [String: [Contract]] {
    var found: [String: [Contract]] = [:]
    for name in contractNames.filter(isWanted).sorted(by: { $0.precedes($1) }) {
      do throws(StateError) {
        guard let contract = try contract(named: name) else { continue }
        found[contract.liveAddress?.asciiLowercased ?? "", default: []].append(contract)
      } catch {
        // See above.
      }
    }
    return found
  }
}

extension Contract {
  /// Whether the records are equal but for the name.
  func isRenamed(from other: Contract) -> Bool {
    chainID == other.chainID && key != other.key
      && FieldChange.between(other, self).allSatisfy { $0.path == Field.contractName }
  }

  /// The record under another name.
  func renamed(to key: ContractKey) -> Contract {
    var record = self.record
    record[Field.contractName] = .string(key.name)
    return Contract(key: key, record: record)
  }
}

extension DeploymentFolder {
  /// Contracts that bear another name in a later state: the old key to the new one.
  func renames(to later: DeploymentFolder) -> [ContractKey: ContractKey] {
    var renames: [ContractKey: ContractKey] = [:]
    for old in deployments {
      for new in later.files(of: old.chainID) where old.bytes != new.bytes {
        renames.merge(old.renames(to: new)) { first, _ in first }
      }
    }
    return renames
  }
}
