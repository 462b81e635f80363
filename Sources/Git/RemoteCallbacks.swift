internal import CGit2

/// What libgit2's callbacks collect while it talks to a server.
///
/// An object, as the callbacks get it back through a pointer; it stays on the thread of the call.
final class RemoteCallbacks {
  /// Asks the caller; nil gives up.
  typealias CredentialSource = (CredentialRequest) throws -> Credential?

  /// libgit2 asks for ever where a server keeps on refusing.
  private static let maximumAttempts = 6

  private let credentials: CredentialSource?
  private var attempts = 0
  private(set) var rejected: [PushReport.Rejection] = []
  private var messages: [UInt8] = []
  /// Why a callback ended the operation, as an error cannot pass through C.
  private(set) var failure: (any Error)?

  init(credentials: CredentialSource?) { self.credentials = credentials }

  var sideband: String { String(decoding: messages, as: UTF8.self) }

  /// The object that a callback's payload points to.
  private static func at(_ payload: UnsafeMutableRawPointer?) -> RemoteCallbacks? {
    payload.map { Unmanaged<RemoteCallbacks>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Sets the callbacks; this object must outlive their use.
  func install(in callbacks: inout git_remote_callbacks) {
    callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
    callbacks.sideband_progress = { bytes, count, payload in
      guard let state = RemoteCallbacks.at(payload), let bytes, count > 0 else { return 0 }
      state.messages += UnsafeRawBufferPointer(start: bytes, count: Int(count))
      return 0
    }
    callbacks.push_update_reference = { reference, reason, payload in
      // No reason: the reference moved.
      guard let state = RemoteCallbacks.at(payload), let reason = text(reason) else { return 0 }
      state.rejected.append(
        PushReport.Rejection(reference: text(reference) ?? "", reason: reason))
      return 0
    }
    callbacks.credentials = { out, url, userName, allowed, payload in
      guard let state = RemoteCallbacks.at(payload), let out else { return GIT_EAUTH.rawValue }
      return state.answer(
        out, url: text(url) ?? "", userName: text(userName), allowed: allowed)
    }
  }

  private func answer(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>, url: String,
    userName: String?, allowed: UInt32
  ) -> Int32 {
    let request = CredentialRequest(
      url: url, userName: userName,
      wantsUserName: allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0,
      allowsKey: allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0,
      allowsPassword: allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0,
      attempt: attempts)
    attempts += 1
    do {
      guard attempts <= Self.maximumAttempts else {
        throw GitError(
          .authentication,
          "the server refused our credentials \(Self.maximumAttempts) times; check the key or token",
          context: url)
      }
      let credential: Credential?
      if let credentials {
        credential = try credentials(request)
      } else {
        credential = Self.ofAgent(request)
      }
      guard let credential else {
        throw GitError(
          .authentication, "the server asks for credentials, and there are none for it",
          context: url)
      }
      try check(try Self.make(credential, out), url)
      return 0
    } catch {
      failure = error
      return GIT_EAUTH.rawValue
    }
  }

  /// The running ssh-agent's keys, tried once.
  private static func ofAgent(_ request: CredentialRequest) -> Credential? {
    let name = request.userName ?? "git"
    if request.wantsUserName, !request.allowsKey { return .userName(name) }
    return request.allowsKey && request.attempt < 2 ? .agent(userName: name) : nil
  }

  private static func make(
    _ credential: Credential,
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>
  ) throws(GitError) -> Int32 {
    switch credential {
    case .userName(let name):
      git_credential_username_new(out, try withoutNUL(name))
    case .agent(let name):
      git_credential_ssh_key_from_agent(out, try withoutNUL(name))
    case .key(let name, let publicKey, let privateKey, let passphrase):
      git_credential_ssh_key_new(
        out, try withoutNUL(name), publicKey, try withoutNUL(privateKey), passphrase)
    case .password(let name, let password):
      git_credential_userpass_plaintext_new(out, try withoutNUL(name), try withoutNUL(password))
    }
  }
}
