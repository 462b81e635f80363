import Git
import Glibc

/// How a host is reached by SSH: what ssh itself makes of its configuration (`ssh -G`).
struct SSHSettings: Sendable {
  var host: String
  var port: String?
  var user: String?
  /// The files of keys that may exist, in the order in which they are tried.
  var keyFiles: [String]
  var knownHostsFiles: [String]
  /// Whether ssh's configuration names other files of the user's than `~/.ssh/known_hosts`, where libgit2 looks:
  /// then what libgit2 finds there counts for nothing, as for ssh.
  var hasOwnKnownHosts = false
  /// A command or host between us and the server, which libgit2 cannot go through.
  var proxy: String?
  /// Whether keys of the agent that are in no file are left out.
  var usesOnlyKeyFiles = false

  /// Asks ssh, as `core.sshCommand` or the environment name it; without an answer, ssh's defaults.
  init(_ url: RemoteURL, command: String) throws(StateError) {
    host = url.host
    port = url.port
    user = url.user
    keyFiles = ["id_ed25519", "id_ecdsa", "id_rsa"].map { Self.expanded("~/.ssh/\($0)") }
    knownHostsFiles = [Self.expanded("~/.ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"]
    // A host that begins with a dash would be an option of ssh's.
    guard !url.host.hasPrefix("-"), url.user?.hasPrefix("-") != true else {
      throw StateError(
        .invalidArgument, "\(url.withoutSecret.quoted) cannot be the address of a remote")
    }
    let target = (url.user.map { "\($0)@" } ?? "") + url.host
    let answer: (status: Int32?, output: String)
    do {
      answer = try HelperProgram.run(
        ["sh", "-c", command + " -G \"$@\"", "ssh"] + (url.port.map { ["-p", $0] } ?? [])
          + ["--", target], timeout: .seconds(10))
    } catch {
      // No shell, or a program that waits for something: ssh's defaults have to do.
      return
    }
    guard answer.status == 0 else { return }
    var files: [String] = []
    var (users, others): ([String]?, [String]) = (nil, [])
    for line in answer.output.split(whereSeparator: \.isNewline) {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      guard words.count == 2 else { continue }
      let value = words[1]
      switch words[0] {
      case "hostname": host = value
      case "port": port = value
      case "user": user = url.user ?? value
      case "identityfile": files.append(Self.expanded(value))
      case "identitiesonly": usesOnlyKeyFiles = value == "yes"
      case "userknownhostsfile": users = value == "none" ? [] : Self.files(value)
      case "globalknownhostsfile": others = value == "none" ? [] : Self.files(value)
      case "proxycommand", "proxyjump": if value != "none" { proxy = value }
      default: break
      }
    }
    if !files.isEmpty { keyFiles = files }
    guard let users else { return }
    let own = Self.expanded("~/.ssh/known_hosts")
    // ssh takes the home folder from the list of users; libgit2 from HOME.
    let listed = getpwuid(getuid()).map { String(cString: $0.pointee.pw_dir) + "/.ssh/known_hosts" }
    let isDefault = listed.map { users == [$0, $0 + "2"] } ?? true
    knownHostsFiles = (isDefault ? [own] : []) + users + others
    hasOwnKnownHosts = !isDefault && !users.contains(own)
  }

  private static func files(_ value: String) -> [String] {
    value.split(separator: " ").map { expanded(String($0)) }
  }

  /// A path with the home folder in place of `~`.
  private static func expanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
    return String(cString: home) + path.dropFirst(1)
  }

  /// The address with what ssh's configuration says put in, as libgit2 does not read it.
  func address(of url: RemoteURL) -> String {
    // `host:path` is relative to the user's home; in a URL, `/~/` says so.
    var path = url.path
    if url.scheme.isEmpty, !path.hasPrefix("/") { path = "/~/" + path }
    let shownHost = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    return "ssh://" + (user.map { "\($0)@" } ?? "") + shownHost
      + (port.map { $0 == "22" ? "" : ":\($0)" } ?? "") + path
  }

  /// The name under which `known_hosts` has the server.
  var knownName: String {
    guard let port, port != "22" else { return host }
    return "[\(host)]:\(port)"
  }

  /// Refuses a host key that no file of known hosts has; as for ssh, one that has it is enough, whatever the
  /// others have.
  ///
  /// libgit2 has looked in `~/.ssh/known_hosts` only, and does not tell a changed key from an unknown
  /// one.
  ///
  /// - Throws: ``GitError/Code/certificate``.
  func check(_ key: HostKey) throws {
    let wanted = Base64.encoded(key.bytes)
    var others: [String] = []
    var looked: Set<String> = []
    for file in knownHostsFiles where looked.insert(file).inserted {
      guard try FileSystem.kind(of: file) != .absent else { continue }
      let found = try HelperProgram.run(
        ["ssh-keygen", "-F", knownName, "-f", file], timeout: .seconds(10))
      for line in found.output.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
        let words = line.split(separator: " ").map(String.init)
        if words.first == "@revoked", words.contains(wanted) {
          throw refusal("is revoked in \(file)", key)
        }
        guard let first = words.first, !first.hasPrefix("@"), words.count >= 3 else { continue }
        if words[2] == wanted { return }
        others.append(file)
      }
    }
    guard let file = others.first else {
      throw refusal(
        "is not known; ask the server's operator for its fingerprint, and if it is this one, connect "
          + "once with: ssh \(user.map { "\($0)@" } ?? "")\(host)"
          + (port.map { $0 == "22" ? "" : " -p \($0)" } ?? ""), key)
    }
    throw refusal(
      "is not the one that \(file) has: the server has a new key, or somebody else answers in its "
        + "place; ask its operator, and only if the key has changed take the old one out with: "
        + "ssh-keygen -R '\(knownName)'", key)
  }

  private func refusal(_ problem: String, _ key: HostKey) -> GitError {
    GitError(.certificate, "the host key \(key.fingerprint) of \(host) \(problem)", category: .ssh)
  }
}
