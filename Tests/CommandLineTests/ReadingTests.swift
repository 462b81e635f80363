import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// What people read: dates, colours, a commit as Markdown and HTML, hints.
@Suite(.scratchDirectory) struct ReadingTests {
  private let date = "\(time) (2025-07-25T11:11:18.006Z)"

  @Test func timesHaveTheirDateBesideThem() async throws {
    let project = try await sampleRepository()
    let put = try await gitstate(
      "put", "56-New", "--address", address("7"), "--timestamp", time, in: project)
    for text in [
      put.text, try await succeed("get", "56-New", in: project),
      try await succeed("show", in: project), try await succeed("diff", "HEAD~1", in: project),
      try await succeed("blame", "56-New", in: project),
      try await succeed("diff", "HEAD~1", "--format", "markdown", in: project),
      try await succeed("diff", "HEAD~1", "--format", "html", in: project),
    ] {
      // Markdown has more characters that mean something.
      #expect(text.replacing("\\", with: "").contains(date), "\(text)")
    }
    // For programs it is the number alone.
    #expect(try await succeed("get", "56-New", "--field", "timestamp", in: project) == time)
    #expect(try await json("get", "56-New", in: project)["timestamp"]?.number?.text == time)
    #expect(try await !succeed("diff", "HEAD~1", "--json", in: project).contains("2025-07-25"))
    // A field of that name elsewhere, and what is no time, are as they are.
    try await succeed(
      "put", "56-Odd", "--address", address("8"), "--timestamp", "9007199254740991", in: project)
    #expect(try await succeed("get", "56-Odd", in: project).hasSuffix(" 9007199254740991"))
  }

  @Test func aDumbTerminalHasNoColours() async throws {
    let project = try await sampleRepository()
    try await put("New", "7", in: project)
    let command = "\(gitstateProgram) show"
    let coloured = try await runOnTerminal(command, in: project, environment: ["TERM": "xterm"])
    #expect(coloured.text.contains("\u{1B}["))
    let dumb = try await runOnTerminal(command, in: project, environment: ["TERM": "dumb"])
    #expect(dumb.text.contains("New"))
    #expect(!dumb.text.contains("\u{1B}"))
  }

  @Test func aCommitIsShownAsMarkdownAndHTML() async throws {
    let project = try await sampleRepository()
    try await put("New", "7", in: project, more: ["-m", "because of <b>this</b>"])
    let commit = try await git("rev-parse", "HEAD", in: project)
    let markdown = try await succeed("show", "--format", "markdown", in: project)
    #expect(markdown.hasPrefix("**bscmainnet: add New**"))
    #expect(markdown.contains("<code>\(commit)</code> by Ada Deployer, 2025-07-25T11:11:18Z"))
    #expect(markdown.contains("because of &lt;b&gt;this"))
    #expect(markdown.contains("| added | <code>New</code> |"))
    let html = try await succeed("show", "--format", "html", in: project)
    #expect(html.hasPrefix("<!DOCTYPE html>") && html.hasSuffix("</html>"))
    #expect(html.contains("<h1>bscmainnet: add New</h1>") && html.contains(commit))
    #expect(html.contains("because of &lt;b&gt;this&lt;/b&gt;"))
    #expect(html.contains("<ins>\(address("7"))</ins>"))
    #expect(html.contains("default-src 'none'"))
  }

  @Test func aMergeThatDropsARecordIsShownSoInEachForm() async throws {
    let project = try await sampleRepository()
    try await git("switch", "-qc", "side", in: project)
    try await put("Lost", "6", in: project)
    try await git("switch", "-q", "main", in: project)
    try await commit(["code.txt": "1\n"], in: project)
    try await git("merge", "-q", "-s", "ours", "--no-edit", "side", in: project)
    for format in ["text", "markdown", "html"] {
      let shown = try await succeed("show", "--format", format, in: project)
      #expect(shown.contains("Dropped by this merge"), "\(format)")
      #expect(shown.contains("Lost"), "\(format)")
    }
  }

  @Test func aRangeTheWrongWayRoundIsToldTheRightOne() async throws {
    let project = try await sampleRepository()
    try await put("One", "6", in: project)
    try await put("Two", "7", in: project)
    let refused = try await refusal("revert", "HEAD..HEAD~2", in: project)
    #expect(refused.status == 64)
    #expect(refused.message.hasSuffix("the other way round it has: \"HEAD~2..HEAD\""))
    #expect(
      try await refusal("revert", "HEAD..HEAD", in: project).message
        .hasSuffix("has no commit that changed the state"))
    try await succeed("revert", "HEAD~2..HEAD", in: project)
  }
}
