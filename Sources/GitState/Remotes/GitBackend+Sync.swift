import Git
import Glibc

/// What taking in a remote's commits, or a whole synchronisation, came to.
public struct SyncResult: Sendable {
  /// The remote's name.
  public var remote: String
  /// The branch, without `refs/heads/`.
  public var branch: String
  /// The commit that our branch has now, as 40 hex digits; nil where neither side has any.
  public var commit: String?
  /// What came in, as one change from what was here to what is now.
  public var received: ChangeSet
  /// The files beside the state's that came in with it, by their paths.
  public var otherFiles: [String] = []
  /// How many commits of ours the remote did not have, and has now; 0 for a pull.
  public var pushed: Int
  /// How often the remote was talked to until it stood still.
  public var rounds: Int
  /// What the caller should know.
  public var warnings: [String]
  /// What the server wrote, its hooks included.
  public var messages: String
}

extension GitBackend {
  /// Fetches what a remote has and merges it contract by contract.
  ///
  /// - Parameters:
  ///   - remote: The remote's name; nil is the branch's own, or `origin`, or the only one.
  ///   - resolution: Which side is right where both changed the same; `ours` is this clone.
  ///   - options: How to talk to it.
  /// - Returns: What came in.
  /// - Throws: `MERGE_CONFLICT` with all ``StateError/conflicts``, `REMOTE_INVALID` where the history
  ///   was rewritten or a file that comes in is broken; then branch and files are as they were. As
  ///   ``fetch(from:options:acceptsRewritten:)``.
  public func pull(
    from remote: String? = nil, resolving resolution: MergeResolution = MergeResolution(),
    options: RemoteOptions = RemoteOptions()
  ) throws(StateError) -> SyncResult {
    let (branch, tip, _) = try checkedFetch(from: remote, options)
    guard let tip else {
      throw StateError(
        .notFound,
        "nothing was pulled: \(branch.remote.name.escapingUnprintable) has no branch "
          + "\(branch.name.escapingUnprintable) yet; share yours with: gitstate push")
    }
    return try takeIn(tip, branch, resolution)
  }

  /// Brings a remote and this clone to the same state: fetches, merges contract by contract, pushes,
  /// and again while others push in between.
  ///
  /// - Parameters:
  ///   - remote: The remote's name; nil is the branch's own, or `origin`, or the only one.
  ///   - resolution: Which side is right where both changed the same; `ours` is this clone.
  ///   - options: How to talk to it.
  ///   - patience: For how long to try again while others push. Whoever has just pushed needs no fetch for
  ///     the next push and so wins: where ten push without a pause, the last may wait for all others.
  /// - Returns: What came in and went out.
  /// - Throws: As ``pull(from:resolving:options:)`` and ``push(to:options:forceWithLease:)``. What was
  ///   merged before a push failed stays.
  public func sync(
    with remote: String? = nil, resolving resolution: MergeResolution = MergeResolution(),
    options: RemoteOptions = RemoteOptions(), patience: Duration = .seconds(600)
  ) throws(StateError) -> SyncResult {
    if let result = try pushUnmoved(remote, options) { return result }
    let deadline = ContinuousClock.now + patience
    var resolution = resolution
    var total: SyncResult?
    for round in 1... {
      let (branch, theirs, _) = try checkedFetch(from: remote, options)
      var result = SyncResult(
        remote: branch.remote.name, branch: branch.name, commit: branch.tip?.hex,
        received: ChangeSet(changes: []), pushed: 0, rounds: round, warnings: [], messages: "")
      if let theirs {
        result = try takeIn(theirs, branch, resolution)
        // It has served: in a later round, the same words could mean another conflict.
        resolution = MergeResolution()
        result.rounds = round
      }
      if let total { result.add(total) }
      total = result
      guard let commit = result.commit, commit != theirs?.hex else { return result }
      do throws(StateError) {
        let push = try push(to: remote, options: options)
        result.messages = push.messages
        result.commit = push.commit
        count(from: theirs, to: push.commit, &result)
        return result
      } catch {
        // A hook's no is the same whatever the remote has; only where it has moved was it a race.
        guard error.code == .remoteRejected, ContinuousClock.now < deadline,
          try checkedFetch(from: remote, options).tip != theirs
        else { throw error }
      }
      Jitter.sleep(round: round)
    }
    throw StateError(.remoteUnavailable, "nothing was pushed")
  }

