import Git
import Glibc

/// One remote of a repository, ready to be talked to.
struct RemoteConnector {
  let name: String
  let url: RemoteURL
  let endpoint: RemoteEndpoint
  let secrets: CredentialSource

  /// Reads what git's and ssh's configuration say about a remote.
  ///
  /// - Parameters:
  ///   - remote: The remote.
  ///   - isPush: Whether its URL for pushes counts.
  ///   - repository: Whose remote it is.
  ///   - options: Time-outs, and whom to ask.
  /// - Throws: `INVALID_ARGUMENT` or `REMOTE_UNAVAILABLE` where it cannot be reached as it is set up.
  init(
    _ remote: Remote, isPush: Bool, _ repository: borrowing Repository, _ options: RemoteOptions
  ) throws {
    name = remote.name
    let address = isPush ? remote.pushURL ?? remote.url : remote.url
    url = RemoteURL(address)
    guard !address.isEmpty else {
      throw StateError(
        .invalidArgument,
        "the remote \(remote.name.quoted) has no URL; give it one with: git remote set-url "
          + "\(remote.name.escapingUnprintable) URL")
    }
    var ssh: SSHSettings?
    var target = address
    switch url.kind {
    case .ssh:
      let command =
        try Self.variable("GIT_SSH_COMMAND") ?? repository.configuration("core.sshCommand")
        ?? Self.variable("GIT_SSH") ?? "ssh"
      let settings = try SSHSettings(url, command: command)
      if let proxy = settings.proxy {
        throw StateError(
          .remoteUnavailable,
          "\(settings.host) is reached through \(proxy.quoted) in ssh's configuration, which "
            + "libgit2 cannot do; use git push and git pull for this remote, or its https address")
      }
      ssh = settings
      target = settings.address(of: url)
    case .local where url.scheme.isEmpty && !address.hasPrefix("/"):
      // As git reads it: from the working tree's root.
      target = (repository.workingDirectory ?? repository.gitDirectory) + "/" + address
    case .local, .http, .other: break
    }
    let secrets = CredentialSource(
      url, ssh: ssh, gitDirectory: repository.gitDirectory, ask: options.ask)
    self.secrets = secrets
    var endpoint = RemoteEndpoint(url: target, silence: options.timeout)
    if url.kind == .http {
      endpoint.certificateFile =
        try Self.variable("GIT_SSL_CAINFO") ?? repository.httpSetting(
          "sslcainfo", for: url.withoutUser)
        ?? Self.variable("SSL_CERT_FILE")
      endpoint.proxy = try ProxyChoice.proxy(for: url, of: remote.name, repository)
    }
    endpoint.credentials = { request in try secrets.answer(request) }
    if let ssh {
      endpoint.checkHostKey = { key in try ssh.check(key) }
      endpoint.checksKnownHosts = ssh.hasOwnKnownHosts
    }
    if let progress = options.progress {
      endpoint.progress = { step in
        switch step {
        case .receiving(let objects, let total, let bytes):
          progress(.receiving(objects: objects, of: total, bytes: bytes))
        case .sending(let objects, let total, let bytes):
          progress(.sending(objects: objects, of: total, bytes: bytes))
        case .message(let text): progress(.message(text))
        }
      }
    }
    self.endpoint = endpoint
  }

  private static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Runs a transfer, and tells its failure in our terms.
  func run<Result>(_ action: String, _ body: (RemoteEndpoint) throws -> Result)
    throws(StateError) -> Result
  {
    do {
      let result = try body(endpoint)
      secrets.succeeded()
      return result
    } catch {
      throw StateError(remote: error, self, action)
    }
  }
}

