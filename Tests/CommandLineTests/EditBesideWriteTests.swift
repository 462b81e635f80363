import SystemPackage
import TestSupport
import Testing

/// A working file that is edited while a write is under way, or before one that was cut off is finished.
@Suite(.scratchDirectory) struct EditBesideWriteTests {
  private let file = "deployments/bscmainnet.json"

  private func repository() async throws -> FilePath {
    let project = try await newRepository()
    try await put("One", "1", in: project)
    try await put("Two", "2", in: project)
    return project
  }

  private func upgrade(_ name: String, _ digit: Character) -> [String] {
    ["put", "56-\(name)", "--address", address(digit), "--timestamp", "1753441878006", "--quiet"]
  }

  /// Gives a contract another address, as with an editor.
  private func edit(_ old: Character, _ new: Character, in project: FilePath) throws {
    let path = project.appending(file)
    let text = String(decoding: try readFile(path), as: UTF8.self)
    let parts = text.split(separator: address(old), omittingEmptySubsequences: false)
    try #require(parts.count > 1)
    try writeFile(path, parts.joined(separator: address(new)))
  }

  /// Stops a command before a call of some kind, runs another, and lets it go on: it does when strace
  /// is killed.
  private func stop(
    _ command: [String], before call: String, number: Int = 1, below paths: [String] = [],
    in project: FilePath, meanwhile: [String]
  ) async throws -> ProgramResult {
    let script = """
      program=$1 call=$2 paths=$3 meanwhile=$4; shift 4
      strace -f -qq -o ../trace $paths -e trace=$call -e inject=$call:delay_enter=600000000:when=\(number) \
        "$program" "$@" > ../said 2>&1 &
      tracer=$!
      still=0
      while [ $still -lt 10 ] && kill -0 $tracer 2> ../waited; do
        traced=$(pgrep -P $tracer)
        if [ -s ../trace ] && grep -q "tracing stop" /proc/$traced/task/*/status
        then still=$((still + 1)); else still=0; fi
        sleep 0.05
      done
      eval "$meanwhile"
      kill -KILL $tracer
      while kill -0 $traced 2> ../waited; do sleep 0.05; done
      cat ../said
      """
    return try await runProgram(
      "bash",
      [
        "-c", script, "bash", gitstateProgram.string, call,
        paths.map { "-P \(project.appending($0).string)" }.joined(separator: " "),
        meanwhile.joined(separator: " "),
      ] + command, in: project, environment: reportingTroubleItself)
  }

  private func replacing(_ old: Character, _ new: Character) -> [String] {
    ["sed", "-i", "s/\(address(old))/\(address(new))/", file]
  }

  /// Contracts have these addresses, and git finds nothing to say.
  private func expect(_ addresses: [(String, Character)], in project: FilePath) async throws {
    for (name, digit) in addresses {
      let record = try await gitstate("get", "56-\(name)", "--field", "address", in: project)
      #expect(record.text == address(digit) + "\n", "\(name): \(record.text)\(record.errors)")
    }
    try await expectSound(project)
  }

  /// All three contracts have what was answered or edited last.
  private func expectAll(in project: FilePath) async throws {
    try await expect([("One", "9"), ("Two", "3"), ("Three", "4")], in: project)
  }

  /// Edits both contracts by hand, and puts another: the edits are what counts.
  private func expectEdited(in project: FilePath) async throws {
    try edit("9", "1", in: project)
    try edit("2", "3", in: project)
    try await put("Three", "4", in: project)
    try await expect([("One", "1"), ("Two", "3"), ("Three", "4")], in: project)
  }

  @Test func anEditDuringAPutTakesNothingBack() async throws {
    let project = try await repository()
    // The branch has moved, and the disk takes its time.
    let result = try await stop(
      upgrade("One", "9"), before: "fsync", below: [".git/refs/heads"], in: project,
      meanwhile: replacing("2", "3"))
    #expect(result.text.contains("was changed in the working tree during the write"), "\(result)")
    #expect(try await git("status", "--porcelain", in: project) == " M \(file)")
    let next = try await gitstate(
      "put", "56-Three", "--address", address("4"), "--timestamp", time, in: project)
    #expect(next.errors.contains("edits made by hand were found and committed first"))
    try await expectAll(in: project)
  }

