import Git

/// What a fetch came to.
public struct FetchResult: Hashable, Sendable {
  /// The remote's name.
  public let remote: String
  /// The branch, without `refs/heads/`.
  public let branch: String
  /// What the remote had when it was last looked at, as 40 hex digits; nil where it never was.
  public let old: String?
  /// What it has now; nil where it has no such branch.
  public let new: String?
  /// Whether what it had is no part of what it has: its history was rewritten.
  public let isRewritten: Bool
  /// The remote's other branches, by name.
  public let otherBranches: [String]
}

extension GitBackend {
  /// Gets what a remote has of the state's branch, and changes neither branch nor files.
  ///
  /// What comes in is looked at first: a commit that lacks something, or a tree with a name that leads
  /// elsewhere, never enters the repository.
  ///
  /// - Parameters:
  ///   - remote: The remote's name; nil is the branch's own, or `origin`, or the only one.
  ///   - options: How to talk to it.
  ///   - acceptsRewritten: Whether a history that was rewritten is what the remote has from now on.
  /// - Returns: What the remote has.
  /// - Throws: `REMOTE_UNAVAILABLE`, `REMOTE_UNTRUSTED`, `AUTHENTICATION_FAILED`, `REMOTE_INVALID`.
  public func fetch(
    from remote: String? = nil, options: RemoteOptions = RemoteOptions(),
    acceptsRewritten: Bool = false
  ) throws(StateError) -> FetchResult {
    try fetched(from: remote, options, acceptsRewritten: acceptsRewritten).result
  }

  /// As ``fetch(from:options:acceptsRewritten:)``, with what is needed to go on.
  func fetched(
    from remote: String?, _ options: RemoteOptions, acceptsRewritten: Bool
  ) throws(StateError) -> (branch: RemoteBranch, tip: ObjectID?, result: FetchResult) {
    try withRemote(remote, isPush: false, options) {
      repository, branch, connector throws(StateError) in
      try fetched(repository, branch, connector, acceptsRewritten: acceptsRewritten)
    }
  }

  private func fetched(
    _ repository: borrowing Repository, _ branch: RemoteBranch, _ connector: RemoteConnector,
    acceptsRewritten: Bool
  ) throws(StateError) -> (branch: RemoteBranch, tip: ObjectID?, result: FetchResult) {
    let location = location
    let known = Array(Set([branch.tip, branch.seen, branch.tracked].compactMap { $0 }))
    let quarantine = try convertingGitErrors(.writeFailed, "nothing was fetched") {
      try Quarantine(
        below: location.privateDirectory, of: location.commonDirectory,
        // A shallow clone lacks what its tips lead to.
        knowing: repository.isShallow ? [] : known)
    }
    defer { quarantine.discard() }
    let wanted = branch.theirBranch
    let references = try connector.run("nothing was fetched") { endpoint in
      try RemoteTransfer.fetch(from: endpoint, into: quarantine) { _ in [wanted] }
    }
    let tip = references.first { $0.name == branch.theirBranch }?.id
    let others = references.map(\.name)
      .filter { $0.hasPrefix("refs/heads/") && $0 != branch.theirBranch }
      .map { String($0.dropFirst("refs/heads/".count)) }
    guard let tip else {
      return (
        branch, nil,
        FetchResult(
          remote: branch.remote.name, branch: branch.name, old: branch.seen?.hex, new: nil,
          isRewritten: branch.seen != nil, otherBranches: others)
      )
    }
    let notes = try convertingGitErrors(.writeFailed, "nothing was fetched") {
      try repository.stageNotes(branch.notes(of: tip, seen: tip), "gitstate: fetch", location)
    }
    try connector.run("nothing was fetched") { _ in
      guard try !quarantine.isEmpty() else { return }
      let incoming = try Repository(opening: quarantine.path)
      // Also in a shallow clone, whose quarantine has got all that the tip leads to.
      try incoming.checkComplete(tip, knowing: known)
      try quarantine.accept()
    }
    let isRewritten = try convertingGitErrors(
      .backendUnavailable, "what was fetched could not be noted"
    ) {
      let isRewritten = try branch.seen.map { try !repository.isAncestor($0, of: tip) } ?? false
      // What git noted may have been all that we knew, and git has forgotten it by now.
      let seen = isRewritten && !acceptsRewritten ? branch.seen : tip
      try repository.note(
        branch.notes(of: tip, seen: seen ?? tip), "gitstate: fetch", notes, location)
      return isRewritten
    }
    return (
      branch, tip,
      FetchResult(
        remote: branch.remote.name, branch: branch.name, old: branch.seen?.hex, new: tip.hex,
        isRewritten: isRewritten, otherBranches: others)
    )
  }
}
