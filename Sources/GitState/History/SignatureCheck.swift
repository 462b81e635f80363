import Git

/// Signatures of commits, as the git program checks them: OpenPGP by gpg, SSH by ssh-keygen against
/// the file of `gpg.ssh.allowedSignersFile`.
enum SignatureCheck {
  /// Adds an error for each commit without a good signature.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where git cannot be asked.
  static func verify(_ commits: [Commit], gitDirectory: String, _ report: inout HistoryReport)
    throws
  {
    guard !commits.isEmpty else { return }
    // One call for all: %G? is a letter, %GF the key's fingerprint.
    let answer = try HelperProgram.outcome(
      of: [
        "git", "--git-dir=\(gitDirectory)", "-c", "log.showSignature=false", "log",
        "--no-walk=unsorted", "--stdin", "--format=%H %G? %GF",
      ], input: commits.map { $0.id.hex + "\n" }.joined())
    guard answer.status == 0 else {
      throw StateError(
        .backendUnavailable,
        "git could not check the signatures: \(String(answer.errors.prefix(300)).escapingUnprintable)"
      )
    }
    var found: [ObjectID: (letter: Substring, key: Substring)] = [:]
    for line in answer.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let id = ObjectID(hex: String(words[0])) else { continue }
      found[id] = (words[1], words.count > 2 ? words[2] : "")
    }
    for commit in commits {
      let subject = "commit \(commit.id.short) (\(commit.author.name.escapingUnprintable))"
      let (letter, key) = found[commit.id] ?? ("E", "")
      if let problem = problem(letter, isSSH: key.hasPrefix("SHA256:")) {
        report.errors.append("\(subject): \(problem)")
      }
    }
    if answer.errors.contains("allowedSignersFile") {
      report.warnings.append(
        "SSH signatures cannot be checked: git config gpg.ssh.allowedSignersFile names no file of the "
          + "keys that may sign")
    }
  }

  private static func problem(_ letter: Substring, isSSH: Bool) -> String? {
    switch letter {
    case "G": nil
    case "U": isSSH ? "its signature is by a key that is none of the allowed signers'" : nil
    case "N": "it has no signature"
    case "B": "its signature is bad: it is not that of this commit"
    case "X", "Y": "its signature or the key has expired"
    case "R": "its signature is by a key that was revoked"
    default: "its signature cannot be checked, for want of the key"
    }
  }
}
