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
}
