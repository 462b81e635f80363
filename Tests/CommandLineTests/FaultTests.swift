import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Short forms of what `make crash` does at length: reads that fail, recovery that is cut off, the power
/// cut; and an empty object, which libgit2 never mends.
@Suite(.scratchDirectory) struct FaultTests {
  private var log: FilePath { scratch.appending("calls") }

  /// Runs `gitstate` with some calls failing, or killed before one, perhaps only those about one file.
  private func broken(
    _ arguments: [String], _ call: String, _ action: String, in project: FilePath,
    file: FilePath? = nil
  ) async throws -> ProgramResult {
    try await runProgram(
      "strace",
      [
        "-f", "-b", "execve", "-qq", "-o", log.string, "-e", "trace=\(call)", "-e",
        "inject=\(call):\(action)",
      ]
        + (file.map { ["-P", $0.string] } ?? []) + [gitstateProgram.string] + arguments,
      in: project, environment: reportingTroubleItself)
  }

  private func putArguments(_ name: String) -> [String] {
    [
      "put", "56-\(name)", "--network", "bscmainnet", "--address", address("1"), "--timestamp",
      time,
      "--quiet",
    ]
  }

  /// libgit2 says "not found" of much that is there and cannot be read.
  @Test(
    arguments: ["openat:EIO", "openat:EMFILE", "openat:EACCES", "read:EIO", "newfstatat:EIO"],
    [false, true])
  func aReadThatFailsIsNeverAnAbsence(fault: String, isPacked: Bool) async throws {
    let parts = fault.split(separator: ":").map(String.init)
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let right = try await gitstate("get", "56-First", "--json", in: project).text
    var files = ["HEAD", "config", "refs/heads/main"]
    if isPacked {
      try await git("gc", "-q", in: project)
      files = ["packed-refs"]
      files += try entries(of: project.appending(".git/objects/pack")).map { "objects/pack/\($0)" }
    } else {
      for name in ["HEAD", "HEAD:", "HEAD:deployments", "HEAD:deployments/bscmainnet.json"] {
        let id = try await git("rev-parse", name, in: project)
        files.append("objects/\(id.prefix(2))/\(id.dropFirst(2))")
      }
    }
    var refusals = 0
    for file in files {
      let result = try await broken(
        ["get", "56-First", "--json"], parts[0], "error=\(parts[1])", in: project,
        file: project.appending(".git").appending(file))
      if result.status == 0 {
        #expect(result.text == right, "\(file)")
      } else {
        refusals += 1
        let error = try JSONValue(parsing: result.output)["error"]
        #expect(result.status == 1 && error?["code"]?.string == "BACKEND_UNAVAILABLE", "\(file)")
      }
    }
    #expect(refusals > 0 || parts[0] == "newfstatat")
  }

  /// Once the branch has moved a pull is done, whatever of it can no longer be told.
  @Test func aPullThatIsRefusedHasTakenInNothing() async throws {
    let store = try await newRepository("store")
    try await put("First", "1", in: store)
    try await git("clone", "-q", store.string, "project", in: scratch)
    let project = scratch.appending("project")
    let old = try await git("rev-parse", "HEAD", in: project)
    try await put("Second", "2", in: store)
    // What it opens last, it opens once the branch has moved: so many calls has the busiest thread, where
    // nothing has to be fetched.
    try await succeed("pull", "--quiet", in: project)
    try await git("reset", "-q", "--hard", old, in: project)
    let whole = try await broken(["pull"], "openat", "error=EIO:when=60000", in: project)
    #expect(whole.status == 0)
    let threads = try text(log).split(separator: "\n").map { $0.prefix { $0 != " " } }
    let count = Dictionary(grouping: threads) { $0 }.values.map(\.count).max() ?? 0
    var answers = 0
    for number in stride(from: count, to: count - 40, by: -2) {
      try await git("reset", "-q", "--hard", old, in: project)
      let result = try await broken(
        ["pull", "--json"], "openat", "error=EIO:when=\(number)", in: project)
      let tip = try await git("rev-parse", "HEAD", in: project)
      if result.status == 0 { answers += 1 }
      let isAsAnswered = (result.status == 0) == (tip != old)
      // Swift's runtime and a sanitizer's end the process where they cannot read about it.
      let isOfTheRuntime = try text(log).split(separator: "\n").contains {
        $0.contains("/proc/") && $0.contains("INJECTED")
      }
      if !isAsAnswered, isOfTheRuntime, isSanitized || result.status >= 128 { continue }
      #expect(
        isAsAnswered, "\(number): exit \(result.status) \(result.text)\(result.errors)")
    }
    #expect(answers > 0)
  }

  /// A put is cut off once its note is there, and then the put that recovers from that.
  @Test(arguments: ["rename", "renameat2", "fsync", "unlink"])
  func aKilledRecoveryIsFinishedByTheNext(call: String) async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try makeObjectFolders(in: project)
    let note = project.appending(".git/gitstate/intent.json")
    var points = 0
    for number in 1...6 {
      // Objects, the note, and then what it tells of.
      var isLeft = false
      for rename in 5...8 where !isLeft {
        _ = try await broken(
          putArguments("Killed\(number)"), "rename", "signal=KILL:when=\(rename)", in: project)
        isLeft = exists(note)
      }
      try #require(isLeft)
      let second = try await broken(
        putArguments("Recovers\(number)"), call, "signal=KILL:when=\(number)", in: project)
      if second.status == 0 { break }
      points += 1
      try await put("After\(number)", "2", in: project)
      #expect(!exists(note))
      try await expectSound(project)
    }
    #expect(points > 0)
    for number in 1...points { try await succeed("get", "56-After\(number)", in: project) }
    #expect(try entries(of: project.appending(".git/gitstate/staged")) == [])
  }

  /// libgit2 takes an empty file for an object that is there, writes nothing and says that it has.
  @Test func anEmptyObjectInTheWayIsWrittenAnew() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let first = try await git("rev-parse", "HEAD", in: project)
    try await put("Second", "2", in: project)
    var poisoned: [FilePath] = []
    for name in ["HEAD:deployments", "HEAD:deployments/bscmainnet.json", "HEAD"] {
      let id = try await git("rev-parse", name, in: project)
      poisoned.append(project.appending(".git/objects/\(id.prefix(2))/\(id.dropFirst(2))"))
    }
    try await git("reset", "-q", "--hard", first, in: project)
    try await git("reflog", "expire", "--expire=all", "--all", in: project)
    for object in poisoned {
      try removeFile(object)
      try writeFile(object, "")
    }
    // The very same objects again, as the tests' clock stands still.
    try await put("Second", "2", in: project)
    for object in poisoned { #expect(try !readFile(object).isEmpty) }
    try await succeed("get", "56-Second", in: project)
    try await expectSound(project)
  }

  @Test(.enabled(if: mayMount, "only root can mount a disk of its own"))
  func whatIsAnsweredSurvivesAPowerCut() async throws {
    let script = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent().appending("scripts").appending("power-cuts")
    let made = try await runProgram(
      "bash", ["-c", "command -v mkfs.ext4 && command -v losetup"], in: scratch)
    guard made.status == 0 else { return }
    let result = try await runProgram(
      "bash", [script.string, gitstateProgram.string, "ext4"], in: scratch,
      environment: ["POWER_CUT_CALLS": "renameat2 sync_file_range", "POWER_CUT_POINTS": "2"])
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    #expect(result.text.contains(" points, 0 failures"), "\(result.text)\(result.errors)")
    #expect(!result.text.contains(" 0 points"))
  }
}
