import Git
import LosslessJSON

/// What a commit's trailers say, held against what it did.
///
/// Anybody can write a trailer, so none is believed: where rules let something pass that was there
/// before, it is looked for in the states that the trailers name.
struct CommitClaims {
  /// The operation that the commit says it is; nil for the commits of others.
  var kind: Operation.Kind?
  /// The states that the commit says it brings back, and the other parents' of a merge.
  var sources: [DeploymentFolder] = []
  /// What it says that is not so.
  var problems: [String] = []
}

extension GitReader {
  /// Looks whether a commit did what its trailers say.
  func claims(of commit: Commit, _ changes: CommitChanges) throws -> CommitClaims {
    var claims = CommitClaims()
    claims.sources = try commit.parents.dropFirst().map { try load($0).folder }
    let words = commit.trailers.filter { $0.key == "GitState-Operation" }.map(\.value)
    guard let word = words.last else { return claims }
    let kind = Operation.Kind(rawValue: word)
    claims.kind = kind
    if words.count > 1 { claims.problems.append("its trailers name \(words.count) operations") }
    let entry = LogEntry(commit, changes.all.changes.map(\.key))
    if let problem = entry.contradiction(commit.trailers) {
      claims.problems.append(problem)
    }
    claims.checkKind(kind, changes.own, parents: commit.parents.count)
    switch kind {
    case .revert:
      let undone = try named("GitState-Reverts", by: commit, kind, &claims)
      try checkRevert(of: undone, in: commit, changes.own, &claims)
    case .restore, .rollback:
      for source in try named("GitState-From", by: commit, kind, &claims) {
        let folder = try load(source.id).folder
        claims.sources.append(folder)
        let after = try load(commit.id).folder
        claims.checkReturn(of: changes.own, after, to: folder, source)
      }
    default: break
    }
    return claims
  }

  /// The commits that a commit's trailers name.
  private func named(
    _ trailer: String, by commit: Commit, _ kind: Operation.Kind?, _ claims: inout CommitClaims
  ) throws -> [Commit] {
    let names = commit.trailers.filter { $0.key == trailer }.map(\.value)
    if names.isEmpty {
      claims.problems.append("its trailers say \(kind?.rawValue ?? ""), and name no commit")
    }
    var found: [Commit] = []
    func refuse(_ name: String) {
      claims.problems.append(
        "\(trailer) names \(name.quoted), which is no commit of this repository")
    }
    for name in names {
      guard let id = ObjectID(hex: name), try repository.contains(id) else {
        // What a shallow clone lacks may well be there.
        guard ObjectID(hex: name) == nil || !repository.isShallow else { continue }
        refuse(name)
        continue
      }
      do throws(GitError) {
        found.append(try repository.commit(id))
      } catch {
        guard [.invalidSpec, .notFound].contains(error.code) else { throw error }
        refuse(name)
      }
    }
    return found
  }

  /// Looks whether a revert changed only what the commits had changed, to what was there before.
  private func checkRevert(
    of undone: [Commit], in commit: Commit, _ own: ChangeSet, _ claims: inout CommitClaims
  ) throws {
    let now = try load(commit.parents.first).folder
    var keys: Set<ContractKey> = []
    var before: [DeploymentFolder] = []
    // What bears another name since, the revert finds under that.
    var earlier: [ContractKey: Set<ContractKey>] = [:]
    for commit in undone {
      guard try !repository.isCut(commit) else { return }
      let after = try load(commit.id).folder
      for parent in commit.parents.isEmpty ? [nil] : commit.parents.map(Optional.some) {
        let folder = try load(parent).folder
        var notes: [String] = []
        let changes = ChangeSet(from: nil, folder, to: nil, after, notes: &notes)
        keys.formUnion(changes.changes.flatMap(\.keys))
        before.append(folder)
      }
      for (old, new) in after.renames(to: now) { earlier[new, default: []].insert(old) }
    }
    guard !before.isEmpty else { return }
    claims.sources += before
    for change in own.changes {
      let key = change.key.description.escapingUnprintable
      let known = change.keys.union(change.keys.flatMap { earlier[$0] ?? [] })
      guard !known.isDisjoint(with: keys) else {
        claims.problems.append(
          "it changed \(key), which the commits that it reverts did not change")
        continue
      }
      if change.kind == .removed {
        if before.allSatisfy({ $0.mayHave(change.key) }) {
          claims.problems.append(
            "it removed \(key), which was there before the commits that it reverts")
        }
        continue
      }
      // Under the name that it is given back, a contract has what it has now.
      let names = known.union(change.kind == .added ? now.keys(at: change) : [])
      for field in change.fields
      where field.path != Contract.Field.contractName
        && !before.contains(where: { state in
          names.contains { state.has(field.new, field.path, $0) }
        }) && !names.contains(where: { now.has(field.new, field.path, $0) })
      {
        claims.problems.append(
          "it changed \(field.path.escapingUnprintable) of \(key), which is not what was there before "
            + "the commits that it reverts")
      }
    }
  }
}

