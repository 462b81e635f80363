import Git
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory) struct ConfigurationTests {
  @Test func readsWhatGitWrote() async throws {
    let path = try await newRepository()
    try await git("config", "gitstate.branch", "state", in: path)
    try await git("config", "remote.Origin.X.url", "here", in: path)
    try await git("config", "a.empty", "", in: path)
    let repository = try open(path)
    #expect(try repository.configuration("gitstate.branch") == "state")
    #expect(try repository.configuration("GitState.BRANCH") == "state")
    #expect(try repository.configuration("remote.Origin.X.url") == "here")
    #expect(try repository.configuration("remote.origin.x.url") == nil)
    #expect(try repository.configuration("a.empty") == "")
    #expect(try repository.configuration("gitstate.missing") == nil)
    #expect(try failure { _ = try repository.configuration("nodot") } != nil)
    // A change by another program is seen.
    try await git("config", "gitstate.branch", "other", in: path)
    #expect(try repository.configuration("gitstate.branch") == "other")
  }

  @Test(arguments: ["true", "yes", "on", "1", "7", "false", "no", "off", "0", ""])
  func truthIsGits(text: String) async throws {
    let path = try await newRepository()
    try await git("config", "a.flag", text, in: path)
    let expected = try await git("config", "--type=bool", "a.flag", in: path) == "true"
    #expect(try open(path).configurationBool("a.flag") == expected)
    let variables = [
      "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.flag", "GIT_CONFIG_VALUE_0": text,
    ]
    #expect(try open(path, environment: variables).configurationBool("A.Flag") == expected)
  }

  @Test func aKeyAloneIsTrueAndNonsenseAnError() async throws {
    let path = try await newRepository()
    let config = path.appending(".git/config")
    try writeFile(config, try readFile(config) + Array("[a]\n\tflag\n\tbad = perhaps\n".utf8))
    let repository = try open(path)
    #expect(try repository.configurationBool("a.flag") == true)
    #expect(try repository.configuration("a.flag") == "")
    #expect(try failure { _ = try repository.configurationBool("a.bad") } != nil)
    #expect(try repository.configurationBool("a.missing") == nil)
  }

  @Test func writesTheRepositorysOwnFile() async throws {
    let path = try await newRepository()
    let repository = try open(path)
    let text = "with \"quotes\", # and ; and \\ and spaces "
    try repository.setConfiguration("gitstate.note", text)
    #expect(try repository.configuration("gitstate.note") == text)
    let result = try await runProgram("git", ["config", "--local", "gitstate.note"], in: path)
    #expect(result.text == text + "\n")
    try repository.setConfiguration("gitstate.note", nil)
    try repository.setConfiguration("gitstate.note", nil)
    #expect(try repository.configuration("gitstate.note") == nil)
    #expect(try await git("config", "--local", "core.bare", in: path) == "false")
    try writeFile(path.appending(".git/config.lock"), "")
    #expect(try code { try repository.setConfiguration("gitstate.note", "x") } == .locked)
  }

  @Test func theEnvironmentGivesSettings() async throws {
    let path = try await newRepository()
    try await git("config", "a.one", "file", in: path)
    let variables = [
      "GIT_CONFIG_COUNT": "3",
      "GIT_CONFIG_KEY_0": "A.one", "GIT_CONFIG_VALUE_0": "first",
      "GIT_CONFIG_KEY_1": "a.ONE", "GIT_CONFIG_VALUE_1": "last",
      "GIT_CONFIG_KEY_2": "a.two", "GIT_CONFIG_VALUE_2": "x",
    ]
    let repository = try open(path, environment: variables)
    for key in ["a.one", "a.two"] {
      let expected = try await git("config", key, in: path, environment: variables)
      #expect(try repository.configuration(key) == expected)
    }
    let broken = try open(path, environment: ["GIT_CONFIG_COUNT": "1"])
    #expect(try code { _ = try broken.configuration("a.one") } == .invalid)
  }

  @Test func theGlobalFileMayBeAnother() async throws {
    let path = try await newRepository()
    let file = scratch.appending("global")
    try writeFile(file, "[a]\n\tone = global\n\ttwo = global\n[core]\n\tautocrlf = input\n")
    try await git("config", "a.two", "local", in: path)
    let variables = ["GIT_CONFIG_GLOBAL": file.string]
    let repository = try open(path, environment: variables)
    #expect(try repository.configuration("a.one") == "global")
    #expect(try repository.configuration("a.two") == "local")
    // Filters see it, too.
    let content = try repository.contentAfterCheckin(Array("a\r\n".utf8), path: "x")
    #expect(content == Array("a\n".utf8))
    try repository.setConfiguration("a.three", "new")
    #expect(try await git("config", "--local", "a.three", in: path) == "new")
    let none = try open(path, environment: ["GIT_CONFIG_GLOBAL": "/dev/null"])
    #expect(try none.configuration("a.one") == nil)
  }
}
