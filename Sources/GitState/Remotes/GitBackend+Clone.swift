import Git

/// What a clone has.
public struct CloneResult: Hashable, Sendable {
  /// The folder that was made.
  public let directory: String
  /// The remote's address, without any password.
  public let url: String
  /// The branch that is checked out, without `refs/heads/`.
  public let branch: String
  /// Its commit, as 40 hex digits; nil where the remote is empty.
  public let commit: String?
  /// What the caller should know.
  public let warnings: [String]
}

extension GitBackend {
  /// Makes a clone of a remote, as `git clone` does, that shares its state with the remote `origin`.
  ///
  /// - Parameters:
  ///   - url: The remote's address; a password in it is used and not kept.
  ///   - directory: The folder to make; it is absent or empty.
  ///   - branch: The branch that has the state, where it is not the one that is checked out.
  ///   - options: How to talk to the remote.
  /// - Returns: What was made.
  /// - Throws: As ``fetch(from:options:acceptsRewritten:)``; then nothing is left of the folder.
  public static func clone(
    _ url: String, into directory: String, branch: String? = nil,
    options: RemoteOptions = RemoteOptions()
  ) throws(StateError) -> CloneResult {
    let new = try NewClone(at: directory)
    do throws(StateError) {
      return try fill(new, url, branch: branch, options)
    } catch {
      new.discard()
      throw error
    }
  }

  /// Runs what blocks, such as a clone, on a thread of its own: Swift's shared threads are few.
  ///
  /// - Parameter body: What blocks.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws.
  public static func onOwnThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(StateError) -> Value
  ) async throws(StateError) -> Value {
    try await GitState.onOwnThread(body)
  }

  private static func fill(
    _ new: NewClone, _ url: String, branch: String?, _ options: RemoteOptions
  ) throws(StateError) -> CloneResult {
    let address = RemoteURL(url)
    var kept = address.withoutSecret
    if address.kind == .local, address.scheme.isEmpty, let path = FileSystem.resolved(kept) {
      kept = path
    }
    let connector = try convertingGitErrors(.backendUnavailable, "nothing was cloned") {
      let repository = try Repository(opening: new.gitDirectory)
      try repository.addRemote("origin", url: kept)
      // With the secret that is not kept.
      let used = kept == address.withoutSecret ? url : kept
      return try RemoteConnector(
        Remote(name: "origin", url: try repository.fetchURL(used), pushURL: nil),
        isPush: false, repository, options)
    }
    let common = new.gitDirectory
    let quarantine = try convertingGitErrors(.writeFailed, "nothing was cloned") {
      try Quarantine(below: common + "/gitstate", of: common, knowing: [])
    }
    defer { quarantine.discard() }
    let references = try connector.run("nothing was cloned") { endpoint in
      try RemoteTransfer.fetch(from: endpoint, into: quarantine) { references in
        references.map(\.name).filter { $0.hasPrefix("refs/heads/") }
      }
    }
    let heads = references.filter { $0.name.hasPrefix("refs/heads/") }
    let named = references.first { $0.name == "HEAD" }
    // An old server does not say which branch HEAD is.
    let head =
      named?.target ?? heads.first { $0.id == named?.id }?.name ?? heads.first?.name
      ?? "refs/heads/main"
    try connector.run("nothing was cloned") { _ in
      guard try !quarantine.isEmpty() else { return }
      let incoming = try Repository(opening: quarantine.path)
      for reference in heads { try incoming.checkComplete(reference.id, knowing: []) }
      try quarantine.accept()
    }
    var warnings: [String] = []
    if address.secret != nil {
      warnings.append(
        "the password or token in the URL was used and not kept; put it into the variable "
          + "GITSTATE_TOKEN, or let git keep it safe: git config credential.helper store")
    }
    let short = String(head.dropFirst("refs/heads/".count))
    let tip = heads.first { $0.name == head }?.id
    try convertingGitErrors(.writeFailed, "the clone could not be set up") {
      let repository = try Repository(opening: new.gitDirectory)
      for reference in heads {
        let name = reference.name.dropFirst("refs/heads/".count)
        guard try Repository.isValidReferenceName("refs/remotes/origin/\(name)") else { continue }
        try repository.note("refs/remotes/origin/\(name)", reference.id, "gitstate: clone")
      }
      try repository.setHead(head)
      try repository.setConfiguration("branch.\(short).remote", "origin")
      try repository.setConfiguration("branch.\(short).merge", head)
      if let tip {
        try repository.note(head, tip, "gitstate: clone")
        try repository.checkOutHead()
      }
      if let branch { try repository.setConfiguration("gitstate.branch", branch) }
      let state = try StateLocation(GitBackendOptions(directory: new.directory)).branch
      if let state, state != head, let found = heads.first(where: { $0.name == state }) {
        try repository.note(state, found.id, "gitstate: clone")
      } else if let state, state != head {
        warnings.append(
          "the branch \(state.dropFirst("refs/heads/".count).description.quoted), which is to have "
            + "the state, is not there yet")
      }
    }
    return CloneResult(
      directory: new.directory, url: kept, branch: short, commit: tip?.hex, warnings: warnings)
  }
}
