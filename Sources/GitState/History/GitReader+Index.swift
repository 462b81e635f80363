import GRDB
import Git

extension GitReader {
  /// Does something with the index of the log, brought up to the branch's tip.
  ///
  /// Where none can be kept, as in a repository that cannot be written, one is made in memory.
  ///
  /// - Parameter body: Reads the index.
  /// - Returns: What the body returns; nil where there is no commit yet.
  /// - Throws: Where the history cannot be read.
  mutating func withIndex<Result>(_ body: (LogIndex) throws -> Result) throws -> Result? {
    guard let tip = try branch().tip else { return nil }
    do {
      do {
        return try useIndex(tip, body)
      } catch let error as DatabaseError where LogIndex.isDamage(error) {
        try LogIndex.remove(LogIndex.path(location))
        return try useIndex(tip, body)
      }
    } catch let error as GitError {
      // That is the history's fault, not the index's.
      throw error
    } catch {
      return try useIndexInMemory(tip, body)
    }
  }

  private mutating func useIndexInMemory<Result>(
    _ tip: ObjectID, _ body: (LogIndex) throws -> Result
  ) throws -> Result {
    let index = try LogIndex(inMemoryFor: location)
    try catchUp(index, to: tip)
    return try body(index)
  }

  private mutating func useIndex<Result>(
    _ tip: ObjectID, _ body: (LogIndex) throws -> Result
  ) throws -> Result {
    var index = try LogIndex(location)
    // Another process may move it, too; whoever comes second looks again.
    for attempt in 1...5 where try index.tip() != tip {
      if attempt == 4 {
        try LogIndex.remove(LogIndex.path(location))
        index = try LogIndex(location)
      }
      try catchUp(index, to: tip)
    }
    return try body(index)
  }

  /// Adds the commits that the branch got since, in batches, and takes out those that it lost.
  private mutating func catchUp(_ index: LogIndex, to tip: ObjectID) throws {
    var indexed = try index.tip()
    if let old = indexed, try !repository.contains(old) {
      // Pruned, so what the branch lost can no longer be told.
      try LogIndex.remove(LogIndex.path(location))
      return
    }
    var new: [Commit] = []
    try repository.walk(
      from: [tip], hiding: indexed.map { [$0] } ?? [], order: .topological
    ) { commit in
      new.append(commit)
      return true
    }
    var lost: [ObjectID] = []
    if let old = indexed, try !repository.isAncestor(old, of: tip) {
      try repository.walk(from: [old], hiding: [tip]) { commit in
        lost.append(commit.id)
        return true
      }
    }
    var entries: [LogIndex.Entry] = []
    var folders = FolderIDs(location.folder)
    for (offset, commit) in new.reversed().enumerated() {
      if let entry = try entry(of: commit, &folders) { entries.append(entry) }
      // What was made of a long history is not lost where the program is ended; a later batch
      // starts from a commit that leads to all of the batch only if history is one line.
      let isLast = offset == new.count - 1
      let isBatchEnd = entries.count >= 5000 && folders.isLinear
      guard isLast || isBatchEnd else { continue }
      guard
        try index.move(from: indexed, to: isLast ? tip : commit.id, adding: entries, removing: lost)
      else { return }
      indexed = isLast ? tip : commit.id
      entries = []
      lost = []
    }
    if new.isEmpty { try index.move(from: indexed, to: tip, adding: [], removing: lost) }
  }

  /// What a commit changed, as the index keeps it; nil where its folder is one of a parent's.
  private mutating func entry(of commit: Commit, _ folders: inout FolderIDs) throws
    -> LogIndex.Entry?
  {
    folders.note(commit)
    // What a commit beyond which history is cut off did is not known.
    guard try !repository.isCut(commit) else { return nil }
    let own = try folders.id(of: commit, repository)
    let before = try commit.parents.map { try folders.id(of: $0, repository) }
    guard before.isEmpty ? own != nil : before.contains(where: { $0 != own }) else { return nil }
    let changes = try changes(of: commit)
    let keys = Set(changes.own.changes.map(\.key))
    var touches: [ContractKey: LogIndex.Touch] = [:]
    for change in changes.all.changes {
      touches[change.key] = LogIndex.Touch(
        change, keys.contains(change.key) ? .itself : .otherSide)
    }
    for dropped in changes.dropped {
      touches[dropped.change.key] = LogIndex.Touch(dropped.change, .dropped)
    }
    let notes = before.contains(own) ? [] : changes.notes
    guard touches.values.contains(where: { $0.standing != .otherSide }) || !notes.isEmpty else {
      return nil
    }
    return LogIndex.Entry(
      commit: commit.id, touches: touches.values.sorted { $0.key < $1.key }, notes: notes)
  }
}

/// The deployments folders' trees of commits, looked up once each along a walk.
private struct FolderIDs {
  private let path: String
  private var known: [ObjectID: ObjectID?] = [:]
  private var last: ObjectID?
  /// Whether each commit so far followed the one before.
  private(set) var isLinear = true

  init(_ path: String) { self.path = path }

  mutating func note(_ commit: Commit) {
    if let last, commit.parents != [last] { isLinear = false }
    last = commit.id
  }

  mutating func id(of commit: Commit, _ repository: borrowing Repository) throws -> ObjectID? {
    let id = try repository.entry(at: path, in: commit.tree)?.id
    if known.count > 10_000 { known = [:] }
    known[commit.id] = .some(id)
    return id
  }

  mutating func id(of commit: ObjectID, _ repository: borrowing Repository) throws -> ObjectID? {
    if let id = known[commit] { return id }
    return try id(of: try repository.commit(commit), repository)
  }
}
