import Foundation
import SystemPackage
import TestSupport
import Testing

/// The tests themselves, run as a user with settings of their own would, or a git hook.
@Suite(.scratchDirectory) struct IsolationTests {
  @Test(arguments: ["ArticleTests", "aPutIsOneCommitThatReadsWell"])
  func testsSeeNothingOfTheUsersGit(test: String) async throws {
    let home = ScratchDirectory.current.path
    try writeFile(
      home.appending(".gitconfig"),
      """
      [url "https://example.invalid/"]
        insteadOf = /
      [gitstate]
        branch = elsewhere

      """)
    try await git("init", "-q", "-b", "main", "users", in: home)
    let users = home.appending("users")
    let before = try entries(of: users.appending(".git"))

    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let result = try await runProgram(
      tests, ["--testing-library", "swift-testing", "--filter", test], in: home,
      environment: [
        "GIT_CONFIG_NOSYSTEM": "", "GIT_DIR": users.appending(".git").string,
        "GIT_WORK_TREE": users.string, "GIT_AUTHOR_DATE": "whenever",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.autocrlf", "GIT_CONFIG_VALUE_0": "true",
      ])
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    let told = "\(result.text)\(result.errors)"
    #expect(told.contains(" in 1 suite passed") && !told.contains("with 0 tests"), "\(told)")
    #expect(try entries(of: users.appending(".git")) == before)
    #expect(try entries(of: users) == [".git"])
  }
}
