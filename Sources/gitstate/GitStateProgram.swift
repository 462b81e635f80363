import ArgumentParser
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
    do {
      let arguments = GlobalOptions.movedBehindCommand(Array(CommandLine.arguments.dropFirst()))
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
        subcommands: [LogCommand.self, ShowCommand.self, DiffCommand.self]),
      CommandGroup(
        name: "Undo",
        subcommands: [RevertCommand.self, RestoreCommand.self, RollbackCommand.self]),
      CommandGroup(name: "Share", subcommands: [RemoteCommand.self, PushCommand.self]),
    ])
}
