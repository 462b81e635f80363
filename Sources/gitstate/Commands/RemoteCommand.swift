import ArgumentParser
import GitState
import LosslessJSON

struct RemoteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remote",
    abstract: "Name the repositories that the state is shared with.",
    subcommands: [RemoteAddCommand.self, RemoteRemoveCommand.self, RemoteListCommand.self],
    defaultSubcommand: RemoteListCommand.self)
}

struct RemoteAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a remote.",
    discussion: """
      A password or token in the URL is left out, as git would keep it readable. For https, put it \
      into GITSTATE_TOKEN or let git's credential helpers keep it; for ssh, keys and the agent are \
      used as ssh does.
      """)

  @Argument(help: "Its name, such as origin.")
  var name: String

  @Argument(help: "Its URL or path.")
  var url: String

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (name, url) = (name, url)
    let (remote, warnings) = try await options.openState().withGit(named: "remote add") {
      git throws(StateError) in
      try git.addRemote(name, url: url)
    }
    options.warn(warnings)
    if options.json {
      Output.writeJSON(["name": .string(remote.name), "url": .string(remote.url)])
    } else {
      Output.line(
        "Added \(remote.name.escapingUnprintable): \(remote.url.escapingUnprintable)")
    }
  }
}

struct RemoteRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a remote and what is known of its branches.")

  @Argument(help: "Its name.")
  var name: String

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let name = name
    try await options.openState().withGit(named: "remote remove") { git throws(StateError) in
      try git.removeRemote(name)
    }
    if options.json {
      Output.writeJSON(["name": .string(name)])
    } else {
      Output.line("Removed \(name.escapingUnprintable)")
    }
  }
}

struct RemoteListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the remotes.")

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let remotes = try await options.openState().withGit(named: "remote list") {
      git throws(StateError) in
      try git.remotes()
    }
    if options.json {
      Output.writeJSON(
        .array(remotes.map { ["name": .string($0.name), "url": .string($0.url)] }))
      return
    }
    let width = remotes.map(\.name.count).max() ?? 0
    for remote in remotes {
      Output.line(
        "\(remote.name.escapingUnprintable.padded(to: width))  \(remote.url.escapingUnprintable)")
    }
  }
}
