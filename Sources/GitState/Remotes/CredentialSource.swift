import Git
import Glibc
import Synchronization

/// Where the secrets for one transfer come from, each tried once.
///
/// For SSH: the agent, then the key files that ssh would use. For HTTP: `GITSTATE_TOKEN`, then git's
/// credential helpers, then the user.
final class CredentialSource: Sendable {
  fileprivate struct State {
    var hasBegun = false
    var isAgentLeft = true
    var isAgentUntold = true
    var keyFiles: [String] = []
    var isTokenLeft = true
    var isHelperLeft = true
    var questions = 3
    /// What the helper or the user gave last; the server's answer tells whether it is good.
    var lent: (user: String, password: String)?
    /// What was tried, and why some of it was not.
    var tried: [String] = []
    var hints: [String] = []
    var secrets: [String] = []
  }

  private let url: RemoteURL
  private let ssh: SSHSettings?
  private let gitDirectory: String
  private let ask: (@Sendable (RemoteOptions.Question) -> String?)?
  private let state = Mutex(State())

  init(
    _ url: RemoteURL, ssh: SSHSettings?, gitDirectory: String,
    ask: (@Sendable (RemoteOptions.Question) -> String?)?
  ) {
    self.url = url
    self.ssh = ssh
    self.gitDirectory = gitDirectory
    self.ask = ask
  }

  /// What must be in no message.
  var secrets: [String] {
    state.withLock { $0.secrets } + [url.secret, url.password].compactMap { $0 }
  }

  /// The next secret to try.
  ///
  /// - Returns: Nil where the server wants something that we never have.
  /// - Throws: ``GitError/Code/authentication`` where nothing is left, with what was tried.
  func answer(_ request: CredentialRequest) throws -> Credential? {
    if request.allowsKey { return try key(request) }
    if request.wantsUserName { return .userName(userName(request)) }
    return request.allowsPassword ? try password(request) : nil
  }

  private func userName(_ request: CredentialRequest) -> String {
    request.userName ?? ssh?.user ?? "git"
  }

  // MARK: SSH

  private func key(_ request: CredentialRequest) throws -> Credential {
    let user = userName(request)
    let isFirst = state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
    if isFirst {
      let files = try (ssh?.keyFiles ?? []).filter { try FileSystem.kind(of: $0) != .absent }
      state.withLock { $0.keyFiles = files }
    }
    if state.withLock({ $0.take(\.isAgentLeft) }), let socket = getenv("SSH_AUTH_SOCK"),
      try FileSystem.kind(of: String(cString: socket)) != .absent
    {
      note("the ssh-agent")
      return .agent(userName: user)
    }
    // Asked for once more, the server did not take what the agent has.
    if state.withLock({ $0.tried.contains("the ssh-agent") }) { hintAtAgent() }
    while let file = state.withLock({ $0.keyFiles.isEmpty ? nil : $0.keyFiles.removeFirst() }) {
      if let credential = try credential(file, user) { return credential }
    }
    throw exhausted("no key")
  }

  /// Names the keys in the agent that cannot work.
  private func hintAtAgent() {
    do {
      let list = try HelperProgram.run(["ssh-add", "-l"], timeout: .seconds(10))
      guard list.output.contains("(RSA)"), state.withLock({ $0.take(\.isAgentUntold) }) else {
        return
      }
      hint(
        "the ssh-agent has an RSA key, which libgit2 \(Library.version) can only sign with by SHA-1, and "
          + "today's servers refuse that: make another with: ssh-keygen -t ed25519, and load it with: "
          + "ssh-add")
    } catch {
      // Without ssh-add there is nothing to tell.
    }
  }

  private func credential(_ file: String, _ user: String) throws -> Credential? {
    let shown = file
    // Prints the public key, if the private one needs no passphrase.
    let plain = try HelperProgram.run(
      ["ssh-keygen", "-y", "-P", "", "-f", file], timeout: .seconds(10))
    var kind = plain.output
    if plain.status != 0, let text = try FileSystem.read(file + ".pub") {
      kind = String(decoding: text, as: UTF8.self)
    }
    if kind.hasPrefix("ssh-rsa ") {
      hint(
        "\(shown) is an RSA key, which libgit2 \(Library.version) can only sign with by SHA-1, and "
          + "today's servers refuse that: make another with: ssh-keygen -t ed25519")
    } else if kind.hasPrefix("sk-") {
      hint("\(shown) is on a security key; load it into the ssh-agent with: ssh-add \(shown)")
      return nil
    }
    if plain.status == 0 {
      note(shown)
      return .key(userName: user, publicKeyPath: nil, privateKeyPath: file, passphrase: nil)
    }
    guard let ask else {
      hint("\(shown) has a passphrase; load it into the ssh-agent with: ssh-add \(shown)")
      return nil
    }
    guard let passphrase = ask(.passphrase(file: file)), !passphrase.isEmpty else {
      hint("\(shown) has a passphrase, which was not given")
      return nil
    }
    keepSecret(passphrase)
    note(shown)
    return .key(userName: user, publicKeyPath: nil, privateKeyPath: file, passphrase: passphrase)
  }

  // MARK: HTTP

