import ArgumentParser
import GitState
import LosslessJSON

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Keep the state in one file, without a server.",
    discussion: "The files are git bundles: plain 'git clone FILE' reads them, too.",
    subcommands: [
      BackupCreateCommand.self, BackupVerifyCommand.self, BackupRestoreCommand.self,
    ])
}

struct BackupCreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Write the state with its history into a file.",
    discussion: "The file is read back before it takes its place; one that is there is replaced.")

  @Argument(help: "The file to write.", completion: .file())
  var file: String

  @Option(help: "Leave out what this revision has; restoring needs the backup before first.")
  var since: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (file, since) = (options.inFolder(file), since)
    let report = try await options.openState().withGit { git throws(StateError) in
      try git.createBackup(file, since: since)
    }
    options.print(report, "Wrote")
  }
}

struct BackupVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Look whether a backup is sound, and what is in it.",
    discussion: "Every object is read. Exit status 4: a file in it cannot be read.")

  @Argument(help: "The file.", completion: .file())
  var file: String

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let file = options.inFolder(file)
    let report = try await options.openState().withGit { git throws(StateError) in
      try git.verifyBackup(file)
    }
    options.print(report, "Sound:")
    if !report.problems.isEmpty { throw ExitCode(Failure.Status.faultsFound) }
  }
}

struct BackupRestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Get the state back out of a backup.",
    discussion: """
      With a folder, a new repository is made there. Without, the backup is taken into the \
      repository that is here, merged contract by contract as with 'gitstate pull'.
      """)

  @Argument(help: "The file.", completion: .file())
  var file: String

  @Argument(help: "The folder to make.", completion: .directory)
  var folder: String?

  @Option(help: "Settle conflicts: ours, theirs, KEY=ours or KEY=theirs. Repeat it for more.")
  var resolve: [String] = []

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (file, resolve) = (options.inFolder(file), resolve)
    if let folder {
      let target = options.inFolder(folder)
      let report = try await GitBackend.onOwnThread { () throws(StateError) in
        try GitBackend.restoreBackup(file, into: target)
      }
      options.print(report, "Restored into \(target.escapingUnprintable):")
      return
    }
    let (report, result) = try await options.openState().withGit { git throws(StateError) in
      try git.restoreBackup(file, resolving: try MergeResolution(resolve, in: try git.snapshot()))
    }
    options.warn(report.problems)
    options.printAnswer(result, unchanged: "nothing to restore: all of the backup is here already")
  }
}

extension GlobalOptions {
  /// Prints what is in a backup.
  fileprivate func print(_ report: BackupReport, _ verb: String) {
    warn(report.problems)
    if json {
      Output.writeJSON([
        "file": .string(report.file), "branch": .string(report.branch),
        "commit": .string(report.commit), "since": .array(report.since.map { .string($0) }),
        "commitCount": .number(JSONNumber(report.commitCount)),
        "contractCount": .number(JSONNumber(report.contractCount)),
        "size": .number(JSONNumber(report.size)),
        "problems": .array(report.problems.map { .string($0) }),
      ])
      return
    }
    let since = report.since.isEmpty ? "" : " since \(report.since[0].prefix(7))"
    Output.line(
      "\(verb) \(report.branch.escapingUnprintable) at \(report.commit.prefix(7)), "
        + "\(Output.count(report.contractCount, "contract")), "
        + "\(Output.count(report.commitCount, "commit"))\(since), "
        + "\(Output.count(report.size, "byte"))")
  }
}
