import Git

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
  /// A password or token in its URL is left out: git would keep it in its configuration for everyone
  /// to read, and programs show it.
  ///
  /// - Parameters:
  ///   - name: Its name, such as `origin`.
  ///   - url: Its URL or path.
  /// - Returns: The remote as it was added, and what the caller should know.
  /// - Throws: `INVALID_ARGUMENT` where the name is taken or cannot be one.
  @discardableResult
  public func addRemote(_ name: String, url: String) throws(StateError)
    -> (remote: StateRemote, warnings: [String])
  {
    let address = RemoteURL(url)
    let kept = address.withoutSecret
    if let taken = try remotes().first(where: { $0.name == name }) {
      throw StateError(
        .invalidArgument,
        "the remote was not added: there is a remote \(name.quoted) already, \(taken.url.quoted); "
          + "choose another name, or remove it with: gitstate remote remove "
          + name.escapingUnprintable)
    }
    try read { reader throws(StateError) in
      try convertingGitErrors(.invalidArgument, "the remote \(name.quoted) was not added") {
        try reader.repository.addRemote(name, url: kept)
      }
    }
    var warnings: [String] = []
    if address.secret != nil {
      warnings.append(
        "the password or token in the URL was left out, since git would keep it readable; put it "
          + "into the variable GITSTATE_TOKEN, or let git keep it safe: git config "
          + "credential.helper store, and type it in when asked")
    }
    return (StateRemote(name: name, url: kept), warnings)
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
}
