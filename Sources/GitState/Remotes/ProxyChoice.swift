import Git
import Glibc

/// Which proxy a server is reached through, as git finds it.
enum ProxyChoice {
  /// Finds the proxy for a server.
  ///
  /// The settings come first (`remote.NAME.proxy`, `http.URL.proxy`, `http.proxy`; an empty one is none),
  /// then the environment (`https_proxy`, `all_proxy`). `no_proxy` holds for all of them. Only https goes
  /// through proxies: libgit2 goes past them with http.
  ///
  /// - Parameters:
  ///   - url: The server.
  ///   - remote: The remote's name.
  ///   - repository: Whose settings count.
  /// - Returns: The proxy's URL; nil for none.
  /// - Throws: `REMOTE_UNAVAILABLE` for a kind of proxy that libgit2 does not know.
  static func proxy(for url: RemoteURL, of remote: String, _ repository: borrowing Repository)
    throws
    -> String?
  {
    guard url.scheme == "https", !isExcepted(url.host) else { return nil }
    let named =
      try repository.configuration("remote.\(remote).proxy")
      ?? repository.httpSetting("proxy", for: url.withoutUser)
      ?? variable("https_proxy") ?? variable("all_proxy")
    guard let named, !named.isEmpty else { return nil }
    let proxy = named.contains("://") ? named : "http://\(named)"
    let scheme = proxy.prefix { $0 != ":" }.lowercased()
    guard scheme == "http" || scheme == "https" else {
      throw StateError(
        .remoteUnavailable,
        "the proxy \(RemoteURL.withoutSecret(proxy).quoted) is of a kind that libgit2 does not know; use "
          + "git push and git pull for this remote, or an http proxy")
    }
    return proxy
  }

  /// A variable in small letters, as curl has it, or in capitals.
  private static func variable(_ name: String) -> String? {
    for name in [name, name.uppercased()] {
      if let value = getenv(name), value.pointee != 0 { return String(cString: value) }
    }
    return nil
  }

  /// Whether a host is reached without a proxy: `no_proxy` is a list of hosts and domains, or `*`.
  private static func isExcepted(_ host: String) -> Bool {
    let host = host.lowercased()
    let list = (variable("no_proxy") ?? "").lowercased()
    return list.split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
      let name = entry.drop { $0 == "." }.prefix { $0 != ":" }
      return entry == "*" || !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
    }
  }
}
