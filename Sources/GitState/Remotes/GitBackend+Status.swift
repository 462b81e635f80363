import Git

/// How a clone stands: what it has, what was edited, what others do not have yet.
public struct StateStatus: Sendable {
  /// How the state's branch stands to a remote's, as it was when it was last looked at.
  public struct Standing: Hashable, Sendable {
    /// The remote's name.
    public let remote: String
    /// What the remote had when it was last looked at, as 40 hex digits; nil where it never was, or had
    /// no such branch.
    public let commit: String?
    /// How many commits of ours the remote does not have.
    public let ahead: Int
    /// How many commits of the remote's we do not have.
    public let behind: Int
    /// Whether what the remote had is no part of what it has.
    public let isRewritten: Bool
  }

  /// The branch that has the state, without `refs/heads/`; nil where HEAD is detached.
  public let branch: String?
  /// The branch's tip as 40 hex digits; nil where it has no commit.
  public let commit: String?
  /// How many contracts the tip has; nil where it cannot be read as a whole.
  public let contractCount: Int?
  /// What edits by hand in the working files would change.
  public let edits: ChangeSet
  /// Sentences about working files that cannot be compared, about files of which git's index has an earlier
  /// version, and about commits that took back what we had written.
  public let notes: [String]
  /// How the branch stands to its remote; nil where there is none.
  public let standing: Standing?
  /// What keeps writes from being done, such as a merge under way; nil where nothing does.
  public let underWay: String?
  /// Whether a write was interrupted, which the next one completes or takes back.
  public let hasInterruptedWrite: Bool
}

extension GitBackend {
  /// How this clone stands, without a word to any server.
  ///
  /// - Parameter remote: The remote's name; nil is the branch's own, or `origin`, or the only one.
  /// - Returns: What is here, edited, and not shared yet.
  /// - Throws: `BACKEND_UNAVAILABLE` where the branch cannot be read; `INVALID_ARGUMENT` where there is
  ///   no remote of that name.
  public func status(with remote: String? = nil) throws(StateError) -> StateStatus {
    let location = location
    let (edits, notes) = try changes(from: nil, to: nil)
    var warnings: [String]
    do throws(StateError) {
      warnings = try lostRaces()
    } catch {
      warnings = [error.message]
    }
    warnings += notes
    let contractCount: Int?
    do throws(StateError) {
      contractCount = try snapshot().contracts(matching: ContractQuery()).count
    } catch {
      contractCount = nil
    }
    return try convertingGitErrors(.backendUnavailable, "the state's branch could not be read") {
      let repository = try Repository(opening: location.repository)
      let (branch, tip) = try repository.stateBranch(location)
      let operation = try repository.operationInProgress()
      return StateStatus(
        branch: branch.map { String($0.dropFirst("refs/heads/".count)) }, commit: tip?.hex,
        contractCount: contractCount, edits: edits, notes: warnings,
        standing: try standing(to: remote, branch, repository),
        underWay: operation?.kind.rawValue,
        hasInterruptedWrite: try WriteIntent.left(at: location) != nil)
    }
  }

  private func standing(
    to remote: String?, _ name: String?, _ repository: borrowing Repository
  ) throws -> StateStatus.Standing? {
    guard name != nil else { return nil }
    if remote == nil, try repository.remotes().isEmpty { return nil }
    let branch: RemoteBranch
    do {
      branch = try RemoteBranch(remote, at: location, repository)
    } catch let error as StateError where remote == nil && error.code == .invalidArgument {
      // Several remotes, none of which is meant.
      return nil
    }
    guard let theirs = branch.tracked else {
      return StateStatus.Standing(
        remote: branch.remote.name, commit: nil,
        ahead: try count(branch.tip, hiding: nil, repository), behind: 0, isRewritten: false)
    }
    return StateStatus.Standing(
      remote: branch.remote.name, commit: theirs.hex,
      ahead: try count(branch.tip, hiding: theirs, repository),
      behind: try count(theirs, hiding: branch.tip, repository),
      isRewritten: try branch.seen.map { try !repository.isAncestor($0, of: theirs) } ?? false)
  }

  private func count(_ tip: ObjectID?, hiding known: ObjectID?, _ repository: borrowing Repository)
    throws -> Int
  {
    guard let tip, tip != known else { return 0 }
    return try repository.countCommits(from: tip, hiding: known.map { [$0] } ?? [])
  }
}
