import Git

/// What a push came to.
public struct PushResult: Hashable, Sendable {
  /// The remote's name.
  public let remote: String
  /// The branch that was pushed, without `refs/heads/`.
  public let branch: String
  /// The commit that the remote has now, as 40 hex digits.
  public let commit: String
  /// Whether it had it already.
  public let isUnchanged: Bool
  /// What the server wrote, its hooks included.
  public let messages: String
}

extension GitBackend {
  /// Pushes the branch that has the state, and waits for the remote's word.
  ///
  /// - Parameters:
  ///   - remote: The remote's name; nil is the branch's own, or `origin`, or the only one.
  ///   - options: How to talk to it.
  ///   - force: Whether commits that we have seen the remote have may be lost there; never any other.
  /// - Returns: What the remote has now.
  /// - Throws: `REMOTE_REJECTED` with the server's reason, `AUTHENTICATION_FAILED`,
  ///   `REMOTE_UNTRUSTED`, `REMOTE_UNAVAILABLE`.
  public func push(
    to remote: String? = nil, options: RemoteOptions = RemoteOptions(),
    forceWithLease force: Bool = false
  ) throws(StateError) -> PushResult {
    try push(to: remote, options) { branch in force ? .lease(branch.seen) : .ancestor }
  }

  /// Pushes, replacing what is expected.
  func push(
    to remote: String?, _ options: RemoteOptions,
    replacing expectation: (RemoteBranch) -> PushExpectation
  ) throws(StateError) -> PushResult {
    try withRemote(remote, isPush: true, options) {
      repository, branch, connector throws(StateError) in
      guard let tip = branch.tip else {
        throw StateError(
          .invalidArgument,
          "nothing was pushed: there is no commit on the branch "
            + "\(branch.name.escapingUnprintable) yet")
      }
      let expected = expectation(branch)
      try completeHistory(of: tip, remote, repository, branch, options)
      let problem = "what the remote has could not be noted"
      let notes = try convertingGitErrors(.writeFailed, "nothing was pushed: \(problem)") {
        try repository.stageNotes(branch.notes(of: tip, seen: tip), "gitstate: push", location)
      }
      let report = try connector.run("nothing was pushed") { endpoint in
        try RemoteTransfer.push(
          to: endpoint, from: location.gitDirectory, branch.branch, as: branch.theirBranch,
          replacing: expected)
      }
      if let rejection = report.rejected.first {
        throw Self.refusal(rejection, of: branch.remote.name, report.messages)
      }
      let commit = report.commit ?? tip
      try convertingGitErrors(.writeFailed, "the push is done, but \(problem)") {
        try repository.note(
          branch.notes(of: commit, seen: commit), "gitstate: push", notes, location)
      }
      return PushResult(
        remote: branch.remote.name, branch: branch.name, commit: commit.hex,
        isUnchanged: report.commit == nil, messages: report.messages)
    }
  }

  /// Gets what a shallow clone lacks of its own history, without which libgit2 1.5 cannot push.
  private func completeHistory(
    of tip: ObjectID, _ remote: String?, _ repository: borrowing Repository,
    _ branch: RemoteBranch, _ options: RemoteOptions
  ) throws(StateError) {
    let lacks = { (repository: borrowing Repository) throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try repository.lacksHistory(of: tip)
      }
    }
    guard try lacks(repository) else { return }
    let location = location
    let connector = try convertingGitErrors(
      .backendUnavailable, "the remotes could not be read"
    ) { try RemoteConnector(branch.remote, isPush: false, repository, options) }
    try connector.run("nothing was pushed") { endpoint in
      let quarantine = try Quarantine(
        below: location.privateDirectory, of: location.commonDirectory, knowing: [], isAlone: true)
      defer { quarantine.discard() }
      let wanted = branch.theirBranch
      let found = try RemoteTransfer.fetch(from: endpoint, into: quarantine) { _ in [wanted] }
      guard let theirs = found.first(where: { $0.name == wanted })?.id else { return }
      try Repository(opening: quarantine.path).checkComplete(theirs, knowing: [])
      try quarantine.accept()
    }
    guard try !lacks(repository) else {
      throw StateError(
        .backendUnavailable,
        "nothing was pushed: this is a shallow clone, which lacks history that a push needs; get it "
          + "with: git fetch --unshallow")
    }
  }

  private static func refusal(
    _ rejection: PushReport.Rejection, of remote: String, _ messages: String
  ) -> StateError {
    let words = messages.split(whereSeparator: \.isNewline)
      .map { String($0).escapingUnprintable.trimmed }.filter { !$0.isEmpty }
    return StateError(
      .remoteRejected,
      "nothing was pushed: \(remote.escapingUnprintable) refuses: "
        + rejection.reason.escapingUnprintable
        + (words.isEmpty ? "" : " (it says: \(words.joined(separator: " ")))"))
  }

  /// Does something with a remote.
  ///
  /// - Parameters:
  ///   - remote: Its name; nil is the branch's own, or `origin`, or the only one.
  ///   - isPush: Whether its URL for pushes counts.
  ///   - options: How to talk to it.
  ///   - body: Gets a repository of its own, since a transfer may take long and reads must not wait.
  /// - Returns: What the body returns.
  /// - Throws: `INVALID_ARGUMENT` where there is no such remote; what the body throws.
  func withRemote<Result>(
    _ remote: String?, isPush: Bool, _ options: RemoteOptions,
    _ body: (borrowing Repository, RemoteBranch, RemoteConnector) throws(StateError) -> Result
  ) throws(StateError) -> Result {
    let location = location
    let repository = try convertingGitErrors(
      .backendUnavailable, "the repository cannot be opened"
    ) { try Repository(opening: location.repository) }
    let (branch, connector) = try convertingGitErrors(
      .backendUnavailable, "the remotes could not be read"
    ) {
      let branch = try RemoteBranch(remote, at: location, repository)
      return (branch, try RemoteConnector(branch.remote, isPush: isPush, repository, options))
    }
    return try body(repository, branch, connector)
  }
}

extension String {
  /// The text without white space at its ends.
  var trimmed: String {
    let kept = drop { $0.isWhitespace }
    return String(kept.reversed().drop { $0.isWhitespace }.reversed())
  }
}
