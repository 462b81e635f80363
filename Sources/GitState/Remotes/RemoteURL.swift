/// Addresses of remotes.
struct RemoteURL: Hashable, Sendable {
  /// How a repository is reached.
  enum Kind: Hashable, Sendable { case local, ssh, http, other }

  /// The text.
  let text: String
  let kind: Kind
  /// `https`, `ssh` and so on; empty for paths and `user@host:path`.
  let scheme: String
  let user: String?
  let password: String?
  let host: String
  let port: String?
  /// What comes behind the host; for `user@host:path` without the colon.
  let path: String

  /// Reads an address as git does.
  init(_ text: String) {
    self.text = text
    var authority: Substring
    if let separator = text.firstRange(of: "://") {
      scheme = text[..<separator.lowerBound].lowercased()
      let rest = text[separator.upperBound...]
      authority = rest.prefix { $0 != "/" }
      path = String(rest.dropFirst(authority.count))
      kind =
        switch scheme {
        case "file": .local
        case "ssh", "git+ssh", "ssh+git": .ssh
        case "http", "https": .http
        default: .other
        }
    } else {
      scheme = ""
      let beforeSlash = text.prefix { $0 != "/" }
      if let colon = beforeSlash.firstIndex(of: ":") {
        kind = .ssh
        authority = text[..<colon]
        path = String(text[text.index(after: colon)...])
      } else {
        kind = .local
        authority = ""
        path = text
      }
    }
    if let at = authority.lastIndex(of: "@") {
      let secret = authority[..<at]
      let parts = secret.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      user = parts.first.map(String.init).flatMap { $0.isEmpty ? nil : $0 }
      password = parts.count > 1 ? String(parts[1]) : nil
      authority = authority[authority.index(after: at)...]
    } else {
      (user, password) = (nil, nil)
    }
    let bracket = authority.lastIndex(of: "]") ?? authority.startIndex
    if let colon = authority[bracket...].firstIndex(of: ":") {
      host = String(authority[..<colon])
      port = String(authority[authority.index(after: colon)...])
    } else {
      host = String(authority)
      port = nil
    }
  }

  /// The server as people and credential helpers name it: `git.example.org:8443`.
  var server: String { host + (port.map { ":\($0)" } ?? "") }

  /// The address without user and password, as settings for a server name it.
  var withoutUser: String { "\(scheme)://\(server)\(path)" }

  /// Whether the server is this machine, so that nobody listens in.
  var isLoopback: Bool { ["localhost", "127.0.0.1", "[::1]"].contains(host.lowercased()) }

  /// The secret in the address: a password, or in place of a user's name a token that git hosts give
  /// out.
  var secret: String? {
    guard kind == .http || kind == .ssh else { return password }
    if let password, !password.isEmpty, password != "x-oauth-basic" { return password }
    guard kind == .http, let user, Self.looksLikeToken(user) else { return nil }
    return user
  }

  /// Whether a name is what the great hosts give out as tokens, or long and with digits as only
  /// tokens are.
  private static func looksLikeToken(_ name: String) -> Bool {
    let starts = [
      "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glcbt-", "ATBB",
      "ATCTT",
    ]
    return starts.contains { name.hasPrefix($0) }
      || name.utf8.count >= 30 && name.contains { $0.isNumber } && !name.contains(".")
  }

  /// The address without its password or token.
  var withoutSecret: String {
    guard let secret else {
      // An empty password is no secret, and no use either.
      return text
    }
    let shown = secret == user ? "\(secret)\(password.map { ":\($0)" } ?? "")@" : ":\(secret)@"
    guard let range = text.firstRange(of: shown) else { return text }
    return text.replacingCharacters(in: range, with: secret == user ? "" : "@")
  }

  /// A URL without the password or token in it.
  static func withoutSecret(_ url: String) -> String { RemoteURL(url).withoutSecret }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    String(self[..<range.lowerBound] + text + self[range.upperBound...])
  }
}
