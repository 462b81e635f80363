import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Signed commits, made and checked with real keys.
@Suite(.scratchDirectory) struct SignatureTests {
  private func sshKey(_ name: String = "key") async throws -> FilePath {
    let key = scratch.appending(name)
    let made = try await runProgram(
      "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key.string], in: scratch)
    try #require(made.status == 0)
    return key
  }

  private func sign(_ project: FilePath, _ settings: [(String, String)]) async throws {
    for (name, value) in settings { try await git("config", name, value, in: project) }
  }

  @Test func writesAreSignedBySSHAndCheckedAgainstTheAllowedSigners() async throws {
    let project = try await sampleRepository()
    let unsigned = try await git("rev-parse", "--short=7", "HEAD", in: project)
    let key = try await sshKey()
    let publicKey = try text(FilePath(key.string + ".pub"))
    let signers = scratch.appending("signers")
    try writeFile(signers, "ada@example.org \(publicKey)")
    try await sign(
      project,
      [
        ("commit.gpgsign", "true"), ("gpg.format", "ssh"), ("user.signingkey", key.string),
        ("gpg.ssh.allowedSignersFile", signers.string),
      ])
    let signed = try await put("Token", "7", in: project)
    try await put("Oracle", "7", in: project)
    try await succeed("revert", "HEAD", in: project)
    #expect(try await runProgram("git", ["verify-commit", signed], in: project).status == 0)
    #expect(
      try await json(
        "verify", "--history", "--require-signatures", "\(signed)~1..", in: project)["isValid"]
        == true)
    let whole = try await gitstate("verify", "--history", "--require-signatures", in: project)
    #expect(whole.status == 4)
    #expect(whole.text.contains("\(unsigned) (Ada Deployer): it has no signature"))
    // By a key that is nobody's.
    let other = try await sshKey("other")
    try writeFile(signers, "ada@example.org \(try text(FilePath(other.string + ".pub")))")
    let stranger = try await gitstate(
      "verify", "--history", "--require-signatures", "\(signed)~1..", in: project)
    #expect(stranger.status == 4 && stranger.text.contains("allowed signers"))
    try await expectSound(project)
  }

  @Test func writesAreSignedByOpenPGP() async throws {
    let project = try await sampleRepository()
    // gpg's agent has its socket in there, whose path may be 108 bytes long.
    let home = FilePath("/tmp/gs-\(scratch.lastComponent?.string.suffix(12) ?? "gpg")")
    try makeFolder(home)
    try setPermissions(0o700, of: home)
    let environment = ["GNUPGHOME": home.string]
    let made = try await runProgram(
      "gpg",
      [
        "--batch", "--quiet", "--passphrase", "", "--quick-gen-key",
        "Ada Deployer <ada@example.org>", "ed25519", "sign", "never",
      ], in: scratch, environment: environment)
    try #require(made.status == 0, "\(made.errors)")
    try await git("config", "commit.gpgsign", "true", in: project)
    let result = try await gitstate(
      "put", "56-Token", "--address", address("7"), in: project, environment: environment)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try await runProgram(
        "git", ["verify-commit", "HEAD"], in: project, environment: environment
      ).status == 0)
    let report = try await gitstate(
      "verify", "--history", "--require-signatures", "HEAD~1..", in: project,
      environment: environment)
    #expect(report.status == 0, "\(report.text)\(report.errors)")
    _ = try await runProgram(
      "gpgconf", ["--kill", "all"], in: scratch, environment: environment)
    _ = try await runProgram("rm", ["-rf", home.string], in: scratch)
    try await expectSound(project)
  }

  @Test func whatCannotBeSignedIsNotWritten() async throws {
    let project = try await sampleRepository()
    try await sign(
      project,
      [
        ("commit.gpgsign", "true"), ("gpg.format", "ssh"),
        ("user.signingkey", "/nowhere/key"),
      ])
    let refused = try await refusalLeavingAll(
      of: project, "put", "56-Token", "--address", address("7"))
    #expect(refused.status == 1 && refused.message.contains("could not be signed"))
    try await git("config", "gpg.format", "pigeon", in: project)
    #expect(
      try await refusal("put", "56-Token", "--address", address("7"), in: project).message
        .contains("gpg.format"))
    // The rule asks for what this clone does not do.
    try await git("config", "commit.gpgsign", "false", in: project)
    try await git("config", "--unset", "gpg.format", in: project)
    try await commit(
      ["deployments/.gitstate.json": #"{"rules": {"requireSignatures": true}}"#], in: project)
    let unsigned = try await refusalLeavingAll(
      of: project, "put", "56-Token", "--address", address("7"))
    #expect(unsigned.code == "RULE_BROKEN" && unsigned.message.contains("commit.gpgsign"))
  }
}
