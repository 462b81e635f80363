import Git

/// Reads the state out of commits, through a repository of its own.
struct GitReader: ~Copyable {
  let repository: Repository
  let location: StateLocation
  private let staleness: Duration
  private let loader: FolderLoader
  private var current: StateSnapshot?
  private var checked: ContinuousClock.Instant?
  /// How many writes have asked whether there is upkeep to do.
  private var writes = 0

  init(_ location: StateLocation, staleness: Duration, cache: FileCache) throws(StateError) {
    self.location = location
    self.staleness = staleness
    loader = FolderLoader(cache: cache)
    repository = try convertingGitErrors(
      .backendUnavailable, "the repository cannot be opened"
    ) { try Repository(opening: location.repository) }
  }

  /// Reads the tip ahead of the first read.
  mutating func warm() {
    do {
      _ = try snapshot(at: nil)
    } catch {
      // Whoever reads meets the same fault and is told; opening must not fail of it, since a write
      // or another revision may do without the tip.
    }
  }

  /// Whether objects and packs have become many.
  ///
  /// It is asked after each write, and looks after the first and then after each eighth. Nothing may fail the
  /// write any more: where it cannot be told, a later one asks again.
  mutating func needsUpkeep() -> Bool {
    defer { writes += 1 }
    return writes % 8 == 0 && (try? repository.needsPacking()) ?? false
  }

  /// Makes the next read look at the branch, however short ago the last one did.
  mutating func forgetTip() { checked = nil }

  /// The branch that has the state, and its tip.
  func branch() throws -> (name: String?, tip: ObjectID?) {
    try repository.stateBranch(location)
  }

  /// The commit that a revision or a date means.
  func commit(_ revision: String) throws(StateError) -> Commit {
    let tip = try convertingGitErrors(
      .backendUnavailable, "the branch that has the state could not be read"
    ) { try branch().tip }
    return try repository.commit(named: revision, tip: tip)
  }

  /// The state at a revision, or at the branch's tip.
  mutating func snapshot(at revision: String?) throws(StateError) -> StateSnapshot {
    if let revision {
      let commit = try commit(revision)
      if location.branch != nil, try isOfCode(commit) { throw StateError.commitOfCode(revision) }
      return try load(commit.id)
    }
    if let current, let checked, ContinuousClock.now - checked < staleness { return current }
    let now = ContinuousClock.now
    let tip = try convertingGitErrors(
      .backendUnavailable, "the branch that has the state could not be read"
    ) { try branch().tip }
    let snapshot: StateSnapshot
    if let current, current.commit == tip { snapshot = current } else { snapshot = try load(tip) }
    current = snapshot
    checked = now
    return snapshot
  }

  /// Whether a commit is none of the branch that has the state, and no file of ours is in it.
  ///
  /// Where the state has a branch of its own, `HEAD` is such a commit. That it has no contract says
  /// nothing about the state.
  ///
  /// - Parameters:
  ///   - commit: The commit.
  ///   - isChange: Whether its parent must have none, either: then it changed no state.
  /// - Returns: Whether it is of the code alone.
  /// - Throws: `BACKEND_UNAVAILABLE` where the history cannot be read.
  func isOfCode(_ commit: Commit, isChange: Bool = false) throws(StateError) -> Bool {
    let isForeign = try convertingGitErrors(
      .backendUnavailable, "the history could not be read"
    ) {
      guard let tip = try branch().tip else { return false }
      return try !repository.isAncestor(commit.id, of: tip)
    }
    guard isForeign else { return false }
    let parent = isChange ? commit.parents.first : nil
    for id in [commit.id, parent].compactMap(\.self) {
      let folder = try load(id).folder
      guard folder.deployments.isEmpty, folder.broken.isEmpty else { return false }
    }
    return true
  }

  /// The deployments folder of any commit.
  func load(_ commit: ObjectID?) throws(StateError) -> StateSnapshot {
    try lookingAgain { () throws(StateError) in
      try convertingGitErrors(
        .backendUnavailable, "the state of commit \(commit?.short ?? "none") could not be read"
      ) {
        StateSnapshot(
          commit: commit, folder: try loader.folder(location.folder, of: commit, in: repository))
      }
    }
  }
}

extension StateError {
  /// A revision of the code was given where one of the state is meant.
  static func commitOfCode(_ revision: String, _ outcome: String = "") -> StateError {
    StateError(
      .invalidArgument,
      "\(outcome)\(revision.quoted) is no commit of the branch that has the state, and no contract "
        + "is in it; name one that gitstate log shows")
  }
}

extension Repository {
  /// The branch that has the state, nil where HEAD is detached, and the commit it is at.
  ///
  /// With `head`, what HEAD names is known already.
  func stateBranch(_ location: StateLocation, head: Head? = nil) throws -> (
    name: String?, tip: ObjectID?
  ) {
    if let branch = location.branch {
      if let tip = try target(ofReference: branch) { return (branch, tip) }
      try refuseBranchOfRemote(branch)
      return (branch, nil)
    }
    return switch try head ?? self.head() {
    case .branch(let name, let target): (name, target)
    case .detached(let id): (nil, id)
    }
  }

  /// Refuses a branch that is not here, though a remote has it.
  ///
  /// A clone has only the remote's: to take that for an empty state would be to call every contract in
  /// it absent, and the next write would start a second history.
  private func refuseBranchOfRemote(_ branch: String) throws {
    let name = branch.dropFirst("refs/heads/".count)
    let remotes = try remotes().map(\.name).filter { remote in
      try target(ofReference: "refs/remotes/\(remote)/\(name)") != nil
    }
    guard let remote = remotes.first else { return }
    throw StateError(
      .backendUnavailable,
      "the branch \(name), which has the state, is not in this clone, but "
        + "\(remotes.joined(separator: " and ").escapingUnprintable) has it; make it with: "
        + "git branch \(name) \(remote.escapingUnprintable)/\(name)")
  }
}
