/// How other repositories are talked to.
public struct RemoteOptions: Sendable {
  /// What a user is asked where a server wants a secret that is nowhere kept.
  public enum Question: Hashable, Sendable {
    /// The user's name at a server.
    case userName(server: String)
    /// A password or token.
    case password(userName: String, server: String)
    /// The passphrase of a key file.
    case passphrase(file: String)
  }

  /// How far a transfer is.
  public enum Progress: Hashable, Sendable {
    /// Objects that have come, of how many, and bytes.
    case receiving(objects: Int, of: Int, bytes: Int)
    /// Objects that have gone, of how many, and bytes.
    case sending(objects: Int, of: Int, bytes: Int)
    /// What the server says meanwhile, in pieces as it comes.
    case message(String)
  }

  /// How long a server may be silent before it is given up.
  public var timeout: Duration
  /// Asks the user; nil means that there is nobody to ask.
  ///
  /// It may block; that time does not count.
  public var ask: (@Sendable (Question) -> String?)?
  /// Told how far a transfer is, on a thread of its own; nil where nobody wants to know.
  public var progress: (@Sendable (Progress) -> Void)?

  /// Makes options.
  ///
  /// - Parameters:
  ///   - timeout: How long a server may be silent before it is given up.
  ///   - ask: Asks the user.
  ///   - progress: Told how far a transfer is.
  public init(
    timeout: Duration = .seconds(30), ask: (@Sendable (Question) -> String?)? = nil,
    progress: (@Sendable (Progress) -> Void)? = nil
  ) {
    self.timeout = timeout
    self.ask = ask
    self.progress = progress
  }
}
