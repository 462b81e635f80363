import Dispatch

/// Makes managers of backends that are known by a name.
///
/// ```swift
/// var factory = StateManagerFactory()
/// try factory.register("redis") { settings throws(StateError) in
///   try RedisBackend(url: settings.required("url"))
/// }
/// let state = try await factory.manager()  // what GITSTATE_BACKEND or the repository says
/// ```
///
/// | backend | its settings |
/// | --- | --- |
/// | `git` | `directory`, `branch`, `deployments`, `durability` (`full` or `none`), `lockTimeout` and `staleness` in seconds, `cacheSize` in bytes, `warmsCache` |
/// | `leveldb` | `path`, `createsIfMissing`, `durability` |
/// | `memory` | none |
public struct StateManagerFactory: Sendable {
  /// Makes a backend of its settings; it may block.
  public typealias Maker =
    @Sendable (BackendSettings) throws(StateError) -> any StateBackend

  private var makers: [String: Maker]

  /// Makes a factory that knows `git`, `leveldb` and `memory`.
  ///
  /// - Parameter notice: Told what a migration's user should know besides answers, as
  ///   ``MigrationOptions/notice``.
  public init(notice: (@Sendable (String) -> Void)? = nil) {
    makers = [
      // A migration that is under way on the clone is part of its state.
      "git": { settings throws(StateError) in
        try MigrationBackend(GitBackendOptions(settings), options: MigrationOptions(notice: notice))
      },
      "leveldb": { settings throws(StateError) in try LevelDBBackend(settings) },
      "memory": { _ in InMemoryBackend() },
    ]
  }

  /// The names of the backends that it knows, in alphabetical order.
  public var names: [String] { makers.keys.sorted() }

  /// Makes a backend known.
  ///
  /// - Parameters:
  ///   - name: The backend's name: small letters, digits and hyphens, a letter first.
  ///   - make: Makes the backend of the settings below its name.
  /// - Throws: `INVALID_ARGUMENT` where the name is taken or cannot be one.
  public mutating func register(_ name: String, _ make: @escaping Maker) throws(StateError) {
    let isName =
      name.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
      && name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
      }
    guard isName else {
      throw StateError(
        .invalidArgument,
        "\(name.quoted) cannot be a backend's name: use small letters, digits and hyphens")
    }
    guard makers[name] == nil else {
      throw StateError(.invalidArgument, "there is a backend called \(name.quoted) already")
    }
    makers[name] = make
  }

  /// Makes a backend.
  ///
  /// - Parameters:
  ///   - name: The backend's name.
  ///   - configuration: Where its settings are.
  /// - Returns: The backend.
  /// - Throws: `INVALID_ARGUMENT` where there is no such backend, or a setting's value cannot be meant;
  ///   else what the backend throws.
  public func backend(_ name: String, _ configuration: StateConfiguration) throws(StateError)
    -> any StateBackend
  {
    guard let make = makers[name] else {
      throw StateError(
        .invalidArgument,
        "there is no backend called \(name.quoted); there are \(names.joined(separator: ", "))")
    }
    return try make(configuration.settings(of: name))
  }

  /// Makes a manager of the backend that the settings name, `git` where they name none.
  ///
  /// - Parameters:
  ///   - configuration: The settings.
  ///   - options: What the settings do not say.
  /// - Returns: The manager.
  /// - Throws: As ``backend(_:_:)``.
  public func manager(
    _ configuration: StateConfiguration, options: StateManagerOptions = StateManagerOptions()
  ) async throws(StateError) -> StateManager {
    let (backend, options) = try await onOwnThread {
      () throws(StateError) -> (any StateBackend, StateManagerOptions) in
      let options = try configuration.options(options)
      let name = configuration.backend
      let backend = try self.backend(name, configuration)
      do throws(StateError) {
        try configuration.refuseUnknownArguments(of: name)
      } catch {
        backend.close()
        throw error
      }
      return (backend, options)
    }
    return StateManager(backend: backend, options: options)
  }

  /// Makes a manager of what the command line, the environment and the repository say.
  ///
  /// - Parameters:
  ///   - arguments: The command line's settings, by name.
  ///   - environment: The environment; nil is this process's.
  ///   - directory: The folder from which relative paths and the search for a repository begin.
  ///   - options: What the settings do not say.
  /// - Returns: The manager.
  /// - Throws: As ``manager(_:options:)`` and ``StateConfiguration/init(arguments:environment:directory:)``.
  public func manager(
    arguments: [String: String] = [:], environment: [String: String]? = nil,
    directory: String = ".", options: StateManagerOptions = StateManagerOptions()
  ) async throws(StateError) -> StateManager {
    let configuration = try await onOwnThread { () throws(StateError) in
      try StateConfiguration(
        arguments: arguments, environment: environment, directory: directory)
    }
    return try await manager(configuration, options: options)
  }
}

extension GitBackendOptions {
  /// Reads the settings of the git backend; what no layer has stays at its default.
  ///
  /// - Throws: `INVALID_ARGUMENT` where a value cannot be meant.
  public init(_ settings: BackendSettings) throws(StateError) {
    self.init(directory: settings.path("directory") ?? settings.directory)
    branch = settings.string("branch")
    deployments = settings.string("deployments")
    if let durability = try settings.choice("durability", of: Durability.self) {
      self.durability = durability
    }
    if let time = try settings.seconds("lockTimeout") { lockTimeout = time }
    if let time = try settings.seconds("staleness") { staleness = time }
    if let size = try settings.integer("cacheSize", in: 0...Int.max) { cacheSize = size }
    if let warms = try settings.bool("warmsCache") { warmsCache = warms }
  }
}

extension LevelDBBackend {
  /// Opens the folder that settings name.
  ///
  /// - Throws: `INVALID_ARGUMENT` where they name none, or a value cannot be meant; else as
  ///   ``init(path:createsIfMissing:isDurable:)``.
  public convenience init(_ settings: BackendSettings) throws(StateError) {
    _ = try settings.required("path")
    try self.init(
      path: settings.path("path") ?? "",
      createsIfMissing: settings.bool("createsIfMissing") ?? false,
      isDurable: settings.choice("durability", of: GitBackendOptions.Durability.self)
        != GitBackendOptions.Durability.none)
  }
}

/// Runs a body that may block on a thread of its own: Swift's shared threads are few.
func onOwnThread<Value: Sendable>(
  _ body: @escaping @Sendable () throws(StateError) -> Value
) async throws(StateError) -> Value {
  let result = await withCheckedContinuation { continuation in
    DispatchQueue(label: "gitstate.open").async {
      continuation.resume(returning: Result { () throws(StateError) in try body() })
    }
  }
  return try result.get()
}