extension CommitClaims {
  /// Looks whether the changes are of the kind that a commit says.
  fileprivate mutating func checkKind(
    _ kind: Operation.Kind, _ own: ChangeSet, parents: Int
  ) {
    let word = kind.rawValue.escapingUnprintable
    let isMerge = parents > 1
    if isMerge != (kind == .merge), Operation.Kind.all.contains(kind) {
      problems.append(
        isMerge
          ? "its trailers say \(word), and it is a merge"
          : "its trailers say merge, and it has one parent")
    }
    let refused: [ContractChange.Kind]
    switch kind {
    case .put, .importing: refused = [.removed, .renamed]
    case .delete: refused = ContractChange.Kind.allCases.filter { $0 != .removed }
    default:
      refused = []
      if !Operation.Kind.all.contains(kind) {
        problems.append(
          "its trailers say \(word), which is no operation (this gitstate may be too old for it)")
      }
    }
    for change in own.changes where refused.contains(change.kind) {
      problems.append(
        "its trailers say \(word), and \(change.key.description.escapingUnprintable) was "
          + change.kind.rawValue)
    }
    if [.put, .delete, .restore].contains(kind), own.changes.count > 1 {
      problems.append(
        "its trailers say \(word), which is of one contract, and it changed \(own.changes.count)")
    }
  }

  /// Looks whether each contract that a commit changed is as in the state that it goes back to.
  fileprivate mutating func checkReturn(
    of own: ChangeSet, _ after: DeploymentFolder, to source: DeploymentFolder, _ commit: Commit
  ) {
    for change in own.changes {
      for key in change.keys.sorted() where !after.hasSameRecord(key, as: source) {
        problems.append(
          "it changed \(key.description.escapingUnprintable), which is not as in \(commit.id.short)"
        )
      }
    }
  }
}

extension DeploymentFolder {
  /// Whether both have the same record of a contract, or both none.
  fileprivate func hasSameRecord(_ key: ContractKey, as other: DeploymentFolder) -> Bool {
    do throws(StateError) {
      return try contract(key) == other.contract(key)
    } catch {
      // What cannot be read is reported by itself.
      return true
    }
  }

  /// The contracts of a chain that are at the address to which a change leads.
  fileprivate func keys(at change: ContractChange) -> Set<ContractKey> {
    guard let address = change.liveAddress?.asciiLowercased else { return [] }
    var found: Set<ContractKey> = []
    for file in files(of: change.key.chainID) {
      for name in file.contractNames {
        do throws(StateError) {
          if try file.contract(named: name)?.liveAddress?.asciiLowercased == address {
            found.insert(ContractKey(file.chainID, name))
          }
        } catch {
          // As above.
        }
      }
    }
    return found
  }
}

extension LogEntry {
  /// What the trailers say of contracts that the commit did not do, or leave out that it did.
  fileprivate func contradiction(_ trailers: [(key: String, value: String)]) -> String? {
    let named = trailers.filter { $0.key == "GitState-Contract" }
    let count = trailers.last { $0.key == "GitState-Contracts" }
    if named.isEmpty, let count {
      return Int(count.value) == contracts.count
        ? nil
        : "its trailers say that it changed \(count.value.escapingUnprintable) contracts, and it changed "
          + "\(contracts.count)"
    }
    let said = Set(named.map { CommitText.decoded($0.value) }.compactMap(ContractKey.init))
    let done = Set(contracts)
    if let key = said.subtracting(done).min() {
      return "its trailers name \(key.description.escapingUnprintable), which it did not change"
    }
    if let key = done.subtracting(said).min() {
      return "it changed \(key.description.escapingUnprintable), which its trailers do not name"
    }
    return nil
  }
}