  /// Cuts a put off behind its commit.
  ///
  /// With `isIndexed` only the working file is left to be replaced.
  private func cutOff(_ command: [String], isIndexed: Bool, in project: FilePath) async throws {
    guard isIndexed else { return try await cutOffBeforeIndex(command, in: project) }
    let (old, before) = (
      try await git("rev-parse", "HEAD", in: project),
      exists(project.appending(file)) ? try readFile(project.appending(file)) : nil
    )
    try makeObjectFolders(in: project)
    for number in 1...16 {
      let result = try await runProgram(
        "strace",
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
          "inject=rename:signal=KILL:when=\(number)", gitstateProgram.string,
        ] + command, in: project, environment: reportingTroubleItself)
      try #require(result.status != 0)
      let isMoved = try await git("rev-parse", "HEAD", in: project) != old
      let isSame =
        try (exists(project.appending(file)) ? readFile(project.appending(file)) : nil) == before
      if isMoved, isSame, !exists(project.appending(".git/index.lock")) { return }
      // Too early, or the index was still to come: finished, and once more.
      if isMoved {
        for name in [".git/index.lock", ".git/gitstate/intent.json"] {
          if exists(project.appending(name)) { try removeFile(project.appending(name)) }
        }
        try await git("reset", "-q", "--hard", old, in: project)
      }
    }
    throw TestFailure("no put was cut off there")
  }

  /// What an editor has open that has not read the file since, with an edit of another contract.
  private func staleFile(in project: FilePath) throws -> [UInt8] {
    let text = String(decoding: try readFile(project.appending(file)), as: UTF8.self)
    return Array(text.replacing(address("2"), with: address("3")).utf8)
  }

  /// An editor that had the file open while contracts were recorded never removes them, however many puts follow.
  @Test func whatWasSavedFromAnEarlierVersionRemovesNothing() async throws {
    let project = try await repository()
    let stale = try staleFile(in: project)
    try await put("Four", "5", in: project)
    try await put("Five", "6", in: project)
    try writeFile(project.appending(file), stale)
    for (name, digit) in [("Six", "7"), ("Seven", "8"), ("Three", "4")] {
      try await put(name, Character(digit), in: project)
    }
    try await expect(
      [
        ("One", "1"), ("Two", "3"), ("Three", "4"), ("Four", "5"), ("Five", "6"), ("Six", "7"),
        ("Seven", "8"),
      ], in: project)
  }

  /// The same, where it is saved before a put that was cut off is finished.
  @Test(arguments: [false, true]) func whatWasSavedDuringAPutRemovesNothing(isIndexed: Bool)
    async throws
  {
    let project = try await repository()
    let stale = try staleFile(in: project)
    try await put("Four", "5", in: project)
    try await cutOff(upgrade("Five", "6"), isIndexed: isIndexed, in: project)
    try writeFile(project.appending(file), stale)
    for (name, digit) in [("Six", "7"), ("Three", "4")] {
      try await put(name, Character(digit), in: project)
    }
    try await expect(
      [
        ("One", "1"), ("Two", "3"), ("Three", "4"), ("Four", "5"), ("Five", "6"), ("Six", "7"),
      ], in: project)
  }

  private func expectToldOfTakingBack(in project: FilePath) async throws {
    for command in ["status", "verify"] {
      let result = try await gitstate(command, in: project)
      let said = result.text + result.errors
      #expect(said.contains("takes back what gitstate had recorded"), "\(command): \(said)")
    }
  }

  /// Whoever commits the old file, which a put that was cut off left, takes the put back, and is told.
  @Test func whatACommitTakesBackAfterAKillIsTold() async throws {
    let project = try await repository()
    try await cutOff(upgrade("Four", "5"), isIndexed: true, in: project)
    try await git("commit", "-qam", "mine", in: project)
    try await expectToldOfTakingBack(in: project)
  }

  /// So is whoever takes back what a write did that was finished later.
  @Test func whatACommitTakesBackAfterARecoveryIsTold() async throws {
    let project = try await repository()
    let killed = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-P",
        project.appending(".git/gitstate/intent.json").string,
        "-e", "trace=rename", "-e", "inject=rename:signal=KILL:when=1", gitstateProgram.string,
      ] + upgrade("Three", "4"), in: project, environment: reportingTroubleItself)
    try #require(killed.status != 0)
    try await succeed("list", in: project)
    try await expectSound(project)
    let old = try await git("show", "HEAD~1:\(file)", in: project)
    try writeFile(project.appending(file), old + "\n")
    try await git("commit", "-qam", "mine", in: project)
    try await expectToldOfTakingBack(in: project)
  }

  /// A git program that had read the index before puts that in place, and another one has its lock.
  @Test func anIndexThatCannotBeKeptIsMendedByTheNextCommand() async throws {
    let project = try await repository()
    try writeFile(scratch.appending("index"), try readFile(project.appending(".git/index")))
    let result = try await stop(
      upgrade("Three", "4"), before: "openat", number: 2, below: [file], in: project,
      meanwhile: ["cp ../index .git/older && mv .git/older .git/index && touch .git/index.lock"])
    #expect(result.text.contains("the next gitstate command completes it"), "\(result)")
    try removeFile(project.appending(".git/index.lock"))
    try await succeed("list", in: project)
    try await expectSound(project)
    try await git("commit", "-q", "--allow-empty", "-m", "mine", in: project)
    try await succeed("get", "56-Three", in: project)
  }

  /// A working file for which there is no room is known before the branch moves.
  @Test func aWorkingFileWithoutRoomRefusesThePut() async throws {
    let project = try await repository()
    let records = (1...100).map { number in
      """
      {"contractName":"Token\(number)","chainId":56,"networkName":"bscmainnet","address":"\(address("1"))",
       "proxyAddress":null,"factoryByteCodeHash":"","timestamp":\(time)}
      """
    }
    try writeFile(scratch.appending("records.json"), "[\(records.joined(separator: ","))]")
    try await succeed("put", "--file", "../records.json", "--quiet", in: project)
    let head = try await git("rev-parse", "HEAD", in: project)
    // 8 blocks of 1 KiB: the objects are smaller, as they are compressed.
    let result = try await runProgram(
      "bash",
      ["-c", "ulimit -f 8; exec \"$@\"", "bash", gitstateProgram.string] + upgrade("Four", "5"),
      in: project)
    #expect(result.status == 1, "\(result)")
    #expect(result.errors.contains("nothing was written"), "\(result)")
    #expect(try await git("rev-parse", "HEAD", in: project) == head)
    try await expectSound(project)
  }

  @Test(arguments: [false, true]) func anEditBeforeRecoveryTakesNothingBack(isIndexed: Bool)
    async throws
  {
    let project = try await repository()
    try await cutOff(upgrade("One", "9"), isIndexed: isIndexed, in: project)
    try edit("2", "3", in: project)
    let next = try await gitstate(
      "put", "56-Three", "--address", address("4"), "--timestamp", time, in: project)
    #expect(next.errors.contains("\(file) had been edited since and was left as it is"), "\(next)")
    try await expectAll(in: project)
  }

  @Test(arguments: ["commit", "switch"], [false, true])
  func recoveryAfterTheBranchHasGoneOnTakesNothingBack(what: String, isEditedFirst: Bool)
    async throws
  {
    let project = try await repository()
    try await cutOff(upgrade("One", "9"), isIndexed: true, in: project)
    if isEditedFirst { try edit("2", "3", in: project) }
    if what == "commit" {
      try await commit(["user.txt": "mine\n"], in: project)
    } else {
      try await git("switch", "-qc", "feature", in: project)
    }
    try await succeed("list", in: project)
    if !isEditedFirst { try edit("2", "3", in: project) }
    try await put("Three", "4", in: project)
    try await expectAll(in: project)
  }

  /// The lock had not been given back, but the file had been replaced.
  @Test func whatIsEditedBehindTheWriteIsAnEditOfWhatItWrote() async throws {
    let project = try await repository()
    let killed = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-P", project.appending(".git/gitstate/lock").string,
        "-e", "trace=ftruncate", "-e", "inject=ftruncate:signal=KILL:when=1",
        gitstateProgram.string,
      ] + upgrade("One", "9"), in: project, environment: reportingTroubleItself)
    try #require(killed.status != 0)
    try await expectEdited(in: project)
  }

  @Test func aCheckoutEndsWhatAnEditIsComparedWith() async throws {
    let project = try await repository()
    try await cutOff(upgrade("One", "9"), isIndexed: true, in: project)
    try edit("2", "4", in: project)
    try await succeed("list", in: project)
    try await git("checkout", "-q", "HEAD", "--", file, in: project)
    try await expectEdited(in: project)
  }

  @Test func anEditOfAFileThatAWriteRemovesBringsNothingBack() async throws {
    let project = try await newRepository()
    try await put("One", "1", in: project)
    try writeFile(scratch.appending("sed"), "s/\(address("1"))/\(address("2"))/\n")
    let result = try await stop(
      ["revert", "HEAD"], before: "fsync", below: [".git/refs/heads"], in: project,
      meanwhile: ["sed", "-i", "-f", "../sed", file])
    #expect(result.text.contains("was changed in the working tree during the write"), "\(result)")
    let next = try await gitstate(
      "put", "56-Other", "--network", "bscmainnet", "--address", address("7"), "--timestamp", time,
      in: project)
    #expect(next.status == 0)
    #expect(next.errors.contains("was edited while a write removed it"), "\(next)")
    #expect(try await gitstate("get", "56-One", in: project).status == 3)
    let other = try await gitstate("get", "56-Other", "--field", "address", in: project)
    #expect(other.text == address("7") + "\n")
    let text = String(decoding: try readFile(project.appending(file)), as: UTF8.self)
    #expect(text.contains(address("2")))
  }

  @Test func aFileMadeBeforeRecoveryHidesNoRecord() async throws {
    let project = try await newRepository()
    try await put("Other", "5", in: project, chain: "1", network: "mainnet")
    try await put("Two", "3", in: project)
    let theirs = try readFile(project.appending(file))
    try await git("reset", "-q", "--hard", "HEAD~1", in: project)
    try await cutOff(
      upgrade("One", "9") + ["--network", "bscmainnet"], isIndexed: true, in: project)
    try writeFile(project.appending(file), theirs)
    try await put("Three", "4", in: project)
    try await expectAll(in: project)
  }

  @Test(arguments: ["fsync", "sync_file_range"])
  func recoveryLooksAgainAfterItsWaits(call: String) async throws {
    let project = try await repository()
    try await cutOff(upgrade("One", "9"), isIndexed: true, in: project)
    // Which of the calls there is depends on the file system.
    let result = try await stop(
      ["list", "--quiet"], before: call, in: project, meanwhile: replacing("2", "3"))
    #expect(result.status == 0, "\(result)")
    let text = String(decoding: try readFile(project.appending(file)), as: UTF8.self)
    #expect(text.contains(address("3")), "the edit is gone")
    try await put("Three", "4", in: project)
    try await expectAll(in: project)
  }

  @Test func aDiskThatGoesOnFailingLeavesTheOldState() async throws {
    let project = try await repository()
    let old = try await git("rev-parse", "HEAD", in: project)
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-P", project.appending(".git/refs/heads").string, "-P",
        project.appending(".git/logs/refs/heads/main").string, "-e", "trace=fsync", "-e",
        "inject=fsync:error=EIO", gitstateProgram.string,
      ] + upgrade("One", "9") + ["--json"], in: project, environment: reportingTroubleItself)
    #expect(result.status == 1)
    #expect(result.text.contains("STATE_WRITE_FAILED"), "\(result)")
    #expect(result.text.contains("nothing was written"), "\(result)")
    #expect(try await git("rev-parse", "HEAD", in: project) == old)
    try await expectSound(project)
    try await succeed("verify", in: project)
    let record = try await gitstate("get", "56-One", "--field", "address", in: project)
    #expect(record.text == address("1") + "\n")
    try await put("Three", "4", in: project)
  }

  @Test func moreNetworksThanDescriptorsAreOneCommit() async throws {
    let project = try await newRepository()
    let records = (1...300).map { number in
      """
      {"contractName":"Token","chainId":\(number),"networkName":"net\(number)","address":"\(address("1"))",
       "proxyAddress":null,"factoryByteCodeHash":"","timestamp":\(time)}
      """
    }
    try writeFile(scratch.appending("records.json"), "[\(records.joined(separator: ","))]")
    let result = try await runProgram(
      "bash",
      [
        "-c", "ulimit -n 200; exec \"$@\"", "bash", gitstateProgram.string, "put", "--file",
        "../records.json", "--quiet",
      ], in: project)
    #expect(result.status == 0, "\(result)")
    #expect(try await git("rev-list", "--count", "HEAD", in: project) == "1")
    #expect(try entries(of: project.appending("deployments")).count == 300)
    try await expectSound(project)
  }

  @Test func aFolderThatCannotBeReadIsNotEmpty() async throws {
    let project = try await repository()
    let mine = "deployments/mine.json"
    try await put("Mine", "7", in: project, chain: "97", network: "mine")
    try await git("rm", "-q", "--cached", mine, in: project)
    try await git("commit", "-qm", "not yet", in: project)
    let before = try readFile(project.appending(mine))
    let result = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-P", project.appending("deployments").string, "-e",
        "trace=getdents64", "-e", "inject=getdents64:error=EIO", gitstateProgram.string, "put",
        "97-B", "--network", "test", "--address", address("8"), "--timestamp", time, "--json",
      ], in: project, environment: reportingTroubleItself)
    #expect(result.status == 1, "\(result)")
    #expect(result.text.contains("BACKEND_UNAVAILABLE"), "\(result)")
    #expect(
      try entries(of: project.appending("deployments")).sorted() == [
        "bscmainnet.json", "mine.json",
      ])
    #expect(try readFile(project.appending(mine)) == before)
  }
}
