public import Configuration
import Git
import Glibc
import LosslessJSON
import Synchronization

/// Settings in layers: the command line's come before the environment's, and those before the
/// repository's.
///
/// | setting | meaning |
/// | --- | --- |
/// | `backend` | which backend keeps the state: `git`, or another name that is registered |
/// | `timeout` | how many seconds a caller waits for an answer |
/// | `eventBufferSize` | how many events are kept for a slow listener |
/// | `<backend>.<name>` | a setting of one backend; see ``StateManagerFactory`` |
///
/// In the environment a setting is written with underscores after `GITSTATE_`:
/// `GITSTATE_GIT_LOCK_TIMEOUT=30` is `git.lockTimeout`. In the repository it is a member of
/// `.gitstate.json` in the deployments folder, as HEAD has that file:
/// `{"format": 1, "git": {"lockTimeout": 30}}`. A relative path is from ``directory``; in that file,
/// which is the same for everybody, it is from the repository's root.
public struct StateConfiguration: Sendable {
  /// The folder from which relative paths and the search for a repository begin.
  public let directory: String
  /// The settings, for whoever wants to read more of them than this library does.
  public let reader: ConfigReader
  private let asked: AskedSettings
  private let arguments: [String]
  private let repository: RepositoryLayer?

  /// Takes settings from a reader that the program has made.
  ///
  /// - Parameters:
  ///   - reader: The settings; scope it to where this library's begin.
  ///   - directory: The folder from which relative paths begin.
  public init(reader: ConfigReader, directory: String = ".") {
    self.reader = reader
    self.directory = directory
    asked = AskedSettings()
    arguments = []
    repository = nil
  }

  /// Reads the three layers.
  ///
  /// It may block: the repository's layer is read from git.
  ///
  /// - Parameters:
  ///   - arguments: The command line's settings, by name.
  ///   - environment: The environment; nil is this process's.
  ///   - directory: The folder from which relative paths and the search for a repository begin.
  /// - Throws: `BACKEND_UNAVAILABLE` where the repository's settings are there and cannot be read.
  public init(
    arguments: [String: String], environment: [String: String]? = nil, directory: String = "."
  ) throws(StateError) {
    self.directory = directory
    self.arguments = arguments.keys.sorted()
    let asked = AskedSettings()
    self.asked = asked
    var upper: [any ConfigProvider] = [Self.provider("command line", arguments)]
    let variables = environment ?? Self.processEnvironment
    // Each look-up makes a variable's name of the setting's, for nothing where there are none of ours.
    if variables.keys.contains(where: { $0.utf8.starts(with: "GITSTATE_".utf8) }) {
      upper.append(
        EnvironmentVariablesProvider(environmentVariables: variables).prefixKeys(with: "gitstate"))
    }
    let above = ConfigReader(providers: upper)
    let settings = BackendSettings(
      backend: "git", directory: directory, reader: above, repository: nil)
    let (root, file) = try Self.repositorySettings(try GitBackendOptions(settings))
    repository = RepositoryLayer(root: root, above: above)
    reader = ConfigReader(
      providers: upper + [Self.provider("repository", file)], accessReporter: asked)
  }

  /// The backend that is to keep the state.
  public var backend: String { reader.string(forKey: "backend") ?? "git" }

  /// The settings of a backend.
  public func settings(of backend: String) -> BackendSettings {
    BackendSettings(
      backend: backend, directory: directory, reader: reader, repository: repository)
  }

  /// The manager's options with what the settings say.
  ///
  /// - Throws: `INVALID_ARGUMENT` where a setting's value cannot be meant.
  func options(_ given: StateManagerOptions) throws(StateError) -> StateManagerOptions {
    let settings = BackendSettings(
      backend: nil, directory: directory, reader: reader, repository: repository)
    var options = given
    if let timeout = try settings.seconds("timeout") { options.timeout = timeout }
    if let size = try settings.integer("eventBufferSize", in: 1...1_000_000) {
      options.eventBufferSize = size
    }
    return options
  }

  /// Refuses settings on the command line that nobody has asked for: a slip in a name would
  /// otherwise go unseen.
  func refuseUnknownArguments(of backend: String) throws(StateError) {
    let known = asked.names
    guard let unknown = arguments.first(where: { !known.contains($0) }) else { return }
    throw StateError(
      .invalidArgument,
      "with the \(backend) backend there is no setting \(unknown.quoted); there are "
        + known.sorted().joined(separator: ", "))
  }

  private static func provider(_ name: String, _ values: [String: String]) -> InMemoryProvider {
    let pairs = values.map { key, value in
      (AbsoluteConfigKey(ConfigKey(key)), ConfigValue(.string(value), isSecret: false))
    }
    return InMemoryProvider(name: name, values: Dictionary(pairs) { _, last in last })
  }

  private static var processEnvironment: [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let variable = next.pointee {
      // What is no UTF-8 text is none of ours.
      if let text = String(validatingCString: variable), let sign = text.firstIndex(of: "=") {
        variables[String(text[..<sign])] = String(text[text.index(after: sign)...])
      }
      next += 1
    }
    return variables
  }

  /// The settings that HEAD's `.gitstate.json` has, and the repository's root; none where there is no
  /// repository or no file.
  private static func repositorySettings(_ options: GitBackendOptions) throws(StateError)
    -> (root: String, settings: [String: String])
  {
    // Whoever opens the state says what is wrong with a folder that is not there.
    guard let start = FileSystem.resolved(options.directory) else { return (".", [:]) }
    let found: (root: String, document: JSONObject)?
    do throws(StateError) {
      found = try document(options, start)
    } catch {
      // LevelDB still has the state then, and the migration's note says where.
      guard try FoundMigration(from: start) != nil else { throw error }
      found = nil
    }
    guard let found else { return (start, [:]) }
    var settings: [String: String] = [:]
    for (name, value) in found.document { add(value, called: name, to: &settings) }
    return (found.root, settings)
  }

  private static func document(_ options: GitBackendOptions, _ start: String) throws(StateError)
    -> (root: String, document: JSONObject)?
  {
    try convertingGitErrors(
      .backendUnavailable, "the git repository at \(start.escapingUnprintable) cannot be used"
    ) { () throws -> (root: String, document: JSONObject)? in
      guard try Repository.discover(from: start) != nil else { return nil }
      let location = try StateLocation(options)
      let repository = try Repository(opening: location.repository)
      guard let head = try repository.head().target else { return nil }
      let document = try FolderSettings.document(
        repository, tree: try repository.commit(head).tree, folder: location.folder)
      let root = location.workingDirectory ?? location.gitDirectory
      return document.map { (root, $0) }
    }
  }

  private static func add(
    _ value: JSONValue, called name: String, to settings: inout [String: String]
  ) {
    switch value {
    case .object(let object):
      for (member, value) in object { add(value, called: "\(name).\(member)", to: &settings) }
    case .string(let text): settings[name] = text
    // No setting takes an array, so that whoever asks for it refuses this one.
    case .number, .bool, .array: settings[name] = value.text()
    case .null: break
    }
  }
}

/// What the repository's layer is told by: the layers above it do not have the setting.
struct RepositoryLayer: Sendable {
  /// The folder from which that layer's relative paths begin.
  let root: String
  let above: ConfigReader
}

/// Notes which settings were asked for.
private final class AskedSettings: AccessReporter {
  private let asked = Mutex<Set<String>>([])

  var names: Set<String> { asked.withLock { $0 } }

  func report(_ event: AccessEvent) {
    _ = asked.withLock { $0.insert(event.metadata.key.components.joined(separator: ".")) }
  }
}
