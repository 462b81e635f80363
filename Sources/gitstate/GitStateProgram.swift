import ArgumentParser
import CGit2Start
import Git
import GitState

/// The program: reads its command line, runs the command and turns failures into exit statuses.
@main
struct GitStateProgram {
  static func main() async {
    guard !CommandLine.arguments.isEmpty else {
      // Swift reads them from /proc, which can fail; without them we would print help and succeed.
      Failure(StateError(.backendUnavailable, "the command line could not be read; try again"))
        .exit()
    }
    Upkeep.current = .program("/proc/self/exe")
    Library.putOffTransfers(
      Library.DeferredStart(
        start: { gitstate_libgit2_init() },
        certificates: { gitstate_put_off_certificates().map { String(cString: $0) } },
        startSSH: { gitstate_start_ssh() }))
    do {
      try checkArgumentsAreText()
      let arguments = GlobalOptions.movedBehindCommand(Array(CommandLine.arguments.dropFirst()))
      if let command = GetCommand(plain: arguments) { return try await command.run() }
      try checkCommand(arguments.first)
      var command = try RootCommand.parseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as StateError {
      Failure(error).exit()
    } catch {
      Failure.exitForUsage(error)
    }
  }
}

extension GitStateProgram {
  /// Refuses bytes that are no text: Swift would put U+FFFD for them, and a record would be kept under
  /// another name than was meant.
  private static func checkArgumentsAreText() throws(StateError) {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index],
        String(validatingCString: argument) == nil
      else { continue }
      let isPut = CommandLine.arguments.dropFirst().first { !$0.hasPrefix("-") } == "put"
      throw StateError(
        isPut ? .validationFailed : .invalidArgument,
        "nothing was done: the argument \(shown(argument)) is no UTF-8 text, so it can be no "
          + "\(isPut ? "contractName and no other field of a record" : "name and no value")")
    }
  }

  /// Refuses a command that there is none of, by its name: the parser would complain of the first
  /// option behind it.
  private static func checkCommand(_ name: String?) throws(StateError) {
    let commands = RootCommand.configuration.subcommands.compactMap {
      $0.configuration.commandName
    }
    guard let name, !name.hasPrefix("-"), name != "help", !commands.contains(name) else { return }
    throw StateError(
      .invalidArgument,
      "there is no command \"\(name.escapingUnprintable)\"; gitstate --help lists those that there are"
    )
  }

  /// An argument with its bytes that are no ASCII text as `\xFF`.
  private static func shown(_ argument: UnsafePointer<CChar>) -> String {
    var text = ""
    var next = argument
    while next.pointee != 0 {
      let byte = UInt8(bitPattern: next.pointee)
      let digits = String(byte, radix: 16, uppercase: true)
      text +=
        (0x20..<0x7F).contains(byte)
        ? String(UnicodeScalar(byte)) : "\\x\(digits.count == 1 ? "0" : "")\(digits)"
      next += 1
    }
    return "\"\(text)\""
  }
}

/// The whole command line.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gitstate",
    abstract: "Keep the deployment state of smart contracts in git: every write is one commit.",
    discussion: """
      What lives where is kept in deployments/<network>.json, on a branch of any git repository. \
      Begin with 'gitstate init', take an old state over with 'gitstate import', record \
      deployments with 'gitstate put', and see what changed with 'gitstate log' and 'gitstate diff'.

      A contract is named by chain ID and name, 56-LookCoin, or by network and name, \
      bscmainnet/LookCoin. A revision is what git takes (HEAD~2, a tag, an abbreviated commit), or a \
      date (2025-07-25, "2 days ago").

      Exit status: 0 done; 1 failed; 3 no such contract or revision; 4 a check found faults; 5 \
      conflict; 64 usage.
      """,
    version: "0.1.0",
    subcommands: [MergeDriverCommand.self, DiffDriverCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Start",
        subcommands: [InitCommand.self, ImportCommand.self, ExportCommand.self]),
      CommandGroup(
        name: "Read",
        subcommands: [GetCommand.self, ListCommand.self, QueryCommand.self, VerifyCommand.self]),
      CommandGroup(name: "Write", subcommands: [PutCommand.self, DeleteCommand.self]),
      CommandGroup(
        name: "History",
        subcommands: [
          LogCommand.self, BlameCommand.self, ShowCommand.self, DiffCommand.self,
          CompareCommand.self,
        ]),
      CommandGroup(name: "Merge", subcommands: [MergeCommand.self, ConflictsCommand.self]),
      CommandGroup(
        name: "Undo",
        subcommands: [RevertCommand.self, RestoreCommand.self, RollbackCommand.self]),
      CommandGroup(
        name: "Share",
        subcommands: [
          CloneCommand.self, RemoteCommand.self, StatusCommand.self, SyncCommand.self,
          PullCommand.self, PushCommand.self, FetchCommand.self, BackupCommand.self,
        ]),
      CommandGroup(name: "Migrate", subcommands: [MigrateCommand.self]),
      CommandGroup(name: "Look after", subcommands: [OptimizeCommand.self, LocksCommand.self]),
      CommandGroup(name: "Watch", subcommands: [HealthCommand.self, MetricsCommand.self]),
    ])
}