  /// Pushes what is new here where the remote still has what was seen there last, so that there is
  /// nothing to fetch; nil where that does not hold, or cannot be known without a fetch.
  private func pushUnmoved(_ remote: String?, _ options: RemoteOptions) throws(StateError)
    -> SyncResult?
  {
    let location = location
    let (tip, seen) = try convertingGitErrors(
      .backendUnavailable, "the remotes could not be read"
    ) {
      let repository = try Repository(opening: location.repository)
      let branch = try RemoteBranch(remote, at: location, repository)
      guard let tip = branch.tip, let seen = branch.seen, tip != seen,
        try repository.isAncestor(seen, of: tip)
      else { return (ObjectID?.none, ObjectID?.none) }
      return (tip, seen)
    }
    guard tip != nil, let seen else { return nil }
    let push: PushResult
    do throws(StateError) {
      push = try self.push(to: remote, options) { _ in .unmoved(seen) }
    } catch {
      guard error.code == .remoteRejected else { throw error }
      // A hook's no is the same whatever the remote has.
      if error.underlying is GitError { return nil }
      guard try checkedFetch(from: remote, options).tip != seen else { throw error }
      return nil
    }
    var result = SyncResult(
      remote: push.remote, branch: push.branch, commit: push.commit,
      received: ChangeSet(changes: []), pushed: 0, rounds: 1, warnings: [],
      messages: push.messages)
    count(from: seen, to: push.commit, &result)
    return result
  }

