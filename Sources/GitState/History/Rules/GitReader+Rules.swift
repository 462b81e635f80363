import Git

/// What commits removed, along a walk from old to new.
struct Removals {
  private var known: [ContractKey: (record: FormerRecord, commit: ObjectID)] = [:]

  /// Notes what a commit did itself.
  mutating func note(_ changes: ChangeSet, in commit: Commit) {
    for change in changes.changes {
      switch change.kind {
      case .removed:
        known[change.key] = change.liveAddress.map {
          (FormerRecord(liveAddress: $0, removal: commit.id.short), commit.id)
        }
      default: known[change.key] = nil
      }
    }
  }

  /// The record that a contract had until a commit of the walk removed it that leads to another one.
  ///
  /// - Throws: Where the history cannot be read.
  func record(
    of key: ContractKey, before commit: Commit, in repository: borrowing Repository
  ) throws -> FormerRecord? {
    // What another line removed, this one never had.
    guard let (record, removal) = known[key], try repository.isAncestor(removal, of: commit.id)
    else { return nil }
    return record
  }
}

extension GitReader {
  /// What a commit breaks of rules, in sentences without an end.
  ///
  /// - Parameters:
  ///   - rules: The rules, of which each is asked.
  ///   - commit: The commit.
  ///   - changes: What it did.
  ///   - claims: What its trailers say.
  ///   - removals: What commits before it removed.
  /// - Returns: A sentence for each rule and contract.
  /// - Throws: Where the history cannot be read.
  mutating func brokenRules(
    _ rules: [GuardRules], _ commit: Commit, _ changes: CommitChanges, _ claims: CommitClaims,
    _ removals: Removals
  ) throws -> [String] {
    let entry = LogEntry(commit, changes)
    var act = RuledChange(
      changes: changes.own, dropped: changes.dropped.map(\.change),
      news: changes.own.keeping(newTo: claims.sources),
      hasReason: entry.operation == nil ? !entry.body.isEmpty : entry.reason != nil,
      // What else is in our messages are values, which are looked at as such.
      words: entry.operation == nil ? commit.message : entry.reason,
      commit: commit.id.short, author: commit.author.email)
    // The index is looked at only where a rule asks for it.
    let asksForFormer = rules.contains { $0.noRedeployment != .nowhere }
    var former: [ContractKey: FormerRecord] = [:]
    for change in changes.own.changes where asksForFormer && change.kind == .added {
      former[change.key] =
        try removals.record(of: change.key, before: commit, in: repository)
        ?? formerRecord(of: change.key, before: commit)
    }
    act.former = { [former] key in former[key] }
    var broken: [String] = []
    for rules in rules {
      for sentence in try rules.broken(by: act) where !broken.contains(sentence) {
        broken.append(sentence)
      }
    }
    return broken
  }

  /// The record that a contract had until it was removed, by the branch's history.
  ///
  /// - Parameters:
  ///   - key: The contract.
  ///   - commit: A commit before which it was removed; nil is the branch's tip.
  /// - Returns: Nil where the branch never had any.
  /// - Throws: Where the history cannot be read.
  mutating func formerRecord(of key: ContractKey, before commit: Commit? = nil) throws
    -> FormerRecord?
  {
    let touches = try withIndex { index in try index.commits(touching: .contract(key)) } ?? []
    for (id, touch) in touches where touch?.isAdded == false && id != commit?.id {
      if let commit, try !repository.isAncestor(id, of: commit.id) { continue }
      let removal = try repository.commit(id)
      guard try !load(id).folder.mayHave(key), try !repository.isCut(removal) else { return nil }
      for parent in removal.parents {
        if let live = try load(parent).folder.contract(key)?.liveAddress {
          return FormerRecord(liveAddress: live, removal: removal.id.short)
        }
      }
      return nil
    }
    return nil
  }
}

/// Looks up records that contracts had in the branch's history, for the rules of a write.
final class FormerRecords {
  private let location: StateLocation
  private let cache: FileCache
  private var reader: GitReader?

  init(_ location: StateLocation, _ cache: FileCache) {
    self.location = location
    self.cache = cache
  }

  /// The record that a contract had until it was removed.
  func record(of key: ContractKey) throws -> FormerRecord? {
    if reader == nil { reader = try GitReader(location, staleness: .zero, cache: cache) }
    return try reader?.formerRecord(of: key)
  }
}
