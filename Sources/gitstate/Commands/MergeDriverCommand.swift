import ArgumentParser
import GitState
import Glibc

/// What git calls for a merge of a file of the state, as `gitstate init` sets it up.
struct MergeDriverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge-driver", abstract: "Merge three versions of a file, for git.",
    shouldDisplay: false)

  @Argument(help: "The version that both sides started from.") var base: String
  @Argument(help: "Our version, which becomes the merged one.") var ours: String
  @Argument(help: "The other version.") var theirs: String
  @Argument(help: "The file's path in the repository.") var path: String

  @Flag(help: "Merge what a merge starts from: a conflict is settled by what was there before.")
  var ancestors = false

  func run() throws {
    let merged: MergeDriver.Merged?
    do throws(StateError) {
      let (mine, other) = (try readInput(ours), try readInput(theirs))
      merged = try MergeDriver.merge(
        path: path, base: try readInput(base), ours: mine, theirs: other,
        isOfAncestors: ancestors)
      if merged == nil,
        let reason = MergeDriver.reasonForLines(path: path, ours: mine, theirs: other)
      {
        Output.note("gitstate: \(reason)")
      }
    } catch {
      Output.note(
        "gitstate: \(error.message.escapingUnprintable); so git merges it by lines, and what it leaves "
          + "may not parse")
      merged = nil
    }
    guard let merged else { mergeByLines() }
    // git made the file, empty or not, and waits for what it holds then.
    let descriptor = open(ours, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StateError(
        .writeFailed, "\(ours) could not be written: \(String(cString: strerror(errno)))",
        file: ours)
    }
    Output.write(merged.bytes, to: descriptor)
    close(descriptor)
    guard !merged.conflicts.isEmpty || merged.problem != nil, !ancestors else { return }
    if let problem = merged.problem {
      Output.note("gitstate: \(problem)")
      throw ExitCode(Failure.Status.failed)
    }
    for conflict in merged.conflicts { Output.note(Failure.text(conflict)) }
    Output.note(
      "\(path.escapingUnprintable) has our side's values there; settle it with: gitstate conflicts "
        + "--resolve ours (or theirs, or KEY=theirs), or edit it and say: git add")
    throw ExitCode(Failure.Status.failed)
  }

  /// Becomes git's own merge by lines, for files that have no contracts.
  private func mergeByLines() -> Never {
    let arguments =
      ["git", "merge-file", "-L", "ours", "-L", "base", "-L", "theirs", ours, base, theirs]
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    execvp("git", &pointers)
    Output.note("gitstate: git could not be started: \(String(cString: strerror(errno)))")
    Glibc.exit(Failure.Status.failed)
  }
}

/// What git calls for a text of a file of the state that it can compare by lines.
struct DiffDriverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff-driver", abstract: "Print a file contract by contract, for git.",
    shouldDisplay: false)

  @Argument(help: "The file.") var file: String

  func run() throws {
    let bytes = try readInput(file)
    let text = MergeDriver.text(name: file, bytes: bytes)
    Output.write(text.map { Array($0.utf8) } ?? bytes, to: STDOUT_FILENO)
  }
}
