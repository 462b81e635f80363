internal import CGit2
internal import Glibc

/// What libgit2's callbacks collect while it talks to a server.
///
/// An object, as the callbacks get it back through a pointer; it stays on the thread of the call.
final class RemoteCallbacks {
  /// libgit2 asks for ever where a server keeps on refusing.
  private static let maximumAttempts = 12

  private let endpoint: RemoteEndpoint
  private let watch: TransferWatch
  private var attempts = 0
  /// Which commit the pushed reference must be at; nil for whatever libgit2 allows.
  var lease: PushExpectation = .ancestor
  private(set) var rejected: [PushReport.Rejection] = []
  private(set) var pushed: ObjectID?
  private var messages: [UInt8] = []
  /// The proxy's URL for libgit2, which keeps the pointer.
  private let proxy: UnsafeMutablePointer<CChar>?
  /// Why a callback ended the operation, as an error cannot pass through C.
  private(set) var failure: (any Error)?

  init(_ endpoint: RemoteEndpoint, _ watch: TransferWatch) {
    self.endpoint = endpoint
    self.watch = watch
    proxy = endpoint.proxy.map { strdup($0) } ?? nil
  }

  deinit { free(proxy) }

  /// Names the proxy, or none; this object must outlive the options' use.
  func setProxy(of options: inout git_proxy_options) {
    options.type = proxy == nil ? GIT_PROXY_NONE : GIT_PROXY_SPECIFIED
    options.url = proxy.map { UnsafePointer($0) }
  }

  var sideband: String { String(decoding: messages, as: UTF8.self) }

  /// The object that a callback's payload points to.
  private static func at(_ payload: UnsafeMutableRawPointer?) -> RemoteCallbacks? {
    payload.map { Unmanaged<RemoteCallbacks>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Sets the callbacks; this object must outlive their use.
  func install(in callbacks: inout git_remote_callbacks) {
    callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
    callbacks.sideband_progress = { bytes, count, payload in
      guard let state = RemoteCallbacks.at(payload) else { return 0 }
      if let bytes, count > 0 {
        state.say(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
      }
      return state.sign()
    }
    callbacks.transfer_progress = { progress, payload in
      guard let state = RemoteCallbacks.at(payload), let progress = progress?.pointee else {
        return 0
      }
      state.endpoint.progress(
        .receiving(
          objects: Int(progress.received_objects), of: Int(progress.total_objects),
          bytes: progress.received_bytes))
      return state.sign()
    }
    callbacks.pack_progress = { _, _, _, payload in RemoteCallbacks.at(payload)?.sign() ?? 0 }
    callbacks.push_transfer_progress = { current, total, bytes, payload in
      guard let state = RemoteCallbacks.at(payload) else { return 0 }
      state.endpoint.progress(.sending(objects: Int(current), of: Int(total), bytes: bytes))
      return state.sign()
    }
    callbacks.push_negotiation = { updates, count, payload in
      RemoteCallbacks.at(payload)?.checkLease(
        UnsafeBufferPointer(start: updates, count: count)) ?? 0
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
    callbacks.certificate_check = { certificate, isValid, host, payload in
      guard let state = RemoteCallbacks.at(payload), let certificate else {
        return GIT_ECERTIFICATE.rawValue
      }
      return state.check(certificate, isValid: isValid != 0, host: text(host) ?? "")
    }
    guard endpoint.isLocal else { return }
    callbacks.transport = { out, owner, payload in
      guard let state = RemoteCallbacks.at(payload) else { return GIT_ERROR.rawValue }
      return LocalTransport.make(out, owner, watch: state.watch)
    }
  }

  /// Tells the watch that the server lives, and libgit2 whether to go on.
  private func sign() -> Int32 { watch.sign() ? 0 : GIT_EUSER.rawValue }

  private func say(_ bytes: UnsafeRawBufferPointer) {
    // A server may talk for ever; what matters it says first.
    if messages.count < 1 << 16 { messages += bytes }
    endpoint.progress(.message(String(decoding: bytes, as: UTF8.self)))
  }

  private func checkLease(
    _ updates: UnsafeBufferPointer<UnsafePointer<git_push_update>?>
  ) -> Int32 {
    for update in updates {
      guard let (present, new) = update.map({ ($0.pointee.src, $0.pointee.dst) }) else { continue }
      pushed = ObjectID(new)
      let expected: ObjectID?
      switch lease {
      case .ancestor: continue
      case .unmoved(let commit): expected = commit
      case .lease(let commit): expected = commit
      }
      guard ObjectID(present) == expected ?? .zero else {
        failure = GitError(
          .modified, "the remote has moved since it was last looked at", category: .reference)
        return GIT_EUSER.rawValue
      }
    }
    return sign()
  }

  // MARK: Who they are

  private func check(
    _ certificate: UnsafeMutablePointer<git_cert>, isValid: Bool, host: String
  ) -> Int32 {
    watch.sign()
    let isHostKey = certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2
    if isValid, !isHostKey || !endpoint.checksKnownHosts { return 0 }
    // Of a TLS certificate libgit2 knows the reason.
    guard isHostKey else { return GIT_PASSTHROUGH.rawValue }
    do {
      let key = UnsafeMutableRawPointer(certificate)
        .assumingMemoryBound(to: git_cert_hostkey.self).pointee
      var bytes: [UInt8] = []
      if let start = key.hostkey, key.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0 {
        bytes = Array(UnsafeRawBufferPointer(start: start, count: key.hostkey_len))
      }
      let hash = withUnsafeBytes(of: key.hash_sha256) { Array($0) }
      try endpoint.checkHostKey(
        HostKey(
          host: host, bytes: bytes, fingerprint: "SHA256:\(Base64.encoded(hash, pads: false))")
      )
      return 0
    } catch {
      failure = error
      return GIT_ECERTIFICATE.rawValue
    }
  }

  // MARK: Who we are

  private func answer(
    _ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>, url: String,
    userName: String?, allowed: UInt32
  ) -> Int32 {
    guard watch.sign() else { return GIT_EUSER.rawValue }
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
          "the server refused our credentials \(Self.maximumAttempts) times; check the key or token"
        )
      }
      guard let credential = try watch.pausing({ try endpoint.credentials(request) }) else {
        throw GitError(
          .authentication, "the server asks for credentials, and there are none for it")
      }
      try check(try Self.make(credential, out))
      return 0
    } catch {
      failure = error
      return GIT_EAUTH.rawValue
    }
  }

  private func check(_ status: Int32) throws(GitError) { _ = try Git.check(status) }

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

/// Bytes as text (RFC 4648, section 4).
public enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Bytes as base64 text.
  ///
  /// - Parameters:
  ///   - bytes: The bytes.
  ///   - pads: Whether `=` fills the last group of four, which ssh's fingerprints leave out.
  /// - Returns: The text.
  public static func encoded(_ bytes: [UInt8], pads: Bool = true) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      bits <<= UInt32(8 * (3 - group.count))
      for index in 0...3 {
        if index <= group.count {
          text.append(digits[Int(bits >> UInt32(18 - 6 * index) & 63)])
        } else if pads {
          text.append(UInt8(ascii: "="))
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
