import LosslessJSON

extension ChangeSet {
  /// The difference of two deployment folders.
  ///
  /// Files whose blobs are equal are not looked at, nor are entries whose JSON is equal where the
  /// file around them gives them the same meaning.
  ///
  /// - Parameters:
  ///   - from: The first commit.
  ///   - old: Its folder.
  ///   - to: The second commit.
  ///   - new: Its folder.
  ///   - notes: Gets a sentence for each file or entry that could not be compared.
  init(
    from: String?, _ old: DeploymentFolder, to: String?, _ new: DeploymentFolder,
    notes: inout [String]
  ) {
    var pairs: [ContractKey: (old: Contract?, new: Contract?)] = [:]
    var networks: [ChainID: String] = [:]
    var unreadable: Set<ContractKey> = []
    var goneUnread: Set<ContractKey> = []
    var files: [ChainID: (old: DeploymentFile?, new: DeploymentFile?)] = [:]
    for name in Set(old.items.keys).union(new.items.keys).sorted() {
      let (before, after) = (old.items[name], new.items[name])
      if let blob = before?.blob, blob == after?.blob { continue }
      let faults = [("before", before), ("after", after)].compactMap { side, item in
        item?.fault.map { "\(side) the change, \($0.inFile(old.pathOf(name.text)).message)" }
      }
      notes += faults
      // A contract is not gone because the file around it cannot be read.
      guard faults.isEmpty else { continue }
      let (oldFile, newFile) = (before?.deployment, after?.deployment)
      for file in [oldFile, newFile] { if let file { networks[file.chainID] = file.network } }
      if let oldFile { files[oldFile.chainID, default: (nil, nil)].old = oldFile }
      if let newFile { files[newFile.chainID, default: (nil, nil)].new = newFile }
      for key in Self.keysThatMayDiffer(oldFile, newFile) {
        let path = old.pathOf(name.text)
        do {
          if let contract = try oldFile?.contract(key) {
            pairs[key, default: (nil, nil)].old = contract
          }
        } catch {
          // What a put made readable is as if added, and what is gone is removed all the same.
          notes.append("before the change, \(error.inFile(path).message)")
          if newFile?.contracts[key.name] == nil || newFile?.chainID != key.chainID {
            goneUnread.insert(key)
          }
        }
        do {
          if let contract = try newFile?.contract(key) {
            pairs[key, default: (nil, nil)].new = contract
          }
        } catch {
          // What was readable is not gone.
          unreadable.insert(key)
          notes.append(error.inFile(path).message)
        }
      }
    }
    for key in unreadable { pairs[key] = nil }
    self.init(from: from, to: to, pairs: Array(pairs.values)) {
      networks[$0.chainID] ?? $0.chainID.description
    }
    for key in goneUnread {
      let network = networks[key.chainID] ?? key.chainID.description
      changes.append(ContractChange(key: key, network: network, kind: .removed, fields: []))
    }
    if !goneUnread.isEmpty { changes.sort { $0.key < $1.key } }
    self.files = files.keys.sorted().compactMap { chainID in
      guard let pair = files[chainID], let before = pair.old, let after = pair.new else {
        return nil
      }
      let fields = FieldChange.betweenMembers(of: before, and: after)
      return fields.isEmpty
        ? nil
        : FileMembersChange(
          file: new.pathOf(after.name), chainID: chainID, network: after.network, fields: fields)
    }
  }

  private static func keysThatMayDiffer(_ old: DeploymentFile?, _ new: DeploymentFile?)
    -> [ContractKey]
  {
    guard let old, let new, old.codec == new.codec else {
      return [old, new].flatMap { file in
        file.map { file in file.contractNames.map { ContractKey(file.chainID, $0) } } ?? []
      }
    }
    let names =
      new.contractNames.filter { !new.hasSameEntry($0, as: old) }
      + old.contractNames.filter { new.contracts[$0] == nil }
    return names.map { ContractKey(new.chainID, $0) }
  }
}

extension FieldChange {
  /// The members in which two files of a chain differ, their contracts aside.
  fileprivate static func betweenMembers(of old: DeploymentFile, and new: DeploymentFile)
    -> [FieldChange]
  {
    let (before, after) = (
      old.document.root.object ?? JSONObject(), new.document.root.object ?? JSONObject()
    )
    let names = after.map(\.key) + before.map(\.key).filter { after[$0] == nil }
    return names.compactMap { name in
      guard name != DeploymentFile.Member.contracts, name != DeploymentFile.Member.hashes,
        before[name] != after[name]
      else { return nil }
      return FieldChange(path: name, old: before[name], new: after[name])
    }
  }
}

extension DeploymentFile {
  /// The record of a key; nil where the file is another chain's.
  fileprivate func contract(_ key: ContractKey) throws(StateError) -> Contract? {
    key.chainID == chainID ? try contract(named: key.name) : nil
  }

  /// Whether what both files have for a contract is the same JSON.
  fileprivate func hasSameEntry(_ name: String, as other: DeploymentFile) -> Bool {
    contracts[name] == other.contracts[name] && hashes[name] == other.hashes[name]
  }
}

extension DeploymentFolder.Item {
  /// The network's file, where it is one.
  var deployment: DeploymentFile? {
    if case .deployment(let file) = content { file } else { nil }
  }
}

extension DeploymentFolder.Item {
  /// Why the file cannot be read, where it cannot.
  var fault: StateError? {
    if case .broken(let error) = content { error } else { nil }
  }
}