extension StateError {
  /// A failed transfer, in our terms and without secrets.
  ///
  /// - Parameters:
  ///   - error: What was thrown.
  ///   - connector: The remote.
  ///   - action: What did not happen, as in "nothing was pushed".
  init(remote error: any Error, _ connector: RemoteConnector, _ action: String) {
    let name = connector.name.escapingUnprintable
    let address = connector.url.withoutSecret.escapingUnprintable
    let proxy = connector.endpoint.proxy.map { RemoteURL($0) }
    let secrets = connector.secrets.secrets + [proxy?.password].compactMap(\.self)
    guard let git = error as? GitError else {
      self.init(error, .remoteUnavailable, "\(action)")
      message = Self.without(secrets, message)
      return
    }
    var text = Self.without(secrets, git.message).escapingUnprintable
    if let proxy, git.code != .badContent, git.category != .reference {
      text += " (through the proxy \(proxy.withoutSecret.escapingUnprintable))"
    }
    let lookAtURL = "look at its URL with: gitstate remote list"
    let (code, message): (Code, String) =
      switch git.code {
      case .notFastForward:
        (
          .remoteRejected,
          "\(action): \(name) has commits that are not here; take them in and push again with: "
            + "gitstate sync"
        )
      case .modified where git.category == .reference:
        (
          .remoteRejected,
          "\(action): \(name) has moved since it was last fetched; look at what it has with: "
            + "gitstate fetch"
        )
      case .authentication where text.contains("list of SSH authentication methods"):
        // libgit2 calls it so, but nobody has said no yet.
        (
          .remoteUnavailable,
          "\(action): \(name) (\(address)): the connection ended before the server knew us (\(text)); "
            + "try again"
        )
      case .authentication: (.authenticationFailed, "\(action): \(name) (\(address)): \(text)")
      case .certificate:
        (
          .remoteUntrusted,
          "\(action): \(name) (\(address)): \(text)"
            + (connector.url.kind == .http
              ? "; a server whose certificate is by an authority of your own is trusted with: "
                + "git config http.sslCAInfo FILE (or GIT_SSL_CAINFO=FILE)" : "")
        )
      case .badContent:
        (
          .remoteInvalid,
          "\(action): \(name) (\(address)) cannot be trusted with the state: \(text); have its "
            + "operator run git fsck there"
        )
      case .timedOut:
        (
          .remoteUnavailable,
          "\(action): \(name) (\(address)): \(text); try again, or wait longer with --timeout"
        )
      default: Self.plain(git, text, name, address, action, lookAtURL)
      }
    self.init(code, message, underlying: GitError(git.code, text, category: git.category))
  }

  private static func plain(
    _ git: GitError, _ text: String, _ name: String, _ address: String, _ action: String,
    _ remedy: String
  ) -> (Code, String) {
    // libgit2 has no codes for what HTTP servers answer.
    let status = httpStatus(in: text)
    if status == 401 || status == 403 || text.contains("authentication replays") {
      return (
        .authenticationFailed,
        "\(action): \(name) (\(address)) does not let us in: \(text); check the token or password "
          + "and what it may do"
      )
    }
    if text.contains("Wrong passphrase") {
      return (
        .authenticationFailed,
        "\(action): \(name) (\(address)): a key's passphrase was wrong; try again, or load the key into "
          + "the ssh-agent with: ssh-add"
      )
    }
    if text.contains("does not appear to be a git repository") {
      return (
        .remoteUnavailable,
        "\(action): there is no repository at \(name) (\(address)): \(text); \(remedy)"
      )
    }
    if status == 404 {
      return (
        .remoteUnavailable,
        "\(action): \(name) (\(address)) has no repository there, or does not show it to us; "
          + remedy
      )
    }
    if status == 407 || text.contains("proxy authentication") {
      return (
        .authenticationFailed,
        "\(action): \(name) (\(address)): the proxy does not let us through: \(text); check the user and "
          + "password in its URL (git config http.proxy, or https_proxy)"
      )
    }
    if text.contains("through the proxy") {
      // Of a proxy's refusal libgit2 sees no more than that the connection ends.
      return (
        .remoteUnavailable,
        "\(action): \(name) (\(address)): \(text); try again, and if it stays so, look whether the proxy takes "
          + "the user and password in its URL (git config http.proxy, or https_proxy): git fetch tells its "
          + "answer"
      )
    }
    // What only an address can cause; anything else may be over in a moment.
    let isOfAddress = ["resolve", "nsupported URL", "alformed URL", "nvalid URL", "No such file"]
      .contains { text.contains($0) }
    return (
      .remoteUnavailable,
      "\(action): \(name) (\(address)): \(text); "
        + (isOfAddress ? remedy : "try again, and if it stays so, \(remedy)")
    )
  }

  /// What a server or a proxy answered, by libgit2's message of it.
  ///
  /// Such a number anywhere else in a message may be a part of a path.
  private static func httpStatus(in text: String) -> Int? {
    for words in ["unexpected http status code: ", "unexpected status: "] {
      guard let place = text.firstRange(of: words)?.upperBound else { continue }
      return Int(text[place...].prefix(while: \.isNumber))
    }
    return nil
  }

  /// A text in which secrets are not to be seen.
  private static func without(_ secrets: [String], _ text: String) -> String {
    secrets.filter { $0.utf8.count > 3 }.reduce(text) { $0.replacing($1, with: "***") }
  }
}
