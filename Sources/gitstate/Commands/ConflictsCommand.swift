import ArgumentParser
import GitState
import LosslessJSON

struct ConflictsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conflicts",
    abstract: "List what a git merge, rebase or cherry-pick left in conflict, and settle it.",
    discussion: """
      Exits with 5 where there is any conflict. --resolve writes and stages the files that it settles; \
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
    let (settled, left) = try await state.withGit(named: "conflicts") { git throws(StateError) in
      var settled: [String] = []
      if !resolve.isEmpty {
        settled = try git.settleConflicts(try MergeResolution(resolve, in: git.snapshot()))
      }
      return (settled, try git.conflicts())
    }
    let conflicts = left.flatMap(\.conflicts)
    if options.json {
      var json: JSONObject = ["conflicts": .array(conflicts.map { .object($0.json) })]
      let odd = left.filter { $0.problem != nil || $0.otherFile != nil }
      if !odd.isEmpty { json["files"] = .array(odd.map { .object($0.json) }) }
      Output.writeJSON(.object(json))
    } else {
      for file in settled { Output.line("settled and staged: \(file.escapingUnprintable)") }
      for file in left { print(file) }
      if left.isEmpty, settled.isEmpty { Output.line("no conflicts") }
    }
    for file in left { if let problem = file.problem { options.warn([problem]) } }
    if !left.isEmpty { throw ExitCode(Failure.Status.conflict) }
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
