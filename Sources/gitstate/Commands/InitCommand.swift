import ArgumentParser
import GitState
import Glibc
import LosslessJSON

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a repository ready for state, or make a new one.",
    discussion: """
      Any git repository will do; where there is none, one is made in the present folder. Nothing \
      is committed. git is told to merge and compare the files of the state by contract: the drivers \
      are set in this repository's configuration and named in .gitattributes, which the team shares \
      once you commit it; each clone runs 'gitstate init' once. --branch keeps the state on a branch of its own, so that it need not follow the \
      branches of the code; --deployments names another folder than deployments/. Both are kept in \
      this repository's git configuration.
      """)

  @Option(
    help: ArgumentHelp(
      "The folder for the state, from the repository's root.", valueName: "folder"),
    completion: .directory)
  var deployments: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let setup = try GitBackend.prepare(
      options.directory, branch: options.branch, deployments: deployments)
    let drivers = try GitBackend.installDrivers(options.directory, program: try Self.program())
    if options.json {
      Output.writeJSON([
        "repository": .string(setup.repository), "created": .bool(setup.isCreated),
        "branch": setup.branch.map { .string($0) } ?? .null,
        "deployments": .string(setup.deployments),
      ])
      return
    }
    let made = setup.isCreated ? "Made a git repository" : "Ready"
    let branch = setup.branch ?? "the branch that is checked out"
    Output.line(
      "\(made): \(setup.repository.escapingUnprintable) (state in \(setup.deployments)/ on \(branch))"
    )
    if drivers.isAdded, drivers.isShared {
      options.note(
        "Merges and diffs are by contract now; for the whole team: git add .gitattributes")
    }
    options.note(
      "Next: gitstate import leveldb PATH, or gitstate put 56-Token --network bscmainnet --address 0x..."
    )
  }

  /// This program as a shell calls it: by its name where the path leads to it, or else by its path.
  private static func program() throws(StateError) -> String {
    let name = "gitstate"
    guard let own = resolved("/proc/self/exe") else {
      throw StateError(.backendUnavailable, "the program's own path could not be read; try again")
    }
    let folders = getenv("PATH").map { String(cString: $0) }?.split(separator: ":") ?? []
    for folder in folders where access("\(folder)/\(name)", X_OK) == 0 {
      if resolved("\(folder)/\(name)") == own { return name }
      break
    }
    return "'" + own.replacing("'", with: "'\\''") + "'"
  }

  private static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }
}
