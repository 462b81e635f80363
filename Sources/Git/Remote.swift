/// Another repository that this one knows by a name.
public struct Remote: Hashable, Sendable {
  /// The name, for example `origin`.
  public let name: String
  /// Where it is; may hold a password, so not for printing as it is.
  public let url: String
  /// Where pushes go, if elsewhere.
  public let pushURL: String?

  /// A remote of these parts.
  public init(name: String, url: String, pushURL: String?) {
    self.name = name
    self.url = url
    self.pushURL = pushURL
  }
}

/// What a server made of a push.
public struct PushReport: Hashable, Sendable {
  /// A reference that the server did not move.
  public struct Rejection: Hashable, Sendable {
    /// The reference's full name on the server.
    public let reference: String
    /// The server's reason, for example `pre-receive hook declined`.
    public let reason: String
  }

  /// What was pushed, as our reference may have moved just before; nil where the server had it already.
  public let commit: ObjectID?
  /// The references that were not moved; empty means that all went through.
  public let rejected: [Rejection]
  /// What the server wrote, hooks included.
  public let messages: String
}

/// What a server asks of us before it lets us in.
public struct CredentialRequest: Hashable, Sendable {
  /// The URL that is being opened.
  public let url: String
  /// The user that the URL names, if it does.
  public let userName: String?
  /// Whether a user name alone is asked for, as ssh does first.
  public let wantsUserName: Bool
  /// Whether an SSH key will do.
  public let allowsKey: Bool
  /// Whether a user name and password (or token) will do.
  public let allowsPassword: Bool
  /// How often this transfer has asked before.
  public let attempt: Int
}

/// An answer to a ``CredentialRequest``.
public enum Credential: Hashable, Sendable {
  /// Only a user name.
  case userName(String)
  /// Whatever key the running ssh-agent offers.
  case agent(userName: String)
  /// A key in files.
  case key(userName: String, publicKeyPath: String?, privateKeyPath: String, passphrase: String?)
  /// A user name and password, or a token in place of the latter.
  case password(userName: String, password: String)
}