  /// Whether each write is to wait until the remote has it, by git's setting `gitstate.push`.
  ///
  /// It is for programs to look at: a write of this library never waits for a server.
  ///
  /// - Returns: Whether it is set.
  /// - Throws: `BACKEND_UNAVAILABLE` where the configuration cannot be read.
  public func sharesWrites() throws(StateError) -> Bool {
    try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "git's configuration could not be read") {
        try reader.repository.configurationBool("gitstate.push") ?? false
      }
    }
  }

  /// Counts the commits that the remote has got, which no failure takes back.
  private func count(from old: ObjectID?, to new: String, _ result: inout SyncResult) {
    do throws(StateError) {
      result.pushed = try convertingGitErrors(
        .backendUnavailable, "the history could not be read"
      ) {
        let repository = try Repository(opening: location.repository)
        return try ObjectID(hex: new).map { tip in
          try repository.countCommits(from: tip, hiding: old.map { [$0] } ?? [])
        } ?? 0
      }
    } catch {
      result.warnings.append(
        "the push is done, but its commits cannot be counted: \(error.message)")
    }
  }

  /// Fetches, and refuses what must not come near the state.
  private func checkedFetch(from remote: String?, _ options: RemoteOptions) throws(StateError)
    -> (branch: RemoteBranch, tip: ObjectID?, result: FetchResult)
  {
    let fetched = try fetched(from: remote, options, acceptsRewritten: false)
    let (branch, tip, result) = fetched
    let name = branch.remote.name.escapingUnprintable
    if result.isRewritten, let seen = branch.seen {
      let shown = branch.name.escapingUnprintable
      throw StateError(
        .remoteInvalid,
        tip == nil
          ? "nothing was taken in: \(name) had \(shown) at \(seen.short) and has no such branch any "
            + "more; find out who removed it, and put it back with: gitstate push \(name)"
          : "nothing was taken in: the history of \(branch.shownTheirs.escapingUnprintable) was "
            + "rewritten: \(seen.short), which it had, is no part of it now; see what is gone with: "
            + "git log \(branch.shownTheirs.escapingUnprintable)..\(seen.short), and if that is "
            + "meant, accept it with: gitstate fetch --accept-rewritten \(name)")
    }
    if let tip {
      try checkFiles(tip, branch)
      try checkRules(tip, branch)
    }
    return fetched
  }

  /// Refuses a file that came in and cannot be read, unless it is here already.
  private func checkFiles(_ tip: ObjectID, _ branch: RemoteBranch) throws(StateError) {
    try read { reader throws(StateError) in
      let theirs: DeploymentFolder
      do throws(StateError) {
        theirs = try reader.load(tip).folder
      } catch {
        throw Self.refusal(of: error, tip, branch)
      }
      guard !theirs.broken.isEmpty else { return }
      let ours = try reader.load(branch.tip).folder
      for (file, error) in theirs.broken
      where theirs[file]?.blob == nil || theirs[file]?.blob != ours[file]?.blob {
        throw Self.refusal(of: error, tip, branch)
      }
    }
  }

  /// Refuses commits that break the team's rules.
  private func checkRules(_ tip: ObjectID, _ branch: RemoteBranch) throws(StateError) {
    // Without a commit here there is nothing yet that could be harmed.
    guard let ours = branch.tip, ours != tip else { return }
    try read { reader throws(StateError) in
      let broken = try convertingGitErrors(
        .backendUnavailable, "what came in could not be held to the rules"
      ) { try reader.brokenRules(from: tip, hiding: [ours]) }
      guard let first = broken.first else { return }
      let rest = broken.count > 1 ? " (and \(broken.count - 1) more)" : ""
      let theirs = branch.shownTheirs.escapingUnprintable
      throw StateError(
        .remoteInvalid,
        "nothing was taken in: \(first)\(rest); see it all with: gitstate verify --history "
          + "\(ours.short)..\(theirs), and have it reverted there, or, if it is meant, take it in with: "
          + "git merge \(theirs)",
        underlying: StateError(.ruleBroken, first))
    }
  }

  private static func refusal(of error: StateError, _ tip: ObjectID, _ branch: RemoteBranch)
    -> StateError
  {
    StateError(
      .remoteInvalid,
      "nothing was taken in: in \(branch.shownTheirs.escapingUnprintable) (\(tip.short)), "
        + "\(error.message); have it mended there, then try again",
      file: error.file, line: error.line, column: error.column, underlying: error)
  }

  /// Merges what was fetched.
  private func takeIn(_ theirs: ObjectID, _ branch: RemoteBranch, _ resolution: MergeResolution)
    throws(StateError) -> SyncResult
  {
    if branch.tip == nil, location.branch != nil { try makeBranch(theirs, branch) }
    let before = branch.tip?.hex
    let merged = try merge(theirs.hex, as: branch.shownTheirs, resolving: resolution)
    var received = merged.changes
    received.from = before
    received.to = merged.changes.to ?? before
    var result = SyncResult(
      remote: branch.remote.name, branch: branch.name, commit: received.to, received: received,
      pushed: 0, rounds: 1, warnings: merged.warnings, messages: "")
    // It is taken in: what cannot be told of it now fails nothing.
    do throws(StateError) {
      try convertingGitErrors(.backendUnavailable, "the branch and its files could not be read") {
        let tip = try Repository(opening: location.repository)
          .target(ofReference: branch.branch)
        result.commit = tip?.hex
        result.received.to = tip?.hex
        guard tip != branch.tip else { return }
        result.otherFiles = try OtherFiles(location).paths(from: branch.tip, to: tip)
      }
    } catch {
      result.warnings.append("what came in is recorded, but cannot all be told: \(error.message)")
    }
    return result
  }

  /// Makes a branch that is not here yet where the remote has it, so that no second history begins.
  private func makeBranch(_ commit: ObjectID, _ branch: RemoteBranch) throws(StateError) {
    try convertingGitErrors(.writeFailed, "the branch \(branch.name.quoted) could not be made") {
      let repository = try Repository(opening: location.repository)
      // Where HEAD is on it, index and files must follow; a merge sees to that.
      if case .branch(branch.branch, _) = try repository.head() { return }
      try repository.compareAndSwap(
        reference: branch.branch, from: nil, to: commit,
        logMessage: "gitstate: branch of \(branch.shownTheirs)",
        committer: try repository.signature(.committer))
    }
  }
}

extension SyncResult {
  /// Adds what an earlier round did.
  fileprivate mutating func add(_ earlier: SyncResult) {
    received.from = earlier.received.from
    received.changes = earlier.received.changes + received.changes
    otherFiles = earlier.otherFiles + otherFiles
    warnings = earlier.warnings + warnings
    messages = earlier.messages + messages
  }
}

extension Jitter {
  /// Sleeps up to 30 ms after the first round, and up to twice as long after each further, at most 1 s:
  /// who has waited long must not be the slowest.
  fileprivate static func sleep(round: Int) {
    usleep(1000 + UInt32.random(in: 0..<min(1_000_000, 30_000 << UInt32(min(round - 1, 10)))))
  }
}
