import ArgumentParser

extension GetCommand {
  /// Takes `get KEY` with options in their plainest form, each once and apart from its value.
  ///
  /// Scripts ask for one field after the other, and the parser takes a sixth of the time of such a
  /// process. Every other form is nil: it is the parser's, with all that it says about mistakes.
  init?(plain arguments: [String]) {
    guard arguments.first == "get" else { return nil }
    var values: [String: String] = [:]
    var flags: Set<String> = []
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      switch argument {
      case "--json", "--quiet", "--no-color":
        flags.insert(argument)
      case "-C", "--at", "--field":
        guard let value = rest.popFirst(), Self.isPlain(value),
          values.updateValue(value, forKey: argument) == nil
        else { return nil }
      default:
        guard Self.isPlain(argument), values.updateValue(argument, forKey: "key") == nil
        else { return nil }
      }
    }
    guard let key = values["key"] else { return nil }
    self.init()
    self.key = key
    at = values["--at"]
    field = values["--field"]
    options = GlobalOptions(
      directory: values["-C"] ?? ".", json: flags.contains("--json"),
      quiet: flags.contains("--quiet"), noColor: flags.contains("--no-color"))
  }

  private static func isPlain(_ value: String) -> Bool { !value.isEmpty && !value.hasPrefix("-") }
}

extension GlobalOptions {
  fileprivate init(directory: String, json: Bool, quiet: Bool, noColor: Bool) {
    self.init()
    self.directory = directory
    branch = nil
    lockTimeout = nil
    settings = []
    self.json = json
    self.quiet = quiet
    self.noColor = noColor
  }
}
