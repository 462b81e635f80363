import Git
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct IdentityTests {
  static let now: (seconds: Int64, offset: Int) = (1_753_441_878, 0)

  /// Everything that may say who somebody is, the strongest last.
  static let sources: [(setting: (String, String)?, variable: (String, String)?)] = [
    (("user.name", "User"), nil), (("user.email", "user@example.org"), nil),
    (nil, ("EMAIL", "variable@example.org")), (("author.name", "Author"), nil),
    (("author.email", "author@example.org"), nil), (("committer.name", "Committer"), nil),
    (("committer.email", "committer@example.org"), nil), (nil, ("GIT_AUTHOR_NAME", "A. V.")),
    (nil, ("GIT_AUTHOR_EMAIL", "av@example.org")), (nil, ("GIT_COMMITTER_NAME", "C. V.")),
    (nil, ("GIT_COMMITTER_EMAIL", "cv@example.org")),
  ]

  /// What git says, with the variables of the test environment removed.
  func gits(_ role: IdentityRole, _ variables: [String: String], in path: FilePath) async throws
    -> String?
  {
    var environment = [
      "GIT_AUTHOR_NAME": "", "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_NAME": "",
      "GIT_COMMITTER_EMAIL": "", "GIT_AUTHOR_DATE": "1753441878 +0000",
      "GIT_COMMITTER_DATE": "1753441878 +0000",
    ]
    environment.merge(variables) { $1 }
    let name = role == .author ? "GIT_AUTHOR_IDENT" : "GIT_COMMITTER_IDENT"
    let result = try await runProgram(
      "git", ["-c", "user.useConfigOnly=true", "var", name], in: path, environment: environment)
    return result.status == 0 ? result.line : nil
  }

  func text(_ signature: Signature) -> String {
    let sign = signature.offset < 0 ? "-" : "+"
    let minutes = abs(signature.offset)
    let zone = String("\(10_000 + minutes / 60 * 100 + minutes % 60)".dropFirst())
    return "\(signature.name) <\(signature.email)> \(signature.time) \(sign)\(zone)"
  }

  @Test(arguments: 0...sources.count, [IdentityRole.author, .committer])
  func precedenceIsGits(count: Int, role: IdentityRole) async throws {
    let path = try await newRepository()
    var variables: [String: String] = [:]
    for source in Self.sources.prefix(count) {
      if let (key, value) = source.setting { try await git("config", key, value, in: path) }
      if let (name, value) = source.variable { variables[name] = value }
    }
    let repository = try open(path)
    let expected = try await gits(role, variables, in: path)
    if let expected {
      let signature = try repository.signature(role, environment: variables, now: Self.now)
      #expect(text(signature) == expected)
    } else {
      let error = try failure {
        _ = try repository.signature(role, environment: variables, now: Self.now)
      }
      #expect(error?.code == .notFound)
      #expect(error?.message.contains("git config --global user.name") == true)
      #expect(error?.message.contains("git config --global user.email") == true)
    }
  }

  @Test(arguments: [" Ada ", "Ada <Deployer>", "Ada.", "Ädä", "a\nb", "<>", ""])
  func oddNamesAreGits(name: String) async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let variables = ["GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": "a@b"]
    guard !name.isEmpty else {
      // An empty variable is not "unset".
      let error = try failure {
        _ = try repository.signature(.author, environment: variables, now: Self.now)
      }
      #expect(error != nil)
      return
    }
    if let expected = try await gits(.author, variables, in: path) {
      let signature = try repository.signature(.author, environment: variables, now: Self.now)
      let tree = try repository.writeTree(nil, replacing: [])
      let id = try repository.writeCommit(
        tree: tree, parents: [], author: signature, committer: ada, message: "x\n")
      let written = try await git("log", "-1", "--format=%an <%ae>", id.hex, in: path)
      #expect(expected.hasPrefix(written))
      try await git("update-ref", "refs/heads/main", id.hex, in: path)
      try await fsck(path)
    } else {
      let error = try failure {
        _ = try repository.signature(.author, environment: variables, now: Self.now)
      }
      #expect(error != nil)
    }
  }

  @Test(arguments: [
    "@1234567890 +0230", "1234567890 +0000", "1234567890 -0930", "@5 +0100", "@0 +0000",
    "1753441878", "@1753441878",
    "2005-04-07T22:13:13", "2005-04-07 22:13:13", "2005-04-07T22:13:13Z",
    "2005-04-07T22:13:13+02:00", "2005-04-07 22:13:13 +0200", "2005-04-07T22:13:13.019-0500",
    "2005-04-07 22:13", "2005.04.07 22:13:13", "04/07/2005 22:13:13", "07.04.2005 22:13:13",
    "2005/04/07 22:13:13 +0000", "Thu, 07 Apr 2005 22:13:13 +0200", "7 Apr 2005 22:13:13 GMT",
    "Thu Apr 7 22:13:13 2005 +0200", "Thursday, 7 April 2005 22:13:13 UTC",
    "2024-02-29T00:00:00Z", "2000-12-31 23:59:59 -1200", "1970-01-01T00:00:00Z",
  ])
  func datesAreGits(text date: String) async throws {
    let path = try await newRepository()
    let variables = [
      "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_AUTHOR_DATE": date,
    ]
    let expected = try await gits(.author, variables, in: path)
    let signature = try open(path).signature(.author, environment: variables, now: Self.now)
    #expect(text(signature) == expected)
  }

  @Test(arguments: [
    "nonsense", "yesterday", "2005-04-07", "22:13:13", "2005-13-07T00:00:00",
    "2005-04-31T00:00:00Z", "@", "@x +0000", "1969-12-31T23:59:59Z", "2005-04-07T25:00:00",
    "@1234567890 0200", "@1234567890 +0200 more", "99999999999999999999 +0000",
  ])
  func otherDatesAreRefused(date: String) async throws {
    let repository = try open(try await newRepository())
    let variables = [
      "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_AUTHOR_DATE": date,
    ]
    let error = try failure {
      _ = try repository.signature(.author, environment: variables, now: Self.now)
    }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains(date) == true)
  }

  @Test func withoutADateItIsNow() async throws {
    let repository = try open(try await newRepository())
    let variables = ["GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_AUTHOR_DATE": ""]
    let signature = try repository.signature(
      .author, environment: variables, now: (seconds: 1000, offset: -90))
    #expect(signature == Signature(name: "A", email: "a@b", time: 1000, offset: -90))
    // The clock of this machine, right or wrong.
    let before = Int64(time(nil))
    let clock = try repository.signature(.author, environment: variables)
    #expect((before...Int64(time(nil))).contains(clock.time))
  }
}
