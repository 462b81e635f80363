internal import CGit2
internal import Synchronization

/// Fetching and pushing, each with an end.
public enum RemoteTransfer {
  /// Lists what another repository has, and gets objects that are missing here.
  ///
  /// No reference moves.
  ///
  /// - Parameters:
  ///   - endpoint: The other repository.
  ///   - quarantine: Where the objects go.
  ///   - wanted: Tells from all references which ones to get, by their full names.
  /// - Returns: All references.
  /// - Throws: ``GitError``; what the endpoint's callbacks throw.
  public static func fetch(
    from endpoint: RemoteEndpoint, into quarantine: Quarantine,
    wanted: @escaping @Sendable ([RemoteReference]) -> [String]
  ) throws -> [RemoteReference] {
    try run(endpoint) { watch in
      let repository = try Repository(opening: quarantine.path)
      let state = RemoteCallbacks(endpoint, watch)
      let remote = try connect(endpoint, repository, GIT_DIRECTION_FETCH, state)
      let references = try references(of: remote)
      let names = wanted(references).filter { name in
        references.contains { $0.name == name }
      }
      guard !names.isEmpty else { return references }
      var options = git_fetch_options()
      try check(git_fetch_options_init(&options, UInt32(GIT_FETCH_OPTIONS_VERSION)))
      options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE
      state.setProxy(of: &options.proxy_opts)
      state.install(in: &options.callbacks)
      do {
        try withStringArray(names.map { "\($0):\($0)" }) { refspecs throws(GitError) in
          try check(git_remote_download(remote.pointer, refspecs, &options))
        }
      } catch {
        throw state.failure ?? error
      }
      watch.sign()
      git_remote_disconnect(remote.pointer)
      return withExtendedLifetime(state) { references }
    }
  }

  /// Moves a reference of another repository.
  ///
  /// - Parameters:
  ///   - endpoint: The other repository.
  ///   - gitDirectory: Our repository.
  ///   - source: Our reference, which says where the other one goes.
  ///   - reference: Its full name there.
  ///   - expectation: What may be replaced.
  /// - Returns: What the server made of it.
  /// - Throws: ``GitError/Code/notFastForward`` where the server has commits that would be lost,
  ///   ``GitError/Code/modified`` where it has not what the lease says; what the endpoint's
  ///   callbacks throw.
  public static func push(
    to endpoint: RemoteEndpoint, from gitDirectory: String, _ source: String,
    as reference: String, replacing expectation: PushExpectation
  ) throws -> PushReport {
    try run(endpoint) { watch in
      let repository = try Repository(opening: gitDirectory)
      let state = RemoteCallbacks(endpoint, watch)
      state.lease = expectation
      let remote = try connect(endpoint, repository, GIT_DIRECTION_PUSH, state)
      let present = try references(of: remote).first { $0.name == reference }?.id
      if let present, try repository.target(ofReference: source) == present {
        // libgit2 would send an empty pack, which the server would look at for nothing.
        git_remote_disconnect(remote.pointer)
        return PushReport(commit: nil, rejected: [], messages: state.sideband)
      }
      var options = git_push_options()
      try check(git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)))
      state.setProxy(of: &options.proxy_opts)
      // Threads beyond one pay only for packs far larger than state is.
      options.pb_parallelism = 1
      state.install(in: &options.callbacks)
      let force = expectation.isForced ? "+" : ""
      do {
        try withStringArray(["\(force)\(source):\(reference)"]) { refspecs throws(GitError) in
          try check(git_remote_upload(remote.pointer, refspecs, &options))
        }
      } catch {
        throw state.failure ?? error
      }
      git_remote_disconnect(remote.pointer)
      return withExtendedLifetime(state) {
        PushReport(
          commit: state.pushed, rejected: state.rejected, messages: state.sideband)
      }
    }
  }

  // MARK: Connections

  private static func run<Value: Sendable>(
    _ endpoint: RemoteEndpoint, _ body: @escaping @Sendable (TransferWatch) throws -> Value
  ) throws -> Value {
    try Library.prepareTransfers()
    if !endpoint.isLocal { try Certificates.use(endpoint.certificateFile) }
    return try NetworkThread.run(silence: endpoint.silence, total: endpoint.total, body)
  }

  private static func connect(
    _ endpoint: RemoteEndpoint, _ repository: borrowing Repository, _ direction: git_direction,
    _ state: RemoteCallbacks
  ) throws -> Owned<RemoteResource> {
    let url = try withoutNUL(endpoint.url)
    var options = git_remote_create_options()
    try check(
      git_remote_create_options_init(&options, UInt32(GIT_REMOTE_CREATE_OPTIONS_VERSION)))
    options.repository = repository.handle.pointer
    // The URL has been rewritten; and a named remote would leak its configuration (libgit2 1.5).
    options.flags =
      GIT_REMOTE_CREATE_SKIP_INSTEADOF.rawValue | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC.rawValue
    let remote = try Owned<RemoteResource> { git_remote_create_with_opts($0, url, &options) }
    var callbacks = git_remote_callbacks()
    try check(git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION)))
    state.install(in: &callbacks)
    var proxy = git_proxy_options()
    try check(git_proxy_options_init(&proxy, UInt32(GIT_PROXY_OPTIONS_VERSION)))
    state.setProxy(of: &proxy)
    do {
      try check(git_remote_connect(remote.pointer, direction, &callbacks, &proxy, nil))
    } catch {
      throw state.failure ?? error
    }
    return remote
  }

  private static func references(
    of remote: borrowing Owned<RemoteResource>
  ) throws(GitError) -> [RemoteReference] {
    var heads: UnsafeMutablePointer<UnsafePointer<git_remote_head>?>?
    var count = 0
    try check(git_remote_ls(&heads, &count, remote.pointer))
    return UnsafeBufferPointer(start: heads, count: count).compactMap { head in
      guard let head = head?.pointee, let name = text(head.name) else { return nil }
      return RemoteReference(name: name, id: ObjectID(head.oid), target: text(head.symref_target))
    }
  }
}

/// The certificates that libgit2 trusts, a setting of the whole process.
enum Certificates {
  /// Empty where libgit2 was started without any.
  private static let inUse = Mutex<String?>(Library.certificatesPutOff == nil ? nil : "")
  /// Debian's, Fedora's and Alpine's bundles.
  private static let systems = [
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
  ]

  /// Trusts what is in a file; nil for what the system trusts.
  static func use(_ file: String?) throws(GitError) {
    let failure: GitError? = inUse.withLock { present in
      guard present != file else { return nil }
      do throws(GitError) {
        var found = file
        let standard = [Library.certificatesPutOff].compactMap { $0 } + systems
        for path in standard where found == nil {
          if try FileSystem.status(path) != nil { found = path }
        }
        if let file = found {
          try check(gitstate_set_certificate_file(try withoutNUL(file)), file)
        }
        present = file
        return nil
      } catch {
        return GitError(
          .certificate, "the certificates in \(file ?? "the system's file") cannot be read",
          category: .tls, context: file)
      }
    }
    if let failure { throw failure }
  }
}
