import Git

/// What a push came to.
public struct PushResult: Hashable, Sendable {
  /// The remote's name.
  public let remote: String
  /// The branch that was pushed, without `refs/heads/`.
  public let branch: String
  /// The commit that the remote has now, as 40 hex digits.
  public let commit: String
  /// What the server wrote, its hooks included.
  public let messages: String
}

/// A remote's name and place.
public struct StateRemote: Hashable, Sendable {
  /// The name.
  public let name: String
  /// The place, with any password left out.
  public let url: String
}

extension GitBackend {
  /// The repository's remotes, by name.
  public func remotes() throws(StateError) -> [StateRemote] {
    try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the remotes could not be read") {
        try reader.repository.remotes().map { remote in
          StateRemote(name: remote.name, url: RemoteURL.withoutSecret(remote.url))
        }
      }
    }
  }

  /// Adds a remote.
  ///
  /// - Throws: `INVALID_ARGUMENT` where the name is taken, or the URL has a password in it, which git
  ///   would keep in its configuration for everyone to read.
  public func addRemote(_ name: String, url: String) throws(StateError) {
    guard RemoteURL.withoutSecret(url).isIdentical(to: url) else {
      throw StateError(
        .invalidArgument,
        "the remote was not added: its URL has a password or token in it, which git would keep "
          + "readable in its configuration; add it as \(RemoteURL.withoutSecret(url)) and let git's "
          + "credential helper keep the secret")
    }
    if let taken = try remotes().first(where: { $0.name == name }) {
      throw StateError(
        .invalidArgument,
        "the remote was not added: there is a remote \(name.quoted) already, \(taken.url.quoted); "
          + "choose another name, or remove it with: gitstate remote remove "
          + name.escapingUnprintable)
    }
    try read { reader throws(StateError) in
      try convertingGitErrors(.invalidArgument, "the remote \(name.quoted) was not added") {
        try reader.repository.addRemote(name, url: url)
      }
    }
  }

  /// Removes a remote and what is known of its branches.
  ///
  /// - Throws: `INVALID_ARGUMENT` where there is none.
  public func removeRemote(_ name: String) throws(StateError) {
    guard try remotes().contains(where: { $0.name == name }) else {
      throw StateError(
        .invalidArgument,
        "there is no remote \(name.quoted); gitstate remote list shows which there are")
    }
    try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "the remote \(name.quoted) was not removed") {
        try reader.repository.removeRemote(name)
      }
    }
  }

  /// Pushes the branch that has the state.
  ///
  /// Never by force.
  ///
  /// - Parameter remote: The remote's name; nil is the branch's own, or `origin`, or the only one.
  /// - Returns: What the remote has now.
  /// - Throws: `REMOTE_REJECTED` with the server's reason, `AUTHENTICATION_FAILED`,
  ///   `REMOTE_UNAVAILABLE`.
  public func push(to remote: String? = nil) throws(StateError) -> PushResult {
    try read { reader throws(StateError) in
      let (branch, tip) = try convertingGitErrors(
        .backendUnavailable, "the branch could not be read"
      ) { try reader.branch() }
      guard let branch, let tip else {
        throw StateError(
          .invalidArgument,
          branch == nil
            ? "nothing was pushed: HEAD is detached; name the branch with --branch"
            : "nothing was pushed: there is no commit yet")
      }
      let remote = try reader.remote(remote, of: branch)
      let name = remote.name
      do {
        let report = try reader.repository.push(remote: name, refspecs: ["\(branch):\(branch)"])
        if let rejection = report.rejected.first {
          throw StateError(
            .remoteRejected,
            "\(name) refused the push: \(rejection.reason.escapingUnprintable)"
              + (report.messages.isEmpty
                ? "" : " (it says: \(report.messages.escapingUnprintable))"))
        }
        return PushResult(
          remote: name, branch: String(branch.dropFirst("refs/heads/".count)), commit: tip.hex,
          messages: report.messages)
      } catch {
        throw StateError(pushing: error, to: remote)
      }
    }
  }
}

extension GitReader {
  /// The remote that is meant.
  fileprivate func remote(_ given: String?, of branch: String) throws(StateError) -> Remote {
    try convertingGitErrors(.backendUnavailable, "the remotes could not be read") {
      let remotes = try repository.remotes()
      let short = branch.dropFirst("refs/heads/".count)
      if let given {
        guard let remote = remotes.first(where: { $0.name == given }) else {
          throw StateError(
            .invalidArgument,
            "there is no remote \(given.quoted); add it with: gitstate remote add "
              + "\(given.escapingUnprintable) URL")
        }
        return remote
      }
      let own = try repository.configuration("branch.\(short).remote")
      for name in [own, "origin"] {
        if let remote = remotes.first(where: { $0.name == name }) { return remote }
      }
      guard remotes.count == 1 else {
        throw StateError(
          .invalidArgument,
          remotes.isEmpty
            ? "there is no remote to push to; add one with: gitstate remote add origin URL"
            : "there are several remotes (\(remotes.map(\.name).joined(separator: ", "))); name one"
        )
      }
      return remotes[0]
    }
  }
}

extension StateError {
  /// A failed push, in our terms.
  fileprivate init(pushing error: any Error, to target: Remote) {
    let remote = target.name
    guard let git = error as? GitError else {
      self.init(error, .remoteUnavailable, "nothing was pushed to \(remote)")
      return
    }
    switch git.code {
    case .notFastForward:
      self.init(
        .remoteRejected,
        "nothing was pushed: \(remote) has commits that are not here; get them with git pull, then "
          + "push again", underlying: git)
    case .authentication:
      self.init(
        .authenticationFailed,
        "nothing was pushed: \(remote) does not let us in: \(git.message.escapingUnprintable)",
        underlying: git)
    default:
      // libgit2 takes what is no folder for a protocol that it does not know.
      let url = target.pushURL ?? target.url
      if Repository.isPath(url), git.message.contains("unsupported URL protocol") {
        self.init(
          .remoteUnavailable,
          "nothing was pushed to \(remote): there is no repository at \(url.quoted)",
          underlying: git)
      } else {
        self.init(git, .remoteUnavailable, "nothing was pushed to \(remote)")
      }
      message += "; look at its URL with: gitstate remote list"
    }
  }
}

/// Addresses of remotes.
enum RemoteURL {
  /// A URL without the password or token before its host; a user's name stays.
  static func withoutSecret(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return url }
    let authority = url[scheme.upperBound...].prefix { $0 != "/" }
    guard let at = authority.lastIndex(of: "@") else { return url }
    let user = authority[..<at].prefix { $0 != ":" }
    // Over HTTPS a token alone will do, in the place of a user's name.
    if url.hasPrefix("http"), isLikeToken(user) {
      return String(url[..<scheme.upperBound] + url[at...].dropFirst())
    }
    return user.endIndex == at ? url : String(url[..<user.endIndex] + url[at...])
  }

  /// Whether a name is what the great hosts give out as tokens, or long and with digits as only
  /// tokens are.
  private static func isLikeToken(_ name: Substring) -> Bool {
    let starts = [
      "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glcbt-", "ATBB",
      "ATCTT",
    ]
    return starts.contains { name.hasPrefix($0) }
      || name.utf8.count >= 30 && name.contains { $0.isNumber } && !name.contains(".")
  }
}
