import ArgumentParser
import GitState
import LosslessJSON

struct CloneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clone",
    abstract: "Make a clone of a remote, ready to record and share.",
    discussion: """
      As 'git clone' does; a password or token in the URL is used once and not kept. --branch names \
      the branch that has the state, where that is not the one checked out.
      """)

  @Argument(help: "The remote's URL or path.")
  var url: String

  @Argument(help: "The folder to make. Default: named after the remote.", completion: .directory)
  var folder: String?

  @OptionGroup var remoteArguments: RemoteArguments
  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let (url, branch, talk) = (url, options.branch, remoteArguments.options(options))
    let target = options.inFolder(try folder ?? Self.name(of: url))
    let result = try await GitBackend.onOwnThread { () throws(StateError) in
      try GitBackend.clone(url, into: target, branch: branch, options: talk)
    }
    Output.endProgress()
    options.warn(result.warnings)
    if options.json {
      Output.writeJSON([
        "directory": .string(result.directory), "url": .string(result.url),
        "branch": .string(result.branch), "commit": result.commit.map { .string($0) } ?? .null,
      ])
      return
    }
    Output.line(
      "Cloned \(result.url.escapingUnprintable) into \(result.directory.escapingUnprintable): "
        + (result.commit.map { "\(result.branch.escapingUnprintable) at \($0.prefix(7))" }
          ?? "it is empty"))
  }

  /// The last part of a URL, without `.git`.
  private static func name(of url: String) throws(StateError) -> String {
    let parts = url.split(whereSeparator: { $0 == "/" || $0 == ":" }).map(String.init)
    var name = parts.last ?? ""
    if name.hasSuffix(".git") { name = String(name.dropLast(4)) }
    guard !name.isEmpty, name != ".", name != ".." else {
      throw StateError(
        .invalidArgument, "name the folder to make: \(url.escapingUnprintable) gives none")
    }
    return name
  }
}
