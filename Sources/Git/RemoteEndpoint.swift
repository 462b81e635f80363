/// Another repository as a transfer reaches it: where it is, who we are, how long to wait.
public struct RemoteEndpoint: Sendable {
  /// Its URL, or a path; rewriting by `url.*.insteadOf` has been done.
  public var url: String
  /// How long it may be silent.
  public var silence: Duration
  /// How long a transfer may take in all.
  public var total: Duration
  /// A file of certificates that are trusted, in place of the system's.
  public var certificateFile: String?
  /// The URL of an HTTP proxy between us and it; nil for none.
  public var proxy: String?
  /// Asked when the server wants to know who we are, a bounded number of times; nil gives up.
  public var credentials: @Sendable (CredentialRequest) throws -> Credential?
  /// Asked about a host key that `~/.ssh/known_hosts` does not have; throws where it is not trusted.
  public var checkHostKey: @Sendable (HostKey) throws -> Void
  /// Whether ``checkHostKey`` is asked as well about a host key that `~/.ssh/known_hosts` has.
  public var checksKnownHosts: Bool
  /// Told of the transfer's course, on the transfer's thread.
  public var progress: @Sendable (TransferProgress) -> Void

  /// An endpoint that has no secrets and trusts nobody new.
  ///
  /// - Parameters:
  ///   - url: Its URL, or a path.
  ///   - silence: How long it may be silent.
  ///   - total: How long a transfer may take in all.
  public init(url: String, silence: Duration = .seconds(30), total: Duration = .seconds(3600)) {
    self.url = url
    self.silence = silence
    self.total = total
    credentials = { _ in nil }
    checksKnownHosts = false
    checkHostKey = { key in
      throw GitError(
        .certificate, "the host key \(key.fingerprint) of \(key.host) is not known",
        category: .ssh, context: key.host)
    }
    progress = { _ in }
  }

  /// Whether the repository is on this machine, reached by its path.
  public var isLocal: Bool { LocalTransport.path(of: url) != nil }
}

/// The key that an SSH server has shown.
public struct HostKey: Hashable, Sendable {
  /// The server's name, as libgit2 has it.
  public let host: String
  /// The key's bytes, as the base64 text of `known_hosts` has them.
  public let bytes: [UInt8]
  /// The hash of the key as ssh shows it, `SHA256:...`.
  public let fingerprint: String
}

/// How far a transfer is.
public enum TransferProgress: Hashable, Sendable {
  /// Objects that have come, of how many, and bytes.
  case receiving(objects: Int, of: Int, bytes: Int)
  /// Objects that have gone, of how many, and bytes.
  case sending(objects: Int, of: Int, bytes: Int)
  /// What the server says meanwhile.
  case message(String)
}

/// A reference of another repository.
public struct RemoteReference: Hashable, Sendable {
  /// Its full name.
  public let name: String
  /// The object that it names.
  public let id: ObjectID
  /// The reference that it stands for, as HEAD does.
  public let target: String?
}

/// What a push may replace.
public enum PushExpectation: Hashable, Sendable {
  /// Only an ancestor of what is pushed.
  case ancestor
  /// Only this commit, which must be an ancestor of what is pushed.
  case unmoved(ObjectID)
  /// Just this commit, or nothing, whatever is lost by it.
  case lease(ObjectID?)

  /// Whether the other side may lose commits.
  var isForced: Bool { if case .lease = self { true } else { false } }
}
