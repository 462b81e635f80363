import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// README's section on teams and robots, run as it is written.
@Suite(.scratchDirectory) struct ReadmeSharingTests {
  /// The section's code blocks of a language, as lines.
  private func block(_ language: String) throws -> [String] {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent()
    let text = try text(root.appending("README.md"))
    let section = try #require(text.components(separatedBy: "## A team and its robots").last)
    let blocks = section.components(separatedBy: "```")
    let found = try #require(blocks.first { $0.hasPrefix("\(language)\n") })
    return found.split(separator: "\n").dropFirst().map(String.init)
  }

  @Test(
    .enabled(if: WebServer.reasonNotToRun == nil, "needs nginx-light, fcgiwrap and openssl"))
  func aTeamAndARobotShareInTenLinesEach() async throws {
    let store = try await ServerTests().store()
    let (team, robot) = (try block("sh"), try block("yaml"))
    #expect(team.count <= 10 && robot.count <= 10)
    let programs = try makeFolder(scratch.appending("bin"))
    try FileManager.default.createSymbolicLink(
      atPath: programs.appending("gitstate").string, withDestinationPath: gitstateProgram.string)
    // What deploys is not ours.
    try writeFile(
      programs.appending("npx"),
      """
      #!/bin/sh
      printf '[{"contractName":"Robot","chainId":56,"networkName":"bscmainnet","address":"%s",\
      "factoryByteCodeHash":"","timestamp":1753441878006}]' \(address("7")) > deployed.json

      """)
    try setPermissions(0o755, of: programs.appending("npx"))
    let path = "\(programs):/usr/local/bin:/usr/bin:/bin"
    @Sendable func run(_ script: String, in folder: FilePath, _ environment: [String: String])
      async throws
    {
      let result = try await runProgram(
        "bash", ["-ec", script], in: folder, environment: environment.merging(["PATH": path]) { $1 }
      )
      #expect(result.status == 0, "\(script): \(result.text)\(result.errors)")
    }

    try await WebServer.with(serving: scratch.appending("served")) { server in
      for (base, prefix) in [
        ("\(scratch)/served/", "git@github.com:team/"),
        // The host that README names looks at the token alone; this server at the user, too.
        ("https://\(WebServer.user)@localhost:\(server.port)/", "https://github.com/team/"),
      ] {
        try await git("config", "--global", "url.\(base).insteadOf", prefix, in: scratch)
      }
      // Two people, one after the other.
      for (who, digit) in [("ada", "8"), ("bob", "9")] as [(String, Character)] {
        let home = try makeFolder(scratch.appending(who))
        try await run(
          team.joined(separator: "\n"), in: home,
          ["ADDRESS": address(digit), "HASH": hash(digit)])
        #expect(
          try await git("rev-parse", "main", in: store)
            == git("rev-parse", "HEAD", in: home.appending("state")))
      }
      // The robot knows its name only from its own lines.
      let workspace = try makeFolder(scratch.appending("robot"))
      let steps = robot.compactMap { line in
        line.firstRange(of: "run: ").map { String(line[$0.upperBound...]) }
      }
      #expect(steps.count >= 3)
      for step in steps {
        try await run(
          step, in: workspace,
          [
            "GITSTATE_TOKEN": WebServer.password, "GIT_SSL_CAINFO": server.authority.string,
            "GITHUB_REF_NAME": "v1", "GIT_AUTHOR_NAME": "", "GIT_AUTHOR_EMAIL": "",
            "GIT_COMMITTER_NAME": "", "GIT_COMMITTER_EMAIL": "",
          ])
      }
      #expect(
        try await git("log", "-1", "--format=%an %ae", "main", in: store)
          == "release robot robot@example.org")
      #expect(try await git("log", "-1", "--format=%b", "main", in: store).contains("release v1"))
      let config = try text(workspace.appending("state/.git/config"))
      #expect(config.contains("https://github.com/team/state.git"))
      #expect(!config.contains(WebServer.password))
    }
    // Each sees what the others did.
    let ada = scratch.appending("ada/state")
    try await succeed("pull", in: ada)
    #expect(try await succeed("get", "56-Robot", "--field", "address", in: ada) == address("7"))
    #expect(
      try await succeed("get", "56-GardenToken", "--field", "address", in: ada) == address("9"))
  }
}
