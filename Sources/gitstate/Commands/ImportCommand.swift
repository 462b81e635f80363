import ArgumentParser
import GitState

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Take records over from another store.",
    subcommands: [ImportLevelDBCommand.self, ImportJSONCommand.self])
}

struct ImportLevelDBCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leveldb",
    abstract: "Take over a LevelDB folder, as the JavaScript package 'level' writes it.",
    discussion: """
      A copy is read: the folder itself stays byte for byte as it is. Records that are not there \
      yet are added; where another record is there, that one is kept and the difference reported, \
      unless --overwrite is given. Pairs that are no contract's record stop the import before \
      anything is written, unless --skip-invalid is given. Records that are only odd, such as a \
      malformed address, are imported and reported.
      """)

  @Argument(help: "The LevelDB folder.", completion: .directory)
  var path: String

  @Flag(help: "Show what would be imported, and write nothing.")
  var dryRun = false

  @Flag(help: "Replace records that are there by those of the source.")
  var overwrite = false

  @Flag(help: "Make one commit for each record, dated when the contract was deployed.")
  var history = false

  @Flag(help: "Leave out pairs that are no contract's record, and import the rest.")
  var skipInvalid = false

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    var settings = RecordImporter.Options()
    settings.overwrites = overwrite
    settings.keepsHistory = history
    settings.skipsInvalid = skipInvalid
    settings.isDryRun = dryRun
    settings.reason = reason
    let (path, settingsNow, isQuiet) = (path, settings, options.quiet)
    let source = options.inFolder(path)
    let report = try await state.withBackend(named: "import") { backend throws(StateError) in
      defer { if !isQuiet { Output.endProgress() } }
      let records = try LevelDBRecords(copying: source) { count in
        if !isQuiet { Output.progress("reading: \(count) records") }
      }
      return try RecordImporter(into: backend, options: settingsNow).run(records, source: path) {
        if !isQuiet { Output.progress("importing: \($0.done) of \($0.total) records") }
      }
    }
    ImportReportText(report: report, options: options, isDryRun: dryRun).print()
  }
}

struct ImportJSONCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "json",
    abstract: "Take over an export document, an array of records, or one record.",
    discussion: "Like 'import leveldb', adds what is missing; --overwrite replaces what differs.")

  @Argument(help: "The file, or - for standard input.", completion: .file())
  var file: String

  @Flag(help: "Show what would be imported, and write nothing.")
  var dryRun = false

  @Flag(help: "Replace records that are there by those of the file.")
  var overwrite = false

  @Option(name: [.customShort("m"), .customLong("reason")], help: "Why, for the commit.")
  var reason: String?

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    let state = try await options.openState()
    let contracts = try options.records(in: file, orNothingIs: "imported")
    var settings = RecordImporter.Options()
    settings.overwrites = overwrite
    settings.isDryRun = dryRun
    settings.reason = reason
    let (file, settingsNow) = (file, settings)
    let report = try await state.withBackend(named: "import") { backend throws(StateError) in
      try RecordImporter(into: backend, options: settingsNow).run(contracts, source: file)
    }
    ImportReportText(report: report, options: options, isDryRun: dryRun).print()
  }
}

extension GlobalOptions {
  /// A path as the user means it: from the folder that `-C` names.
  func inFolder(_ path: String) -> String {
    path.hasPrefix("/") || directory == "." ? path : "\(directory)/\(path)"
  }
}
