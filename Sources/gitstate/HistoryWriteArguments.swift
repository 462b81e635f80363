import ArgumentParser

/// The options of writes that take their changes from the history.
struct HistoryWriteArguments: ParsableArguments {
  @Flag(help: "Show what would change, and write nothing.")
  var dryRun = false

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?
}

/// The option that settles conflicts.
struct ResolveArguments: ParsableArguments {
  @Option(help: "Settle conflicts: ours, theirs, KEY=ours or KEY=theirs. Repeat it for more.")
  var resolve: [String] = []
}
