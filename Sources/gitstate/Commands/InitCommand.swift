import ArgumentParser
import GitState
import LosslessJSON

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a repository ready for state, or make a new one.",
    discussion: """
      Any git repository will do; where there is none, one is made in the present folder. Nothing \
      is committed. --branch keeps the state on a branch of its own, so that it need not follow the \
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
    options.note(
      "Next: gitstate import leveldb PATH, or gitstate put 56-Token --network bscmainnet --address 0x..."
    )
  }
}
