import SystemPackage
import TestSupport
import Testing

/// Writes that fall between a git program's look at the index and its lock: that program fails at the branch,
/// and leaves the index that it had read.
@Suite(.scratchDirectory) struct LostRaceTests {
  private let file = "deployments/bscmainnet.json"

  /// Stops a git program before its n-th opening of index.lock, puts meanwhile, and lets it go on: it does
  /// when strace is killed.
  private static let race = """
    program=$1; lock=$2; shift 2
    strace -f -o ../trace -e trace=openat -P "$PWD/.git/index" -P "$PWD/.git/index.lock" -P .git/index \
      -e inject=openat:delay_enter=600000000:when=$lock "$@" > ../said 2>&1 &
    tracer=$!
    until [ -s ../trace ] && [ "$(grep -c openat ../trace)" -ge $((lock - 1)) ]; do sleep 0.05; done
    traced=$(pgrep -P $tracer)
    \(untilStopped)
    "$program" put 56-New --address 0x7777777777777777777777777777777777777777 --timestamp 1753441878006
    kill -KILL $tracer
    while kill -0 $traced 2> ../waited; do sleep 0.05; done
    cat ../said
    """

  /// Waits until a traced program has been at the same place for half a second.
  private static let untilStopped = """
    still=0
    while [ $still -lt 10 ] && kill -0 $tracer; do
      if grep -q "tracing stop" /proc/$traced/task/*/status; then still=$((still + 1)); else still=0; fi
      sleep 0.05
    done
    """

  /// The index as it was before a put, in place of the one after: what such a program leaves.
  private func putBesideACommit(in project: FilePath) async throws {
    let index = try readFile(project.appending(".git/index"))
    try await put("New", "7", in: project)
    try writeFile(project.appending(".git/index"), index)
    #expect(try await git("status", "--porcelain", in: project) == "MM \(file)")
  }

  @Test func theNextStatusTellsAndTheNextWriteMends() async throws {
    let project = try await sampleRepository()
    try await putBesideACommit(in: project)
    try writeFile(project.appending("code.txt"), "mine\n")
    try await git("add", "code.txt", in: project)
    let told = "warning: git's index has \(file) as it was in commit"
    for command in [["status"], ["status", "--json"]] {
      let status = try await gitstate(command, in: project)
      #expect(status.status == 0)
      #expect(status.errors.contains(told), "\(status.errors)")
      #expect(status.errors.contains("git reset -q -- \(file)"))
    }
    let verified = try await gitstate("verify", in: project)
    #expect(verified.status == 0)
    #expect(verified.text.contains(told))
    let staged = try await gitstate("verify", "--staged", in: project)
    #expect(staged.status == 4)
    #expect(staged.text.contains("error: git's index has \(file)"))
    // A write to another network.
    let result = try await gitstate(
      "put", "84532-Other", "--address", address("8"), "--timestamp", time, in: project)
    #expect(result.status == 0)
    #expect(result.errors.contains(told), "\(result.errors)")
    #expect(result.errors.contains("the index has the branch's version again"))
    #expect(try await git("status", "--porcelain", in: project) == "A  code.txt")
    #expect(try await gitstate("verify", "--staged", in: project).status == 0)
    try await git("commit", "-qm", "mine", in: project)
    #expect(try await git("show", "--name-only", "--format=", in: project) == "code.txt")
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
    try await expectSound(project)
  }

  @Test func theWayBackThatIsNamedIsEnough() async throws {
    let project = try await sampleRepository()
    try await putBesideACommit(in: project)
    try await git("reset", "-q", "--", file, in: project)
    let status = try await gitstate("status", in: project)
    #expect(status.errors == "")
    try await expectSound(project)
  }

