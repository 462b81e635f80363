import Foundation
public import SystemPackage

/// A real `sshd` on this machine, with keys of its own, that lets one key do nothing but git.
public struct SSHServer: Sendable {
  /// The port on 127.0.0.1.
  public let port: Int
  /// The user's folder, as `HOME`: its `.ssh` has a key that the server knows, and the server's key.
  public let home: FilePath
  private let folder: FilePath

  /// Why it cannot run here; nil where it can.
  public static var reasonNotToRun: String? {
    guard exists("/usr/sbin/sshd") else { return "sshd is not installed (openssh-server)" }
    guard exists("/usr/bin/ssh-keygen") else { return "ssh-keygen is not installed" }
    return nil
  }

  /// A repository's address at this server.
  public func url(of repository: FilePath) -> String {
    "ssh://\(NSUserName())@127.0.0.1:\(port)\(repository)"
  }

  /// Variables for programs that talk to the server.
  public var environment: [String: String] { ["HOME": home.string, "SSH_AUTH_SOCK": ""] }

  /// Runs a body while a server runs.
  public static func with(
    keyType: String = "ed25519", passphrase: String = "",
    _ body: @Sendable (SSHServer) async throws -> Void
  ) async throws {
    let root = ScratchDirectory.current.path
    let folder = try makeFolder(root.appending("sshd"))
    let home = try makeFolder(root.appending("home"))
    let keys = try makeFolder(home.appending(".ssh"))
    try setPermissions(0o700, of: keys)
    let key = keys.appending("id_\(keyType)")
    for (path, type, words) in [
      (folder.appending("host_key"), "ed25519", ""), (key, keyType, passphrase),
    ] {
      let made = try await runProgram(
        "ssh-keygen", ["-q", "-t", type, "-N", words, "-f", path.string, "-C", "test"], in: root)
      guard made.status == 0 else { throw TestFailure("ssh-keygen: \(made.errors)") }
    }
    // The key may run git's server programs and nothing else.
    let command = folder.appending("command")
    try writeFile(
      command,
      """
      #!/bin/sh
      case "$SSH_ORIGINAL_COMMAND" in
        "git-receive-pack "*|"git-upload-pack "*) eval "exec $SSH_ORIGINAL_COMMAND" ;;
        *) echo "only git" >&2; exit 1 ;;
      esac

      """)
    try setPermissions(0o755, of: command)
    let publicKey = String(
      decoding: try readFile(FilePath(key.string + ".pub")), as: UTF8.self)
    let authorized = folder.appending("authorized_keys")
    try writeFile(authorized, "restrict,command=\"\(command)\" \(publicKey)")
    try setPermissions(0o600, of: authorized)
    if getuid() == 0 { try makeFolders("/run/sshd") }
    try await TestPort.retrying { port in
      try writeFile(
        folder.appending("config"),
        """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(folder)/host_key
        PidFile \(folder)/pid
        AuthorizedKeysFile \(authorized)
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        MaxStartups 100

        """)
      let started = try await runProgram(
        "/usr/sbin/sshd", ["-f", "\(folder)/config", "-E", "\(folder)/log"], in: root)
      guard started.status == 0 else { return false }
      return try await TestPort.isOpen(port, until: folder.appending("pid"))
    } then: { port in
      let hostKey = String(
        decoding: try readFile(folder.appending("host_key.pub")), as: UTF8.self)
      try writeFile(keys.appending("known_hosts"), "[127.0.0.1]:\(port) \(hostKey)")
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(SSHServer(port: port, home: home, folder: folder)))
      } catch {
        result = .failure(error)
      }
      try TestPort.end(processIn: folder.appending("pid"))
      try result.get()
    }
  }
}

/// Ports for servers of tests.
enum TestPort {
  /// Starts a server on one port after another until it runs, then uses it.
  static func retrying(
    _ start: (Int) async throws -> Bool, then body: (Int) async throws -> Void
  ) async throws {
    for _ in 0..<20 {
      let port = Int.random(in: 20_000..<32_000)
      if try await start(port) { return try await body(port) }
    }
    throw TestFailure("no server could be started")
  }

  /// Waits until the server that is to write a file with its number listens.
  static func isOpen(_ port: Int, until file: FilePath) async throws -> Bool {
    for _ in 0..<500 {
      if exists(file), connects(port) { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  private static func connects(_ port: Int) -> Bool {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  /// Ends the process whose number a file has.
  static func end(processIn file: FilePath) throws {
    let text = String(decoding: try readFile(file), as: UTF8.self)
    guard let process = pid_t(text.filter(\.isNumber)), process > 1 else { return }
    kill(process, SIGTERM)
    // Where it leads a group of its own, its children as well.
    kill(-process, SIGTERM)
  }
}
