import Git
import Glibc

/// Signs commits as git's configuration says: `commit.gpgsign`, `gpg.format`, `user.signingkey` and the
/// programs' names.
final class CommitSigner {
  private typealias Outcome = (status: Int32?, output: String, errors: String)

  private enum Format: String {
    case openpgp, x509, ssh
  }

  private let format: Format
  private let program: String
  private let key: String?
  // A commit that has to be written again must come out the same, and OpenPGP signatures carry a time.
  private var made: [[UInt8]: String] = [:]

  /// Reads the configuration; nil where commits are not signed.
  ///
  /// - Parameters:
  ///   - repository: The repository.
  ///   - committer: Whose key it is where none is configured.
  /// - Throws: `STATE_WRITE_FAILED` for a format that is unknown, or for SSH without a key.
  init?(_ repository: borrowing Repository, committer: Signature) throws {
    guard try repository.configurationBool("commit.gpgsign") == true else { return nil }
    let name = try repository.configuration("gpg.format") ?? "openpgp"
    guard let format = Format(rawValue: name) else {
      throw StateError(
        .writeFailed,
        "nothing was written: commits are to be signed, and gpg.format is \(name.quoted); it must be "
          + "openpgp, x509 or ssh")
    }
    let configured = try repository.configuration("gpg.\(name).program")
    let old = format == .openpgp ? try repository.configuration("gpg.program") : nil
    let usual = [Format.openpgp: "gpg", .x509: "gpgsm", .ssh: "ssh-keygen"]
    program = configured ?? old ?? usual[format] ?? "gpg"
    let key = try repository.configuration("user.signingkey")
    guard key != nil || format != .ssh else {
      throw StateError(
        .writeFailed,
        "nothing was written: commits are to be signed by SSH, and there is no key; name it with: git "
          + "config user.signingkey ~/.ssh/id_ed25519.pub")
    }
    self.format = format
    self.key = key ?? (format == .ssh ? nil : "\(committer.name) <\(committer.email)>")
  }

  /// The signature of a commit's text, in armour.
  ///
  /// - Throws: `STATE_WRITE_FAILED` with what the program said.
  func sign(_ text: [UInt8]) throws -> String {
    if let signature = made[text] { return signature }
    let result: Outcome
    switch format {
    case .openpgp, .x509:
      result = try HelperProgram.outcome(
        of: [program, "--status-fd=2", "-bsau", key ?? ""],
        input: String(decoding: text, as: UTF8.self))
    case .ssh: result = try signWithSSH(text)
    }
    let signature = result.output
    guard result.status == 0, signature.hasPrefix("-----BEGIN ") else {
      throw StateError(
        .writeFailed,
        "nothing was written: the commit could not be signed by \(program.escapingUnprintable): "
          + String(result.errors.suffix(300)).escapingUnprintable)
    }
    made[text] = signature
    return signature
  }

  private func signWithSSH(_ text: [UInt8]) throws -> Outcome {
    let key = key ?? ""
    let literal =
      key.hasPrefix("key::") ? String(key.dropFirst(5)) : key.hasPrefix("ssh-") ? key : nil
    guard let literal else {
      return try HelperProgram.outcome(
        of: [program, "-Y", "sign", "-n", "git", "-f", Self.expanded(key)],
        input: String(decoding: text, as: UTF8.self))
    }
    // The agent has the private half; the program wants the public one in a file.
    let file = "/tmp/gitstate-key-\(getpid())-\(UInt32.random(in: 0 ... .max)).pub"
    try FileSystem.replace(file, with: Array((literal + "\n").utf8), mode: 0o600, isDurable: false)
    defer { unlink(file) }
    return try HelperProgram.outcome(
      of: [program, "-Y", "sign", "-n", "git", "-f", file, "-U"],
      input: String(decoding: text, as: UTF8.self))
  }

  private static func expanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
    return String(cString: home) + path.dropFirst(1)
  }
}