  @Test func aNewFileThatTheIndexLacksIsToldAndNotStaged() async throws {
    let project = try await sampleRepository()
    let index = try readFile(project.appending(".git/index"))
    try await put("New", "7", in: project, chain: "1", network: "mainnet")
    try writeFile(project.appending(".git/index"), index)
    let status = try await gitstate("status", in: project)
    #expect(status.errors.contains("git's index lacks deployments/mainnet.json"))
    // It may have been taken out on purpose.
    let result = try await gitstate("put", "56-More", "--address", address("8"), in: project)
    #expect(result.errors.contains("git reset -q -- deployments/mainnet.json"))
    #expect(
      try await git("status", "--porcelain", in: project)
        == "D  deployments/mainnet.json\n?? deployments/mainnet.json")
  }

  /// What the user has staged is no earlier version, or has the working file with it.
  @Test func whatTheUserHasStagedIsNoRace() async throws {
    let project = try await sampleRepository()
    try await put("New", "7", in: project)
    let path = project.appending(file)
    let current = try text(path)
    for (staged, working) in [
      (current.replacing(address("7"), with: address("8")), nil as String?), (bscmainnet, nil),
      (current.replacing(address("7"), with: address("8")), current),
    ] {
      try writeFile(path, staged)
      try await git("add", file, in: project)
      try writeFile(path, working ?? staged)
      let before = try await git("diff", "--cached", in: project)
      #expect(try await gitstate("verify", "--staged", in: project).status == 0)
      let result = try await gitstate(
        "put", "84532-Other", "--address", address("9"), "--timestamp",
        "\(Int.random(in: 1..<9999))",
        in: project)
      #expect(result.status == 0)
      #expect(result.errors == "")
      #expect(try await git("diff", "--cached", in: project) == before)
    }
  }

  /// The index is stale for a moment only: git runs while the put does.
  @Test(arguments: ["commit", "merge", "fast-forward"])
  func aGitProgramThatLosesTheRaceIsFound(kind: String) async throws {
    let project = try await sampleRepository()
    try await git("switch", "-qc", "side", in: project)
    try await commit(["side.txt": "s\n"], in: project)
    try await git("switch", "-q", "main", in: project)
    if kind == "merge" { try await commit(["main.txt": "m\n"], in: project) }
    try writeFile(project.appending("code.txt"), "mine\n")
    if kind == "commit" { try await git("add", "code.txt", in: project) }
    let command =
      kind == "commit" ? ["git", "commit", "-m", "mine"] : ["git", "merge", "--no-edit", "side"]
    // Each lock comes after a look at the index; a merge takes it for the second time when it merges.
    let result = try await runProgram(
      "sh",
      [
        "-c", Self.race, "race", gitstateProgram.string, kind == "merge" ? "4" : "2",
      ] + command, in: project)
    #expect(result.text.contains("cannot lock ref 'HEAD'"), "\(result.text)\(result.errors)")
    #expect(try await git("diff", "--cached", "--name-only", in: project).contains(file))
    let status = try await gitstate("status", in: project)
    #expect(status.errors.contains("git's index has \(file)"), "\(status.errors)")
    let next = try await gitstate("put", "84532-Other", "--address", address("8"), in: project)
    if kind == "merge" {
      // git left the merge open, too, and cannot even abort it.
      #expect(next.errors.contains("a merge is under way"))
      #expect(next.errors.contains("git reset -q -- \(file)"), "\(next.errors)")
      try await git("reset", "-q", "--", file, in: project)
      try await git("merge", "--abort", in: project)
    } else {
      #expect(next.status == 0)
    }
    #expect(try await !git("diff", "--cached", "--name-only", in: project).contains(file))
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
  }

  /// git switch puts the other branch's index and files in place before it moves HEAD: until then they look
  /// like edits of this branch.
  @Test func aSwitchUnderWayIsWaitedFor() async throws {
    let project = try await sampleRepository()
    try await put("Kept", "5", in: project)
    try await git("switch", "-qc", "other", in: project)
    let path = project.appending(file)
    try writeFile(path, try text(path).replacing(address("5"), with: address("6")))
    try await git("commit", "-qam", "other", in: project)
    try await git("switch", "-q", "main", in: project)
    try await put("Kept", "4", in: project)
    // The second rename is HEAD's.
    let script = """
      program=$1; shift
      strace -f -o ../trace -e trace=rename -e inject=rename:delay_enter=600000000:when=2 \
        git switch -q other > ../said 2>&1 &
      tracer=$!
      until [ -s ../trace ] && [ "$(grep -c rename ../trace)" -ge 1 ]; do sleep 0.05; done
      traced=$(pgrep -P $tracer)
      \(Self.untilStopped)
      "$program" put "$@" --lock-timeout 1 --quiet
      echo "status $?"
      kill -KILL $tracer
      while kill -0 $traced 2> ../waited; do sleep 0.05; done
      """
    let result = try await runProgram(
      "sh", ["-c", script, "race", gitstateProgram.string, "56-New", "--address", address("7")],
      in: project)
    #expect(result.text.contains("status 1"), "\(result.text)\(result.errors)")
    #expect(result.errors.contains("HEAD.lock is in the way"), "\(result.errors)")
    #expect(try await git("status", "--porcelain", in: project) == "")
    try await git("switch", "-q", "main", in: project)
    let kept = try await gitstate("get", "56-Kept", "--field", "address", in: project)
    #expect(kept.text.hasPrefix(address("4")), "\(kept.text)")
    try await put("New", "7", in: project)
    try await expectSound(project)
  }

  /// git reset moves the branch to what it read before, whatever was committed since.
  @Test(arguments: [["reset", "-q"], ["reset", "-q", "--hard"], ["stash", "-q"]])
  func aResetUnderWayIsWaitedFor(command: [String]) async throws {
    let project = try await sampleRepository()
    try await put("First", "5", in: project)
    if command == ["stash", "-q"] { try writeFile(project.appending("code.txt"), "mine\n") }
    try await git("add", ".", in: project)
    // The first rename is the index's.
    let script = """
      program=$1; shift
      strace -f -o ../trace -e trace=rename -e inject=rename:delay_exit=2000000:when=1 \
        git \(command.joined(separator: " ")) > ../said 2>&1 &
      until [ -s ../trace ] && grep -q rename ../trace; do sleep 0.05; done
      sleep 0.3
      "$program" put "$@" --quiet
      echo "status $?"
      wait
      """
    let result = try await runProgram(
      "sh",
      [
        "-c", script, "race", gitstateProgram.string, "56-New", "--address", address("7"),
        "--timestamp", time,
      ], in: project)
    #expect(result.text.contains("status 0"), "\(result.text)\(result.errors)")
    try await put("After", "8", in: project)
    for name in ["First", "New", "After"] {
      #expect(try await gitstate("get", "56-\(name)", in: project).status == 0, "\(name)")
    }
  }

  /// git is quick enough to do it before the put has ended.
  @Test func anIndexThatComesDuringTheWriteIsMendedAtOnce() async throws {
    let project = try await sampleRepository()
    try makeObjectFolders(in: project)
    // The working file gets its name after the index: another put tells which rename that is.
    let script = """
      program=$1; shift
      strace -f -qq -o ../renames -e trace=rename "$program" put 56-Other "$@" > /dev/null
      number=$(grep -n 'deployments/bscmainnet.json' ../renames | cut -d: -f1)
      cp .git/index ../old; before=$(git rev-parse HEAD)
      strace -f -qq -o ../trace -e trace=rename \
        -e inject=rename:delay_enter=600000000:when=$number "$program" put 56-New "$@" &
      tracer=$!
      until [ "$(git rev-parse HEAD)" != "$before" ]; do sleep 0.05; done
      traced=$(pgrep -P $tracer)
      \(Self.untilStopped)
      cp ../old .git/index.new && mv .git/index.new .git/index
      git diff --cached --stat
      kill -KILL $tracer
      while kill -0 $traced 2> ../waited; do sleep 0.05; done
      """
    let result = try await runProgram(
      "sh",
      [
        "-c", script, "race", gitstateProgram.string, "--address", address("7"), "--timestamp",
        time,
      ], in: project)
    #expect(result.text.contains("5 -----"), "\(result.text)")
    #expect(
      result.errors.contains("the index has the branch's version of \(file) again"),
      "\(result.text)\(result.errors)")
    try await expectSound(project)
  }

  /// A pre-commit hook with the check keeps git from taking back what was recorded.
  @Test func aHookKeepsGitFromTakingItBack() async throws {
    let project = try await sampleRepository()
    let hook = project.appending(".git/hooks/pre-commit")
    try writeFile(hook, "#!/bin/sh\nexec \(gitstateProgram.string) verify --staged >&2\n")
    try setPermissions(0o755, of: hook)
    try await putBesideACommit(in: project)
    try writeFile(project.appending("code.txt"), "mine\n")
    try await git("add", "code.txt", in: project)
    let refused = try await runProgram("git", ["commit", "-m", "mine"], in: project)
    #expect(refused.status == 1)
    #expect(refused.errors.contains("git reset -q -- \(file)"), "\(refused.errors)")
    try await git("reset", "-q", "--", file, in: project)
    try await git("commit", "-qm", "mine", in: project)
    try writeFile(project.appending("code.txt"), "more\n")
    try await git("commit", "-qam", "more", in: project)
    try writeFile(project.appending("code.txt"), "and more\n")
    try await git("commit", "-qm", "and more", "code.txt", in: project)
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
    // A staged file that nobody can read.
    try writeFile(project.appending(file), "{")
    let broken = try await runProgram("git", ["commit", "-am", "broken"], in: project)
    #expect(broken.status == 1)
    #expect(broken.errors.contains("as it is staged, \(file)"), "\(broken.errors)")
  }

  @Test func aCommitThatTookBackAWriteIsTold() async throws {
    let project = try await sampleRepository()
    try await putBesideACommit(in: project)
    try await git("commit", "-qm", "mine", "--allow-empty", in: project)
    #expect(try await gitstate("get", "56-New", in: project).status == 3)
    let culprit = try await git("rev-parse", "--short=7", "HEAD", in: project)
    try await git("checkout", "-q", "--", file, in: project)
    let told = try await gitstate("status", in: project)
    #expect(
      told.errors.contains("warning: commit \(culprit) (Ada Deployer: \"mine\") put \(file) back"),
      "\(told.errors)")
    #expect(told.errors.contains("gitstate revert \(culprit)"))
    let next = try await gitstate("put", "56-Next", "--address", address("8"), in: project)
    #expect(next.errors.contains("takes back what gitstate had recorded"), "\(next.errors)")
    try await succeed("revert", culprit, in: project)
    #expect(try await gitstate("get", "56-New", in: project).status == 0)
    #expect(try await gitstate("get", "56-Next", in: project).status == 0)
    #expect(try await gitstate("status", in: project).errors == "")
  }

  @Test func whatIsTakenBackOnPurposeIsNot() async throws {
    let project = try await sampleRepository()
    try await put("New", "7", in: project)
    try await git("revert", "--no-edit", "HEAD", in: project)
    #expect(try await gitstate("status", in: project).errors == "")
    try await put("New", "8", in: project)
    try await succeed("revert", "HEAD", in: project)
    #expect(try await gitstate("status", in: project).errors == "")
    try await put("New", "8", in: project)
    try await git("mv", file, "deployments/bsc.json", in: project)
    try await git("commit", "-qm", "rename", in: project)
    #expect(try await gitstate("status", in: project).errors == "")
  }

  /// In the same state, `commit -a` would take the working file, which lacks the put.
  @Test func aMergeIsNotConcludedWithoutWhatWasPutBesideIt() async throws {
    let project = try await mergeWithAPutBesideIt()
    let told = try await gitstate("status", in: project)
    #expect(told.errors.contains("would lose 56-New"), "\(told.errors)")
    #expect(told.errors.contains("git checkout -- \(file)"), "\(told.errors)")
    let hook = project.appending(".git/hooks/pre-commit")
    try writeFile(hook, "#!/bin/sh\nexec \(gitstateProgram.string) verify --staged >&2\n")
    try setPermissions(0o755, of: hook)
    let refused = try await runProgram("git", ["commit", "-a", "--no-edit"], in: project)
    #expect(refused.status == 1)
    #expect(
      refused.errors.contains("error: the merge under way would lose 56-New"), "\(refused.errors)")
    try await git("checkout", "--", file, in: project)
    #expect(try await gitstate("status", in: project).errors == "")
    try await git("commit", "-qa", "--no-edit", in: project)
    for name in ["Side", "New", "Token"] {
      #expect(try await gitstate("get", "56-\(name)", in: project).status == 0)
    }
    try await expectSound(project)
  }

  @Test func aMergeThatWouldLoseARecordCanBeBegunAgain() async throws {
    let project = try await mergeWithAPutBesideIt()
    // As if git had put its own index in place of ours.
    try await git("add", file, in: project)
    let told = try await gitstate("status", in: project)
    #expect(told.errors.contains("the merge under way would lose 56-New"), "\(told.errors)")
    #expect(told.errors.contains("git checkout HEAD -- \(file) && git merge --abort"))
    try await git("checkout", "HEAD", "--", file, in: project)
    try await git("merge", "--abort", in: project)
    try await git("merge", "-q", "--no-edit", "side", in: project)
    for name in ["Side", "New", "Token"] {
      #expect(try await gitstate("get", "56-\(name)", in: project).status == 0)
    }
    #expect(try await gitstate("status", in: project).errors == "")
  }

  /// A merge under way, beside which a hook has put `56-New`.
  private func mergeWithAPutBesideIt() async throws -> FilePath {
    let project = try await sampleRepository()
    try await git("switch", "-qc", "side", in: project)
    // The last write in this working tree is the other branch's.
    try await put("Side", "6", in: project)
    try await git("switch", "-q", "main", in: project)
    try await commit(["main.txt": "m\n"], in: project)
    let hook = project.appending(".git/hooks/pre-merge-commit")
    try writeFile(
      hook,
      "#!/bin/sh\nexec \(gitstateProgram.string) put 56-New --address \(address("7")) >&2\n")
    try setPermissions(0o755, of: hook)
    let merge = try await runProgram("git", ["merge", "--no-edit", "side"], in: project)
    #expect(merge.status != 0)
    #expect(merge.errors.contains("warning: \(file) in the working tree"), "\(merge.errors)")
    try removeFile(hook)
    return project
  }

  /// A put of a hook's, while git has merged the file in the working tree and not committed it yet.
  @Test func aPutBeforeAMergeIsCommittedLosesNothing() async throws {
    let project = try await mergeWithAPutBesideIt()
    try await git("commit", "-q", "--no-edit", in: project)
    for name in ["Side", "New", "Token"] {
      #expect(try await gitstate("get", "56-\(name)", in: project).status == 0)
    }
    #expect(try await gitstate("verify", "--history", in: project).status == 0)
  }
}