  private func password(_ request: CredentialRequest) throws -> Credential {
    let asking = RemoteURL(request.url)
    guard asking.host == url.host, asking.scheme == url.scheme || asking.scheme == "https" else {
      throw GitError(
        .authentication,
        "the server sends us on to \(asking.server), which must not see the secrets for "
          + "\(url.server); name it as the remote's URL if it is right")
    }
    if let refused = state.withLock({ $0.take(\.lent, nil) }) { tellHelper("reject", refused) }
    if state.withLock({ $0.take(\.isTokenLeft) }), let token = getenv("GITSTATE_TOKEN"),
      token.pointee != 0
    {
      if asking.scheme == "https" || asking.isLoopback {
        let token = String(cString: token)
        keepSecret(token)
        // Hosts look at the token alone; this is the name that GitHub documents.
        let user = request.userName ?? url.user ?? "x-access-token"
        note("GITSTATE_TOKEN of the user \(user) (https://USER@... names another)")
        return .password(userName: user, password: token)
      }
      hint("GITSTATE_TOKEN is sent over https only, as anybody can read http")
    }
    if state.withLock({ $0.take(\.isHelperLeft) }), let found = try helper(request.userName) {
      keepSecret(found.password)
      note("git's credential helper")
      state.withLock { $0.lent = found }
      return .password(userName: found.user, password: found.password)
    }
    if let ask, state.withLock({ $0.questions > 0 }) {
      state.withLock { $0.questions -= 1 }
      let user = request.userName ?? ask(.userName(server: url.server))
      if let user, let password = ask(.password(userName: user, server: url.server)),
        !password.isEmpty
      {
        keepSecret(password)
        note("what was typed in")
        state.withLock { $0.lent = (user, password) }
        return .password(userName: user, password: password)
      }
    }
    throw exhausted("no password or token")
  }

  /// Asks git's credential helpers (gitcredentials(7)), without a terminal.
  private func helper(_ userName: String?) throws -> (user: String, password: String)? {
    let answer: (status: Int32?, output: String)
    do {
      answer = try HelperProgram.run(
        ["git", "-C", gitDirectory, "credential", "fill"],
        input: description(user: userName) + "\n", environment: ["GIT_TERMINAL_PROMPT": "0"],
        // One that asks in a window needs its time, where somebody is there.
        timeout: ask == nil ? .seconds(20) : .seconds(120))
    } catch {
      hint(
        "git's credential helper did not answer (git config credential.helper names it): "
          + "\(error)")
      return nil
    }
    guard answer.status == 0 else { return nil }
    var fields: [Substring: String] = [:]
    for line in answer.output.split(separator: "\n") {
      guard let equals = line.firstIndex(of: "=") else { continue }
      fields[line[..<equals]] = String(line[line.index(after: equals)...])
    }
    guard let user = fields["username"], let password = fields["password"], !password.isEmpty
    else { return nil }
    return (user, password)
  }

  private func description(user: String?) -> String {
    "protocol=\(url.scheme)\nhost=\(url.server)\npath=\(url.path.drop { $0 == "/" })\n"
      + (user.map { "username=\($0)\n" } ?? "")
  }

  private func tellHelper(_ word: String, _ lent: (user: String, password: String)) {
    let input = description(user: lent.user) + "password=\(lent.password)\n\n"
    do {
      _ = try HelperProgram.run(
        ["git", "-C", gitDirectory, "credential", word], input: input,
        environment: ["GIT_TERMINAL_PROMPT": "0"], timeout: .seconds(20))
    } catch {
      // It only means that the helper asks, or offers the wrong secret, once more.
    }
  }

  /// Lets the helpers keep what the server took.
  func succeeded() {
    if let lent = state.withLock({ $0.take(\.lent, nil) }) { tellHelper("approve", lent) }
  }

  // MARK: What was tried

  private func note(_ what: String) { state.withLock { $0.tried.append(what) } }
  private func hint(_ what: String) { state.withLock { $0.hints.append(what) } }
  private func keepSecret(_ secret: String) { state.withLock { $0.secrets.append(secret) } }

  private func exhausted(_ nothing: String) -> GitError {
    let (tried, hints) = state.withLock { ($0.tried, $0.hints) }
    var message =
      tried.isEmpty
      ? "it asks who we are, and there is \(nothing) to show"
      : "it did not take \(tried.joined(separator: ", nor "))"
    let remedy =
      url.kind == .http
      ? "set GITSTATE_TOKEN, or let git keep the secret: git config credential.helper store"
      : "load a key that the server knows with: ssh-add"
    message += "; " + (hints.isEmpty ? [remedy] : hints).joined(separator: "; ")
    return GitError(.authentication, message)
  }
}

extension CredentialSource.State {
  /// Whether a flag was set; it is not afterwards.
  fileprivate mutating func take(_ flag: WritableKeyPath<Self, Bool>) -> Bool {
    take(flag, false)
  }

  /// A member's value, with another put in its place.
  fileprivate mutating func take<Value>(
    _ member: WritableKeyPath<Self, Value>, _ new: Value
  ) -> Value {
    let old = self[keyPath: member]
    self[keyPath: member] = new
    return old
  }
}
