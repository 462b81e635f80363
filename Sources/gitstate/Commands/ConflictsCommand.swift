import ArgumentParser
import GitState
import LosslessJSON

struct ConflictsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conflicts",
    abstract: "List what a git merge, rebase or cherry-pick left in conflict, and settle it.",
    discussion: """
      Exits with 5 where there is any conflict. --resolve writes and stages the files that it settles, \
      for which it takes all answers of a file in one call (what is missing is told with the whole command); \
      then git goes on as usual (git commit, git rebase --continue). Ours and theirs are as git has \
      them: in a rebase, ours is the branch that is rebased onto. Where both sides made the file of a \
      chain, each under its own name, git leaves two files; they are listed here, too, and any \
      --resolve makes them one, ours being the first by name.
      """)

  @OptionGroup var settling: ResolveArguments

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let resolve = settling.resolve
    let (settled, left, unanswered) = try await state.withGit(named: "conflicts") {
      git throws(StateError) in
      guard !resolve.isEmpty else {
        let left = try git.conflicts()
        return ([String](), left, left)
      }
      let resolution = try MergeResolution(resolve, in: git.snapshot())
      let settled = try git.settleConflicts(resolution)
      return (settled, try git.conflicts(), try git.conflicts(leftBy: resolution))
    }
    let conflicts = left.flatMap(\.conflicts)
    if options.json {
      var json: JSONObject = ["conflicts": .array(conflicts.map { .object($0.json) })]
      let odd = left.filter { $0.problem != nil || $0.otherFile != nil }
      if !odd.isEmpty { json["files"] = .array(odd.map { .object($0.json) }) }
      Output.writeJSON(.object(json))
    } else {
      for file in settled { Output.line("settled and staged: \(file.escapingUnprintable)") }
      for file in unanswered { print(file) }
      if !resolve.isEmpty { printCommand(for: unanswered) }
      if left.isEmpty, settled.isEmpty { Output.line("no conflicts") }
    }
    for file in left { if let problem = file.problem { options.warn([problem]) } }
    if !left.isEmpty { throw ExitCode(Failure.Status.conflict) }
  }

  /// Says that a file takes all answers at once, with the command that gives them.
  private func printCommand(for files: [FileConflicts]) {
    let open = files.filter { !$0.conflicts.isEmpty }
    guard !open.isEmpty else { return }
    var keys: [String] = []
    for conflict in open.flatMap(\.conflicts) {
      let key =
        conflict.key.name.isEmpty
        ? conflict.key.chainID.description : conflict.key.description.escapingUnprintable
      if !keys.contains(key) { keys.append(key) }
    }
    let names = open.map(\.file.escapingUnprintable).joined(separator: " and ")
    let answers = (settling.resolve.map(\.escapingUnprintable) + keys.map { "\($0)=ours" })
      .map { " --resolve \(Self.quoted($0))" }.joined()
    let missing = keys.count == 1 ? "one answer is" : "\(keys.count) answers are"
    Output.line(
      "\(names): nothing is settled yet, as \(missing) missing and all are taken at once; say, with "
        + "=theirs where the other side is right:\n  gitstate conflicts\(answers)")
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      (48...57).contains(byte) || (97...122).contains(byte | 0x20)
        || "-_=./:".utf8.contains(byte)
    }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }

  private func print(_ file: FileConflicts) {
    guard file.problem == nil else { return }
    if let other = file.otherFile {
      Output.line(
        "\(file.file.escapingUnprintable) and \(other.escapingUnprintable) are of the same chain")
    } else {
      Output.line(file.file.escapingUnprintable)
    }
    for conflict in file.conflicts { Output.line(Failure.text(conflict)) }
    if file.conflicts.isEmpty {
      Output.line("  no field is in conflict; settle it with: gitstate conflicts --resolve ours")
    }
  }
}
