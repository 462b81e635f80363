import Glibc
import LosslessJSON
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// The short form of `make crash`: a put killed, or failing, at calls of each kind.
@Suite(.scratchDirectory) struct CrashTests {
  static let calls = ["rename", "renameat2", "fsync", "write", "ftruncate"]

  private func cutPut(
    _ name: String, in project: FilePath, _ call: String, _ action: String,
    output: String = "--quiet"
  ) async throws -> ProgramResult {
    try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(call):\(action)",
        gitstateProgram.string, "put", "56-\(name)", "--network", "bscmainnet", "--address",
        address("1"), "--timestamp", time, output,
      ], in: project, environment: reportingTroubleItself)
  }

  /// Starts a command once another process holds a lock, and releases that after a while.
  private func startWhileLocked(
    _ lock: FilePath, _ arguments: [String], for time: Duration, in project: FilePath
  ) async throws -> ProgramResult {
    let started = Mutex<Task<ProgramResult, any Error>?>(nil)
    try await withFileLocked(lock, .flock) { _ in
      let task = Task { try await gitstate(arguments, in: project) }
      started.withLock { $0 = task }
      try await Task.sleep(for: time)
    }
    guard let task = started.withLock(\.self) else { throw TestFailure("nothing was started") }
    return try await task.value
  }

  /// Lock files that git would refuse to work beside.
  private func locks(in project: FilePath) throws -> [String] {
    try ["", "refs/heads", "logs/refs/heads"].flatMap { folder in
      try entries(of: project.appending(".git").appending(folder)).filter { $0.hasSuffix(".lock") }
    }
  }

  /// Cuts a put off that leaves its index behind as a lock.
  ///
  /// - Returns: The contract that its commit has.
  private func leaveIndexLock(in project: FilePath) async throws -> String {
    let name = "Cut"
    try await cutOffBeforeIndex(
      [
        "put", "56-\(name)", "--network", "bscmainnet", "--address", address("1"), "--timestamp",
        time, "--quiet",
      ], in: project)
    return name
  }

  @Test(arguments: calls) func aKilledPutIsThereOrNot(call: String) async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    var points = 0
    for number in 1...40 {
      let result = try await cutPut(
        "Killed\(number)", in: project, call, "signal=KILL:when=\(number)")
      if result.status == 0 { break }
      points += 1
      // git sees no file of ours, whatever was cut off.
      let seen = try await git("status", "--porcelain", in: project)
      #expect(!seen.contains("??"), "\(call) \(number): \(seen)")
      // The first look mends all that git sees.
      try await succeed("list", in: project)
      try await expectSound(project)
      #expect(try locks(in: project) == [], "\(call) \(number)")
      #expect(try entries(of: project.appending(".git/gitstate/staged")) == [])
      // The next one works without help, and nothing is left to do.
      try await put("After\(number)", "2", in: project)
      try await expectSound(project)
    }
    try #require(points > 0)
    let names = Set(
      try await json("list", in: project).array?.compactMap {
        $0["contractName"]?.string
      } ?? [])
    #expect(names.isSuperset(of: ["First"] + (1...points).map { "After\($0)" }))
    #expect(try entries(of: project.appending(".git/gitstate/staged")) == [])
  }

  /// libgit2 itself, where it makes a reference, would leave a lock that nobody may take away.
  @Test(arguments: ["remotes/origin/main.lock", "gitstate/seen/origin/main.lock"])
  func aKilledFirstPullLeavesNoLock(lock: String) async throws {
    let store = try await newRepository("store")
    try await put("Theirs", "1", in: store)
    var points = 0
    for call in ["openat", "write", "fsync", "link", "renameat2", "rename"] {
      let project = scratch.appending(call)
      try await git("clone", "-q", "--no-local", store.string, project.string, in: scratch)
      for reference in try await git(
        "for-each-ref", "--format=%(refname)", "refs/remotes", in: project
      )
      .split(separator: "\n") { try await git("update-ref", "-d", String(reference), in: project) }
      let killed = try await runProgram(
        "strace",
        [
          "-f", "-qq", "-o", "/dev/null", "-P", project.appending(".git/refs/\(lock)").string,
          "-e", "trace=\(call)", "-e", "inject=\(call):signal=KILL:when=1",
          gitstateProgram.string, "pull", "--quiet",
        ], in: project)
      if killed.status == 0 { continue }
      points += 1
      try await succeed("pull", "--quiet", in: project)
      try await git("fetch", "-q", in: project)
      try await expectSound(project)
    }
    #expect(points > 1)
  }

  @Test(arguments: ["openat:ENOSPC", "write:EIO", "fsync:EIO", "renameat2:EACCES", "mkdir:EDQUOT"])
  func aFailedCallIsAnErrorOrNoHarm(fault: String) async throws {
    let parts = fault.split(separator: ":").map(String.init)
    let project = try await newRepository()
    try await put("First", "1", in: project)
    for number in stride(from: 1, through: 60, by: 5) {
      let name = "Failing\(number)"
      let result = try await cutPut(
        name, in: project, parts[0], "error=\(parts[1]):when=\(number)", output: "--json")
      // 127: the program's own libraries could not be loaded; 66: the thread sanitizer could not go on.
      let statuses: [Int32] = isSanitized ? [0, 1, 127, 66] : [0, 1, 127]
      // libdispatch ends the process where its own look at /proc fails, once a second: that is a kill.
      let isKilled = result.errors.contains("_dispatch_workq_monitor_pools")
      #expect(isKilled || statuses.contains(result.status), "\(result.errors)")
      #expect(!result.errors.contains("WARNING: ThreadSanitizer"), "\(result.errors)")
      // What was answered is there, what was refused is not, and says what kind of error it is.
      let found = try await gitstate("get", "56-\(name)", in: project)
      if result.status == 0 { #expect(found.status == 0, "\(fault) \(number): \(found.errors)") }
      if result.status == 1, parts[0] != "write" {
        #expect(found.status == 3, "\(fault) \(number): \(found.text)")
        let codes = ["STATE_WRITE_FAILED", "BACKEND_UNAVAILABLE", "LOCK_TIMEOUT"]
        #expect(codes.contains { result.text.contains("\"\($0)\"") }, "\(result)")
      }
      try await put("After\(number)", "2", in: project)
      try await expectSound(project)
    }
  }

  /// To remove the lock instead would leave the index behind the branch, and the user's next commit would
  /// take the record back.
  @Test(arguments: [false, true]) func ourOwnLockIsNotRemovedButFinished(isBusy: Bool) async throws
  {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let name = try await leaveIndexLock(in: project)
    if isBusy {
      // Another gitstate keeps the first look from it.
      let removed = try await startWhileLocked(
        project.appending(".git/gitstate/lock"), ["locks", "--remove", "--lock-timeout", "60"],
        for: .milliseconds(500), in: project)
      #expect(removed.status == 0)
    } else {
      let removed = try await gitstate("locks", "--remove", in: project)
      #expect(removed.status == 0)
      #expect(removed.errors.contains("an interrupted write was completed"), "\(removed.errors)")
    }
    #expect(!exists(project.appending(".git/gitstate/intent.json")))
    try await expectSound(project)
    try await commit(["user.txt": "mine\n"], in: project)
    try await succeed("get", "56-\(name)", in: project)
    let next = try await gitstate(
      "put", "56-Next", "--address", address("2"), "--network", "bscmainnet", in: project)
    #expect(next.status == 0 && !next.errors.contains("interrupted"), "\(next.errors)")
    try await succeed("get", "56-\(name)", in: project)
    try await expectSound(project)
  }

  /// A read that cannot finish what was interrupted answers all the same.
  @Test func aReadThatMayNotFinishAnInterruptedWriteAnswers() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let name = try await leaveIndexLock(in: project)
    let note = project.appending(".git/gitstate/intent.json")
    try await withFileLocked(project.appending(".git/gitstate/lock"), .flock) { _ in
      let clock = ContinuousClock()
      let began = clock.now
      try await succeed("get", "56-\(name)", "--lock-timeout", "300", in: project)
      #expect(clock.now - began < bound(.seconds(60)))
    }
    #expect(exists(note))
    if geteuid() == 0 {
      // An administrator's look makes no files in a user's repository.
      _ = try await runProgram("chown", ["12345", note.string], in: project)
      try await succeed("get", "56-\(name)", in: project)
      #expect(exists(note))
      _ = try await runProgram("chown", ["0", note.string], in: project)
    }
    for fault in ["flock:EIO", "renameat2:EACCES", "unlink:EACCES", "fsync:EIO"] {
      let parts = fault.split(separator: ":").map(String.init)
      let result = try await runProgram(
        "strace",
        [
          "-f", "-b", "execve", "-qq", "-o", "/dev/null", "-e", "trace=\(parts[0])", "-e",
          "inject=\(parts[0]):error=\(parts[1])", gitstateProgram.string, "get", "56-\(name)",
        ], in: project, environment: reportingTroubleItself)
      #expect(result.status == 0, "\(fault): \(result.errors)")
    }
    if exists(note) {
      #expect(try await json("status", in: project)["hasInterruptedWrite"] == false)
    }
    #expect(!exists(note))
    try await expectSound(project)
  }

  /// What was interrupted on one branch is nothing to the files of another.
  @Test(arguments: ["list", "put"]) func anotherBranchIsLeftAsItIs(command: String) async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await git("branch", "other", in: project)
    try makeObjectFolders(in: project)
    // Killed as the working file is still the old one.
    var isCut = false
    for number in 1...14 where !isCut {
      let result = try await cutPut(
        "Cut\(number)", in: project, "rename", "signal=KILL:when=\(number)")
      let subject = try await git("log", "-1", "--format=%s", in: project)
      isCut =
        result.status != 0 && !exists(project.appending(".git/index.lock"))
        && exists(project.appending(".git/gitstate/intent.json"))
        && subject.contains("Cut\(number)")
    }
    try #require(isCut)
    // The user puts the old content aside, and goes elsewhere.
    try await git("stash", "-q", in: project)
    try await git("switch", "-q", "other", in: project)
    try await expectSound(project)
    if command == "put" {
      try await put("Other", "3", in: project, chain: "1", network: "mainnet")
    } else {
      try await succeed("list", in: project)
    }
    try await expectSound(project)
    try await git("switch", "-q", "main", in: project)
    try await expectSound(project)
  }

  /// Another program's lock in the way of recovery is waited for like any other.
  @Test func recoveryWaitsForALock() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    _ = try await leaveIndexLock(in: project)
    let lock = project.appending(".git/index.lock")
    // Not ours: a file with another inode.
    let other = project.appending("other")
    try writeFile(other, "")
    _ = try await runProgram("mv", [other.string, lock.string], in: project)
    async let waits = gitstate(
      [
        "put", "56-Next", "--address", address("2"), "--network", "bscmainnet", "--lock-timeout",
        "60",
      ], in: project)
    try await Task.sleep(for: .seconds(1))
    try removeFile(lock)
    let result = try await waits
    #expect(result.status == 0, "\(result.errors)")
    try await expectSound(project)
  }

  /// Every file that a program of git's may leave behind as a lock.
  @Test func allLocksOfGitsAreListed() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await git("worktree", "add", "-q", "-b", "second", "../second", in: project)
    try await git("commit-graph", "write", "--reachable", "--split", in: project)
    try await git("repack", "-q", "-a", "-d", in: project)
    let names = [
      "HEAD.lock", "config.lock", "index.lock", "info/sparse-checkout.lock", "logs/HEAD.lock",
      "logs/refs/heads/main.lock", "objects/info/commit-graph.lock",
      "objects/info/commit-graphs/commit-graph-chain.lock", "objects/maintenance.lock",
      "objects/pack/multi-pack-index.lock",
      "packed-refs.lock", "refs/heads/main.lock", "shallow.lock",
      "worktrees/second/HEAD.lock", "worktrees/second/index.lock",
      "worktrees/second/info/sparse-checkout.lock", "worktrees/second/logs/HEAD.lock",
    ]
    for folder in ["info", "worktrees/second/info", "worktrees/second/logs"] {
      try makeFolders(project.appending(".git").pushing(FilePath(folder)))
    }
    for name in names { try writeFile(project.appending(".git").pushing(FilePath(name)), "") }
    for folder in [project, scratch.appending("second")] {
      let listed = try await json("locks", in: folder).array?.compactMap { $0["path"]?.string }
      #expect(
        listed == names.map { project.appending(".git").pushing(FilePath($0)).string })
    }
    // A program of git's that works in another worktree may be the holder.
    async let other = runProgram(
      "sh", ["-c", "sh -c 'echo $$ > pid; exec sleep 600' | git cat-file --batch"],
      in: scratch.appending("second"))
    var isSeen = false
    for _ in 0..<600 where !isSeen {
      isSeen =
        try await json("locks", in: project)[0]?["holders"]?.array?.contains {
          $0.string?.hasPrefix("git (") == true
        } ?? false
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(isSeen)
    let process = try text(scratch.appending("second/pid"))
    _ = try await runProgram("sh", ["-c", "kill \(process)"], in: scratch)
    _ = try await other
  }

  /// What is staged after a crash is the user's.
  @Test func whatIsStagedAfterAKillStaysStaged() async throws {
    let project = try await sampleRepository()
    let file = "deployments/bscmainnet.json"
    let path = project.appending(file)
    var points = 0
    for number in 1...20 {
      let name = "56-Killed\(number)"
      let killed = try await runProgram(
        "strace",
        [
          "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
          "inject=rename:signal=KILL:when=\(number)", gitstateProgram.string, "put", name,
          "--address", address("7"), "--quiet",
        ], in: project)
      if killed.status == 0 { break }
      let lock = project.appending(".git/index.lock")
      if exists(lock) { try removeFile(lock) }
      let working = try text(path)
      try writeFile(path, working.replacing(address("1"), with: address("9")))
      try await git("add", file, in: project)
      try writeFile(path, working)
      try await succeed("list", in: project)
      let staged = try await git("show", ":\(file)", in: project)
      #expect(staged.contains(address("9")), "killed before rename \(number)")
      points += 1
      try await git("reset", "-q", "--", file, in: project)
      try await git("checkout", "--", file, in: project)
    }
    #expect(points > 3)
    try await expectSound(project)
  }

  /// A program may get the inode of a lock that is gone: the user was told by git to remove it.
  @Test func aLockWithTheInodeOfOursIsNotTakenForIt() async throws {
    let project = try await sampleRepository()
    let lock = project.appending(".git/index.lock")
    _ = try await runProgram(
      "strace",
      [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
        "inject=renameat2:signal=KILL:when=2", gitstateProgram.string, "put", "56-New", "--address",
        address("7"),
      ], in: project)
    try #require(exists(lock))
    // The same file, as another program would have made it.
    try writeFile(lock, "another program's")
    let result = try await gitstate("list", in: project)
    #expect(result.status == 0)
    #expect(try text(lock) == "another program's")
    try removeFile(lock)
    try await put("After", "8", in: project)
    try await expectSound(project)
  }

  @Test func theLockOfAnotherProgramIsNamedAndAStaleOneRemoved() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let lock = project.appending(".git/index.lock")
    try writeFile(lock, "")
    // Young however long this test has to wait.
    _ = try await runProgram("touch", ["-d", "2 hours", lock.string], in: project)
    let young = try await succeed("locks", "--remove", in: project)
    #expect(young.hasSuffix("s old, recent"))
    #expect(exists(lock))
    _ = try await runProgram("touch", ["-d", "2 hours ago", lock.string], in: project)
    let listed = try await json("locks", in: project)
    #expect(listed[0]?["path"]?.string == lock.string)
    #expect(listed[0]?["stale"] == true)
    #expect(listed[0]?["age"]?.number?.int64 ?? 0 > 7000)
    #expect(try await succeed("locks", "--remove", in: project).hasSuffix("removed"))
    #expect(!exists(lock))
    #expect(try await succeed("locks", in: project) == "no locks")
    try await put("Second", "2", in: project)
    try await expectSound(project)
  }

  /// Our own are there for as long as somebody writes.
  @Test(arguments: ["lock", "optimize.lock"]) func whoWritesIsListed(lock: String) async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await succeed("optimize", in: project)
    let path = project.appending(".git/gitstate").appending(lock)
    try await withFileLocked(path, .flock) { holder in
      // As one that was cut off would leave it, whose number another program has by now.
      try writeFile(path, #"{"process":1,"since":"2024-05-01T10:00:00.000Z"}"#)
      #expect(try await succeed("locks", in: project) == "no locks")
      try writeFile(path, #"{"process":\#(holder),"since":"2024-05-01T10:00:00.000Z"}"#)
      let listed = try await succeed("locks", in: project)
      #expect(listed.hasPrefix(path.string) && listed.hasSuffix("(\(holder))"), "\(listed)")
    }
    #expect(try await succeed("locks", in: project) == "no locks")
  }

  @Test func aLockThatAProgramHasOpenStays() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let lock = project.appending(".git/index.lock")
    try writeFile(lock, "")
    _ = try await runProgram("touch", ["-d", "2 hours ago", lock.string], in: project)
    try await withFileLocked(lock, .flock) { _ in
      let answer = try await succeed("locks", "--remove", in: project)
      #expect(answer.contains("held by"))
      #expect(exists(lock))
    }
  }

  @Test func optimizePacksAndLosesNothing() async throws {
    let project = try await newRepository()
    for name in ["A", "B", "C"] { try await put(name, "1", in: project) }
    // An object that nothing names yet, as another program may have just written it.
    let loose = try await runProgram(
      "git", ["hash-object", "-w", "--stdin"], in: project, input: Array("mine".utf8)
    ).line
    let before = try await succeed("list", in: project)
    #expect(try await succeed("optimize", in: project).contains("loose objects"))
    #expect(try await git("count-objects", in: project).hasPrefix("0 objects"))
    #expect(try await git("cat-file", "-p", loose, in: project) == "mine")
    try await put("D", "1", in: project)
    try await succeed("optimize", in: project)
    let packs = try entries(of: project.appending(".git/objects/pack"))
    #expect(packs.count { $0.hasSuffix(".pack") } == 1)
    #expect(try await succeed("optimize", in: project) == "nothing to pack")
    try await succeed("delete", "56-D", in: project)
    #expect(try await succeed("list", in: project) == before)
    try await expectSound(project)
  }

  @Test func whoeverPacksAlreadyIsWaitedForAndThenNamed() async throws {
    let project = try await newRepository()
    for name in ["A", "B"] { try await put(name, "1", in: project) }
    try await succeed("optimize", in: project)
    try await put("C", "1", in: project)
    let lock = project.appending(".git/gitstate/optimize.lock")
    try await withFileLocked(lock, .flock) { process in
      try writeFile(lock, #"{"process":\#(process),"since":"2025-07-25T11:11:18Z"}"#)
      let refused = try await gitstate(
        ["optimize", "--json", "--lock-timeout", "0.2"], in: project)
      let error = try JSONValue(parsing: refused.output)["error"]
      #expect(error?["code"]?.string == "LOCK_TIMEOUT")
      #expect(error?["message"]?.string?.contains("process \(process), since") == true)
      // What a put starts by itself has nothing to say.
      _ = try await gitstate(["optimize", "--auto", "--quiet"], in: project)
    }
    #expect(try await succeed("optimize", in: project).contains("objects packed"))
    let waits = try await startWhileLocked(
      lock, ["optimize", "--lock-timeout", "60"], for: .milliseconds(50), in: project)
    #expect(waits.status == 0)
  }

  @Test func manyLooseObjectsArePackedByThemselves() async throws {
    let project = try await newRepository()
    try await put("A", "1", in: project)
    // What the program counts: one of the 256 folders.
    let script = """
      n=0; while [ $(ls .git/objects/17 2>/dev/null | wc -l) -lt 29 ]; do
        for i in $(seq 500); do n=$((n + 1)); echo $n > obj-$n; done
        ls | grep ^obj- | git hash-object -w --stdin-paths > out; rm obj-*; done; rm out
      """
    _ = try await runProgram("sh", ["-c", script], in: project)
    try await put("B", "1", in: project)
    var isPacked = false
    for _ in 0..<200 where !isPacked {
      isPacked = try await git("count-objects", in: project).hasPrefix("0 objects")
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(isPacked)
    try await put("C", "1", in: project)
    try await git("fsck", "--strict", in: project)
  }
}
