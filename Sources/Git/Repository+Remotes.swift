internal import CGit2

extension Repository {
  /// The remotes, sorted by name, with `url.*.insteadOf` applied to their URLs.
  ///
  /// They are read from the configuration: `git_remote_list` and `git_remote_lookup` of libgit2 1.5
  /// lose 20 kB of memory for each setting of the configuration, at each call.
  public func remotes() throws(GitError) -> [Remote] {
    var urls: [String: String] = [:]
    var pushURLs: [String: String] = [:]
    var rewriting = URLRewriting()
    for (key, value) in try configurationEntries() {
      guard let first = key.firstIndex(of: "."), let last = key.lastIndex(of: "."), first < last
      else { continue }
      let name = String(key[key.index(after: first)..<last])
      switch (key[..<first], key[key.index(after: last)...]) {
      // Of several URLs, git fetches from the first.
      case ("remote", "url"): if urls[name] == nil { urls[name] = value }
      case ("remote", "pushurl"): if pushURLs[name] == nil { pushURLs[name] = value }
      case ("url", "insteadof"): rewriting.bases.append((value, name))
      case ("url", "pushinsteadof"): rewriting.pushBases.append((value, name))
      default: break
      }
    }
    return Set(urls.keys).union(pushURLs.keys).sorted().map {
      let url = urls[$0] ?? ""
      return Remote(
        name: $0, url: rewriting.url(url), pushURL: rewriting.pushURL(url, own: pushURLs[$0]))
    }
  }

  /// Adds a remote with git's default refspec (`git_remote_create`).
  ///
  /// - Throws: ``GitError/Code/exists`` where the name is taken.
  public func addRemote(_ name: String, url: String) throws(GitError) {
    let name = try withoutNUL(name)
    let url = try withoutNUL(url)
    _ = try Owned<RemoteResource>(name) { git_remote_create($0, handle.pointer, name, url) }
  }

  /// Removes a remote, its settings and remote-tracking branches (`git_remote_delete`).
  public func removeRemote(_ name: String) throws(GitError) {
    try check(git_remote_delete(handle.pointer, try withoutNUL(name)), name)
  }

  /// Pushes references (`git_remote_push`).
  ///
  /// libgit2 waits for a silent server for ever: a caller who must not, calls this in a process
  /// that can be ended. (It also loses some memory at each call, see ``remotes()``.)
  ///
  /// - Parameters:
  ///   - remote: A remote's name, or a URL.
  ///   - refspecs: For example `refs/heads/main:refs/heads/main`.
  ///   - credentials: Asked when the server wants to know who we are, a bounded number of times;
  ///     nil for the keys of the running ssh-agent.
  /// - Returns: What the server refused; the call itself succeeds although hooks decline.
  /// - Throws: ``GitError/Code/notFastForward`` where the server has commits that we lack,
  ///   ``GitError/Code/authentication``.
  public func push(
    remote: String, refspecs: [String],
    credentials: ((CredentialRequest) throws -> Credential?)? = nil
  ) throws -> PushReport {
    let handle = try remoteHandle(remote)
    if let url = Self.pushURL(of: handle), Self.isPath(url) {
      // libgit2 opens a local repository at the remote's URL, whatever its push URL is.
      for set in [git_remote_set_instance_url, git_remote_set_instance_pushurl] {
        try check(set(handle.pointer, path(of: url)), remote)
      }
    }
    let state = RemoteCallbacks(credentials: credentials)
    var options = git_push_options()
    try check(git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)))
    state.install(in: &options.callbacks)
    do throws(GitError) {
      try withStringArray(refspecs) { refspecs throws(GitError) in
        _ = try check(git_remote_push(handle.pointer, refspecs, &options), remote)
      }
    } catch {
      throw state.failure ?? error
    }
    return withExtendedLifetime(state) {
      PushReport(rejected: state.rejected, messages: state.sideband)
    }
  }

  /// Whether a remote's address is a path, neither a URL nor `host:path`, which ssh takes.
  public static func isPath(_ url: String) -> Bool {
    let start = url.prefix { $0 != "/" }
    return !start.contains(":")
  }

  /// A remote's path from the place that git means: it goes to the working tree's root before it
  /// looks, where libgit2 looks from wherever the program was started.
  private func path(of url: String) -> String {
    url.hasPrefix("/") ? url : "\(workingDirectory ?? gitDirectory)/\(url)"
  }

  private static func pushURL(of remote: borrowing Owned<RemoteResource>) -> String? {
    text(git_remote_pushurl(remote.pointer) ?? git_remote_url(remote.pointer))
  }

  /// A remote by its name, or one without a name for a URL.
  private func remoteHandle(_ nameOrURL: String) throws(GitError) -> Owned<RemoteResource> {
    let nameOrURL = try withoutNUL(nameOrURL)
    var isName: Int32 = 0
    try check(git_remote_name_is_valid(&isName, nameOrURL), nameOrURL)
    do throws(GitError) {
      if isName == 1 {
        return try Owned(nameOrURL) { git_remote_lookup($0, handle.pointer, nameOrURL) }
      }
    } catch {
      guard error.code == .notFound, nameOrURL.contains("/") || nameOrURL.contains(":") else {
        throw error
      }
    }
    return try Owned(nameOrURL) {
      git_remote_create_anonymous($0, handle.pointer, nameOrURL)
    }
  }
}

/// The rules of `url.BASE.insteadOf` (git-config(1)): the longest start of a URL that has a rule is
/// replaced by the rule's base.
private struct URLRewriting {
  var bases: [(start: String, base: String)] = []
  var pushBases: [(start: String, base: String)] = []

  func url(_ url: String) -> String { Self.rewritten(url, bases) ?? url }

  /// Where pushes go, if elsewhere; `pushInsteadOf` counts only where there is no push URL.
  func pushURL(_ url: String, own: String?) -> String? {
    own.map { self.url($0) } ?? Self.rewritten(url, pushBases)
  }

  private static func rewritten(
    _ url: String, _ rules: [(start: String, base: String)]
  ) -> String? {
    let rule = rules.filter { !$0.start.isEmpty && url.hasPrefix($0.start) }
      .max { $0.start.utf8.count < $1.start.utf8.count }
    return rule.map { $0.base + url.dropFirst($0.start.count) }
  }
}

/// Runs the body with a `git_strarray` of some texts.
func withStringArray(
  _ texts: [String], _ body: (UnsafePointer<git_strarray>) throws(GitError) -> Void
) throws(GitError) {
  // One run of bytes, each text ended by NUL, and a pointer to the start of each.
  var starts: [Int] = []
  var characters: [CChar] = []
  for text in texts {
    starts.append(characters.count)
    characters += try withoutNUL(text).utf8CString
  }
  let result = characters.withUnsafeMutableBufferPointer { characters -> Result<Void, GitError> in
    var pointers = starts.map { start in characters.baseAddress.map { $0 + start } }
    return pointers.withUnsafeMutableBufferPointer { pointers in
      var array = git_strarray(strings: pointers.baseAddress, count: pointers.count)
      do throws(GitError) {
        return .success(try body(&array))
      } catch {
        return .failure(error)
      }
    }
  }
  try result.get()
}
