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

  /// A URL that fetches use, with `url.*.insteadOf` applied.
  public func fetchURL(_ url: String) throws(GitError) -> String {
    var rewriting = URLRewriting()
    for (key, value) in try configurationEntries()
    where key.hasPrefix("url.") && key.hasSuffix(".insteadof") {
      let base = key.dropFirst("url.".count).dropLast(".insteadof".count)
      rewriting.bases.append((value, String(base)))
    }
    return rewriting.url(url)
  }

  /// A setting of git's for HTTP: that of the longest `http.URL.KEY` that the URL begins with, or else
  /// `http.KEY`.
  ///
  /// - Parameters:
  ///   - key: The last part of the setting's name, in lower case, such as `sslcainfo`.
  ///   - url: The URL that is to be opened.
  /// - Returns: The value; nil where nothing sets it.
  /// - Throws: ``GitError`` where configuration cannot be read.
  public func httpSetting(_ key: String, for url: String) throws(GitError) -> String? {
    var best: (length: Int, value: String)?
    for (name, value) in try configurationEntries() {
      guard name.hasPrefix("http."), name.hasSuffix(".\(key)") else { continue }
      let base = String(name.dropFirst("http.".count).dropLast(key.count + 1))
      // A host must be the whole host, not the beginning of another one.
      guard url.hasPrefix(base), base.utf8.count >= best?.length ?? 0,
        base.hasSuffix("/") || [nil, "/"].contains(url.dropFirst(base.count).first)
      else { continue }
      best = (base.utf8.count, value)
    }
    if let best { return best.value }
    return try configuration("http.\(key)")
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
