import SystemPackage
import TestSupport
import Testing

/// Puts beside programs of git's that remove objects, commit, pull and pack.
@Suite(.scratchDirectory) struct GarbageCollectionTests {
  /// The script that has 16 writers and all of git beside each other.
  static let script = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("scripts").appending("concurrency")

  /// The short form of `make concurrency`.
  @Test func nothingIsLostBesideGit() async throws {
    let result = try await runProgram(
      "python3", [Self.script.string, "--seconds", "5", "--writers", "6", gitstateProgram.string],
      in: scratch, environment: ["TMPDIR": scratch.string])
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    #expect(result.text.contains("put answered"))
  }

  /// What a prune takes between the objects and the branch is written again.
  @Test(arguments: ["Second", "First"]) func aPruneBeforeTheBranchMovesCostsNothing(name: String)
    async throws
  {
    let project = try await newRepository()
    if name == "Second" { try await put("First", "1", in: project) }
    try await git("config", "gc.auto", "0", in: project)
    // git has looked at the branches before they move, and sweeps once they have: all files of new
    // objects go while the branch's lock is being taken, or the index's where there is no branch yet.
    let script = """
      touch ../mark
      strace -f -qq -o /dev/null -e trace=renameat2 \
        -e inject=renameat2:delay_enter=1500000:when=1 "$0" put "$@" &
      for i in $(seq 100); do
        sleep 0.05
        [ -n "$(find .git/objects -type f -newer ../mark)" ] && break
      done
      find .git/objects -type f -newer ../mark -delete -print | wc -l
      wait $!
      """
    let result = try await runProgram(
      "sh",
      [
        "-c", script, gitstateProgram.string, "56-\(name)", "--network", "bscmainnet", "--address",
        address("2"), "--timestamp", time, "--quiet",
      ], in: project)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
    #expect((Int(result.text.prefix { $0.isNumber }) ?? 0) > 2, "\(result.text)")
    try await expectSound(project)
    #expect(
      try await succeed("get", "56-\(name)", "--field", "address", in: project) == address("2"))
  }

  /// git removes the folders of objects that are empty, between the making of one and of what is in it.
  @Test func anEmptyFolderThatGitRemovesIsMadeAgain() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let script = """
      strace -f -qq -o /dev/null -e trace=rename \
        -e inject=rename:delay_enter=1000000:when=2 "$0" put "$@" &
      for i in $(seq 40); do find .git/objects -mindepth 1 -type d -empty -name '??' -delete -print; sleep 0.05; done
      wait $!
      """
    let result = try await runProgram(
      "sh",
      [
        "-c", script, gitstateProgram.string, "56-Second", "--address", address("2"), "--timestamp",
        time, "--quiet",
      ], in: project)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("objects/"))
    try await expectSound(project)
  }

  @Test func aPruningCollectionIsWaitedForAndThenNamed() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let script = """
      sh -c 'sleep 30; true' gc --prune=now &
      echo "$! $(hostname)" > .git/gc.pid
      "$0" put 56-Second --network bscmainnet --address "$1" --json --lock-timeout 0.3
      echo "status $?"
      # The default spares what is young, and a note of a program that is gone says nothing.
      kill $!; wait $!
      "$0" put 56-Second --network bscmainnet --address "$1" --quiet
      sh -c 'sleep 30; true' gc --prune=2.weeks.ago &
      echo "$! $(hostname)" > .git/gc.pid
      "$0" put 56-Third --network bscmainnet --address "$1" --quiet
      kill $!
      """
    let result = try await runProgram(
      "sh", ["-c", script, gitstateProgram.string, address("2")], in: project)
    #expect(result.text.contains("LOCK_TIMEOUT"))
    #expect(result.text.contains("nothing was written: a git gc that spares no young objects"))
    #expect(result.text.contains("status 1"))
    #expect(try await git("rev-list", "--count", "HEAD", in: project) == "3")
    try await expectSound(project)
  }

  @Test func aMergeThatEndsByItselfIsWaitedFor() async throws {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    let script = """
      git rev-parse HEAD > .git/MERGE_HEAD
      (sleep 1; rm .git/MERGE_HEAD) &
      "$0" put 56-Second --network bscmainnet --address "$1" --quiet || exit 1
      git rev-parse HEAD > .git/MERGE_HEAD
      touch -d '1 minute ago' .git/MERGE_HEAD
      "$0" put 56-Third --network bscmainnet --address "$1" --quiet
      """
    let result = try await runProgram(
      "sh", ["-c", script, gitstateProgram.string, address("2")], in: project)
    #expect(result.errors.contains("a merge is under way on main"))
    #expect(try await git("rev-list", "--count", "HEAD", in: project) == "2")
  }

  /// Two lines that git merges by itself, the branch `side` not merged yet.
  private func twoLines() async throws -> FilePath {
    let project = try await newRepository()
    try await put("First", "1", in: project)
    try await git("switch", "-q", "-c", "side", in: project)
    try await commit(["side.txt": "side\n"], in: project)
    try await git("switch", "-q", "main", in: project)
    try await commit(["main.txt": "main\n"], in: project)
    return project
  }

  /// Runs `git merge` with a hook that comes when `MERGE_HEAD` is there, which it makes an hour old.
  private func merge(in project: FilePath, hook: String) async throws -> ProgramResult {
    let path = project.appending(".git/hooks/commit-msg")
    try makeFolders(path.removingLastComponent())
    try writeFile(path, "#!/bin/sh\ntouch -d '1 hour ago' .git/MERGE_HEAD\n\(hook)\n")
    try setPermissions(0o755, of: path)
    return try await runProgram("git", ["merge", "-q", "--no-edit", "side"], in: project)
  }

  @Test func aMergeAtWorkIsWaitedForHoweverLongItTakes() async throws {
    let project = try await twoLines()
    let (begun, go) = (scratch.appending("begun"), scratch.appending("go"))
    async let merged = merge(
      in: project,
      hook: "touch '\(begun)'; for i in $(seq 6000); do [ -e '\(go)' ] && exit 0; sleep 0.1; done")
    for _ in 0..<6000 where !exists(begun) { try await Task.sleep(for: .milliseconds(10)) }
    async let waits = gitstate(
      [
        "put", "56-Second", "--address", address("2"), "--network", "bscmainnet", "--lock-timeout",
        "300",
      ], in: project)
    try await Task.sleep(for: .seconds(1))
    try writeFile(go, "")
    #expect(try await merged.status == 0)
    let result = try await waits
    #expect(result.status == 0, "\(result.errors)")
    try await expectSound(project)
    for file in ["side.txt", "main.txt"] { #expect(exists(project.appending(file))) }
    #expect(try await commitCount(in: project) == 5)
  }

  /// The merge waits for its hook, so that the hook's put must not wait for the merge.
  @Test func aPutOfTheMergesOwnHookDoesNotWaitForIt() async throws {
    let project = try await twoLines()
    let clock = ContinuousClock()
    let began = clock.now
    let merged = try await merge(
      in: project,
      hook:
        "\(gitstateProgram) put 56-Second --address \(address("2")) --lock-timeout 300 >&2; exit 0"
    )
    #expect(merged.errors.contains("a merge is under way on main"), "\(merged.errors)")
    #expect(clock.now - began < bound(.seconds(60)))
  }

  /// Nobody knows when the user will be done, whatever else of git's runs meanwhile.
  @Test func aMergeThatIsLeftToTheUserIsNotWaitedFor() async throws {
    let project = try await twoLines()
    try await git("merge", "-q", "--no-commit", "side", in: project)
    _ = try await runProgram("touch", ["-d", "1 hour ago", ".git/MERGE_HEAD"], in: project)
    async let other = runProgram(
      "sh", ["-c", "sh -c 'echo $$ > ../pid; exec sleep 600' | git cat-file --batch"], in: project)
    for _ in 0..<6000 where !exists(scratch.appending("pid")) {
      try await Task.sleep(for: .milliseconds(10))
    }
    let clock = ContinuousClock()
    let began = clock.now
    let result = try await gitstate(
      "put", "56-Second", "--address", address("2"), "--network", "bscmainnet", "--lock-timeout",
      "300", in: project)
    #expect(result.errors.contains("a merge is under way on main"), "\(result.errors)")
    #expect(clock.now - began < bound(.seconds(60)))
    let process = try text(scratch.appending("pid"))
    _ = try await runProgram("sh", ["-c", "kill \(process)"], in: scratch)
    _ = try await other
  }
}
