import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Log, diff and undo.
@Suite(.scratchDirectory) struct HistoryTests {
  @Test func logListsTheCommitsOfAContract() async throws {
    let project = try await newRepository()
    let first = try await put("A", "1", in: project)
    let second = try await put("B", "1", in: project)
    let third = try await put("A", "2", in: project)
    try await put("A", "1", in: project, chain: "97", network: "bsctestnet")
    let log = try await json("log", "56-A", in: project)
    #expect(log.array?.compactMap { $0["commit"]?.string } == [third, first])
    #expect(
      log[1] == [
        "commit": .string(first), "parents": [],
        "author": [
          "name": "Ada Deployer", "email": "ada@example.org", "time": "2025-07-25T11:11:18Z",
        ],
        "subject": "bscmainnet: add A", "operation": "put", "contracts": ["56-A"],
      ])
    let chain = try await json("log", "bscmainnet", "-n", "2", in: project)
    #expect(chain.array?.compactMap { $0["commit"]?.string } == [third, second])
    #expect(try await json("log", in: project).array?.count == 4)
    #expect(try await json("log", "--since", "2025-07-26", in: project) == [])
    #expect(try await json("log", "--until", "2025-07-25", in: project).array?.count == 4)
  }

  @Test func commitsOfOthersAreInTheLogToo() async throws {
    let project = try await sampleRepository()
    try await commit(["readme.md": "x"], in: project)
    let log = try await json("log", in: project)
    #expect(log.array?.count == 1)
    #expect(log[0]?["operation"] == .null)
    #expect(log[0]?["contracts"] == ["56-Oracle", "56-Token", "84532-Token"])
  }

  @Test func diffComparesFieldByField() async throws {
    let project = try await newRepository()
    let first = try await put("A", "1", in: project)
    let second = try await put("A", "2", in: project)
    try await put("B", "2", in: project)
    let expected: JSONValue = [
      "from": .string(first), "to": .string(second),
      "changes": [
        [
          "key": "56-A", "network": "bscmainnet", "chainId": 56, "contractName": "A",
          "kind": "redeployed",
          "fields": [
            ["path": "address", "old": .string(address("1")), "new": .string(address("2"))]
          ],
        ]
      ],
    ]
    #expect(try await json("diff", first, second, in: project) == expected)
    #expect(try await json("diff", "\(first)..\(second)", in: project) == expected)
    #expect(try await json("show", second, in: project) == expected)
    #expect(
      try await json("diff", first, "--only", "56-B", in: project)["changes"]?.array?.count == 1)
    #expect(try await json("diff", in: project)["changes"] == [])
    // Edits by hand, not committed.
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(file, try text(file).replacing(address("2"), with: address("3")))
    let edited = try await json("diff", in: project)
    #expect(edited["to"] == .null)
    #expect(edited["changes"]?.array?.count == 2)
  }

  @Test func datesAreLookedUpAlongFirstParentsWhateverTheCommittersClock() async throws {
    let project = try await newRepository()
    // Many in one second, a day, and one by a clock that was set back.
    let times = Array(repeating: "2025-07-21T10:00:00Z", count: 12) + ["2025-07-23T10:00:00Z"]
    for (number, date) in times.enumerated() {
      let result = try await gitstate(
        "put", "56-T\(number)", "--network", "bsc", "--address", address("1"), "--timestamp", time,
        in: project, environment: ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date])
      try #require(result.status == 0)
    }
    #expect(try await json("list", "--at", "2025-07-22", in: project).array?.count == 12)
    let back = [
      "GIT_AUTHOR_DATE": "2025-07-24T10:00:00Z", "GIT_COMMITTER_DATE": "2025-07-01T10:00:00Z",
    ]
    try await succeed(
      "put", "56-T0", "--address", address("2"), "--timestamp", time, in: project, environment: back
    )
    #expect(
      try await succeed(
        "get", "56-T0", "--field", "address", "--at", "2025-07-23T11:00:00Z", in: project)
        == address("1"))
    #expect(
      try await succeed("get", "56-T0", "--field", "address", "--at", "2025-07-25", in: project)
        == address("2"))
  }

  @Test func datesNameTheLastCommitOfTheirTime() async throws {
    let project = try await newRepository()
    for (day, digit) in zip(["21", "22", "23"], "123") {
      let date = "2025-07-\(day)T10:00:00Z"
      let put = try await gitstate(
        "put", "56-A", "--network", "bsc", "--address", address(digit), "--timestamp", time,
        in: project, environment: ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date])
      try #require(put.status == 0)
    }
    for (revision, digit) in [
      ("2025-07-22", "2"), ("2025-07-22T09:59:59Z", "1"), ("@1753178400", "2"), ("main@{1}", "2"),
      ("2 days ago", "3"), ("an hour ago", "3"), ("2.weeks.ago", "3"), ("yesterday", "3"),
      ("HEAD~2", "1"),
    ] as [(String, Character)] {
      #expect(
        try await succeed("get", "56-A", "--field", "address", "--at", revision, in: project)
          == address(digit), "\(revision)")
    }
    for revision in ["2025-07-20", "90 years ago", "2 dogs ago", "HEAD^{tree}", "HEAD:deployments"]
    {
      #expect(
        try await refusal("get", "56-A", "--at", revision, in: project).status == 3, "\(revision)")
    }
    for command in [["list"], ["query"], ["export"], ["compare", "56", "bsc"]] {
      let result = try await gitstate(command + ["--at", "2025-07-21", "--json"], in: project)
      #expect(result.status == 0, "\(command)")
    }
    #expect(
      try await json("list", "--at", "2025-07-21", in: project)[0]?["address"]
        == .string(address("1")))
  }

  @Test func aThousandChangesStayReadable() async throws {
    let project = try await newRepository()
    let records = (0..<1000).map { index -> JSONValue in
      [
        "contractName": .string("C\(index)"), "chainId": .number(JSONNumber(1 + index / 250)),
        "networkName": .string("net\(index / 250)"), "address": .string(address("1")),
        "factoryByteCodeHash": "", "timestamp": 1,
      ]
    }
    try await put("Start", "1", in: project)
    try writeFile(scratch.appending("records.json"), JSONValue.array(records).text(.compact))
    try await succeed("put", "--file", "../records.json", in: project)
    let text = try await succeed("diff", "HEAD~1", in: project).split(separator: "\n")
    #expect(text.prefix(3) == ["add 1000 contracts on 4 networks", "1000 added", "net0 (1)"])
    let markdown = try await succeed("diff", "HEAD~1", "--format", "markdown", in: project)
    #expect(markdown.hasPrefix("**add 1000 contracts on 4 networks**\n\n1000 added\n"))
    #expect(markdown.split(separator: "\n").count { $0.hasPrefix("| added") } == 1000)
    #expect(markdown.split(separator: "\n").count { $0 == "</details>" } == 4)
    let html = try await succeed("diff", "HEAD~1", "--format", "html", in: project)
    #expect(html.contains("<tr><td><a href=\"#c3\">net2 (3)</a></td><td>250 added</td></tr>"))
    for outside in ["http:", "https:", "src=", "<script", "@import"] {
      #expect(!html.contains(outside), "\(outside)")
    }
  }

  @Test func membersOfTheFileAreTold() async throws {
    let project = try await sampleRepository()
    let file = project.appending("deployments/bscmainnet.json")
    try writeFile(
      file,
      try text(file).replacing("[\"Oracle\"]", with: "[\"Token\"]")
        .replacing("2025-07-25T11", with: "2025-07-26T11"))
    let changes = try await json("diff", in: project)
    #expect(changes["files"]?[0]?["file"] == "deployments/bscmainnet.json")
    #expect(
      changes["files"]?[0]?["fields"]?.array?.map { $0["path"] }
        == ["lastDeployed", "infrastructureContracts"])
    // What inherits the file's time has another one now.
    #expect(changes["changes"]?.array?.count == 2)
    let text = try await succeed("diff", in: project)
    #expect(text.contains("deployments/bscmainnet.json, the file itself"))
    #expect(
      try await succeed("diff", "--format", "markdown", in: project).contains("1 file changed"))
  }

  @Test func textFromTheStateIsOnlyText() async throws {
    let project = try await newRepository()
    let name = "<img src=x onerror=alert(1)>|`\u{1B}[31m\u{202E}\n# x"
    try await commit(
      [
        "deployments/n.json": """
        {"network":"**n**","chainId":56,"contracts":{\(JSONValue.string(name).text()):"\(address("1"))"}}
        """
      ], in: project, message: "evil \u{1B}[31m subject")
    for format in ["text", "markdown", "html"] {
      let empty = try await git("hash-object", "-t", "tree", "-w", "/dev/null", in: project)
      let root = try await git("commit-tree", "-m", "empty", empty, in: project)
      let shown = try await succeed("diff", root, "HEAD", "--format", format, in: project)
      #expect(!shown.contains("\u{1B}"), "\(format)")
      #expect(!shown.contains("\u{202E}"), "\(format)")
      if format != "text" { #expect(!shown.contains("<img"), "\(format)") }
      if format == "markdown" { #expect(!shown.contains("**n**")) }
    }
    for command in [["log"], ["show"], ["list"], ["verify"]] {
      let result = try await gitstate(command, in: project)
      #expect(!result.text.contains("\u{1B}"), "\(command)")
    }
  }

  @Test func revertKeepsWhatCameLater() async throws {
    let project = try await newRepository()
    try await put("A", "1", in: project)
    let bad = try await put("A", "2", in: project)
    try await put("B", "3", in: project)
    let before = try await succeed("get", "56-B", "--json", in: project)
    let answer = try await json("revert", bad, "-m", "wrong", in: project)
    #expect(answer["changes"]?[0]?["kind"] == "redeployed")
    #expect(try await succeed("get", "56-A", "--field", "address", in: project) == address("1"))
    #expect(try await succeed("get", "56-B", "--json", in: project) == before)
    let message = try await git("log", "-1", "--format=%B", in: project)
    #expect(message.hasPrefix("Revert \"bscmainnet: redeploy A\"\n\nwrong\n"))
    #expect(message.contains("GitState-Operation: revert"))
    #expect(message.contains("GitState-Reverts: \(bad)"))
    // The revert taken back, and then a put.
    try await succeed("revert", "HEAD", in: project)
    #expect(try await succeed("get", "56-A", "--field", "address", in: project) == address("2"))
    try await put("C", "1", in: project)
    try await expectSound(project)
  }

  @Test func whatWasNeverRecordedHasNoLog() async throws {
    let project = try await sampleRepository()
    for what in ["56-Nope", "4242", "bscmainnet/Nope"] {
      let refused = try await refusal("log", what, in: project)
      #expect(refused.status == 3, "\(what)")
      #expect(refused.message.contains(what))
    }
    try await succeed("delete", "56-Token", in: project)
    #expect(try await json("log", "56-Token", in: project).array?.count == 2)
    #expect(try await json("log", "56-Token", "--until", "2020-01-01", in: project) == [])
  }

  @Test func aRevertThatConflictsWritesNothing() async throws {
    let project = try await newRepository()
    try await put("A", "1", in: project)
    let bad = try await put("A", "2", in: project)
    try await put("A", "3", in: project)
    let refused = try await refusalLeavingAll(of: project, "revert", bad)
    #expect(refused.status == 5)
    #expect(refused.code == "MERGE_CONFLICT")
    #expect(refused.message.contains("56-A (address)"))
    #expect(
      refused.document["conflicts"] == [
        [
          "key": "56-A", "field": "address", "base": .string(address("2")),
          "ours": .string(address("3")), "theirs": .string(address("1")),
        ]
      ])
    let dryRun = try await json("revert", bad, "--resolve", "theirs", "--dry-run", in: project)
    #expect(dryRun["to"] == .null)
    #expect(dryRun["changes"]?.array?.count == 1)
    try await succeed("revert", bad, "--resolve", "56-A=theirs", in: project)
    #expect(try await succeed("get", "56-A", "--field", "address", in: project) == address("1"))
    try await expectSound(project)
  }

  @Test func aContractChangedSinceItWasAddedConflicts() async throws {
    let project = try await newRepository()
    let added = try await put("A", "1", in: project)
    try await put("A", "2", in: project)
    let refused = try await refusal("revert", added, in: project)
    #expect(refused.status == 5)
    #expect(refused.document["conflicts"]?[0]?["field"] == "address")
  }

  @Test func restoreAndRollbackAreNewCommits() async throws {
    let project = try await sampleRepository()
    try await commit(["deployments/config-x.json": "{\"a\": 1}"], in: project)
    let start = try await git("rev-parse", "HEAD", in: project)
    try await put("Token", "7", in: project)
    try await succeed("delete", "56-Oracle", in: project)
    try await put("New", "7", in: project, chain: "97", network: "bsctestnet")
    try await succeed("restore", "56-Oracle", "--from", start, in: project)
    #expect(
      try await succeed("get", "56-Oracle", "--field", "liveAddress", in: project)
        == address("3"))
    #expect(try await succeed("get", "56-Token", "--field", "address", in: project) == address("7"))
    try await commit(["deployments/config-x.json": "{\"a\": 2}"], in: project)

    try await succeed("rollback", start, "--only", "56", in: project)
    #expect(
      try await succeed("get", "56-Token", "--field", "liveAddress", in: project) == address("1"))
    #expect(try await gitstate("get", "97-New", in: project).status == 0)

    try await succeed("rollback", start, in: project)
    #expect(try await gitstate("get", "97-New", in: project).status == 3)
    #expect(try text(project.appending("deployments/bscmainnet.json")) == bscmainnet)
    // What is none of the state stays.
    #expect(try text(project.appending("deployments/config-x.json")) == "{\"a\": 2}")
    try await put("After", "1", in: project)
    try await expectSound(project)
    #expect(try await refusal("restore", "56-After", "--from", start, in: project).status == 3)
  }

  @Test func theStateAsItWas() async throws {
    let project = try await newRepository()
    let early = ["GIT_AUTHOR_DATE": "2025-07-01T00:00:00Z"]
    _ = try await gitstate(
      "put", "56-A", "--address", address("1"), "--network", "n", in: project, environment: early)
    _ = try await gitstate(
      "put", "56-A", "--address", address("2"), in: project,
      environment: ["GIT_AUTHOR_DATE": "2025-07-25T12:00:00Z"])
    func recorded(at revision: String) async throws -> String {
      try await succeed("get", "56-A", "--field", "address", "--at", revision, in: project)
    }
    #expect(try await recorded(at: "HEAD~1") == address("1"))
    #expect(try await recorded(at: "2025-07-24") == address("1"))
    #expect(try await recorded(at: "2025-07-25") == address("2"))
    #expect(try await recorded(at: "2025-07-25T11:59:59Z") == address("1"))
    #expect(try await refusal("list", "--at", "2025-06-30", in: project).status == 3)
  }
}
