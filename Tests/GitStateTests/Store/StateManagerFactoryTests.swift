import Configuration
import GitState
import GitStateTesting
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// A backend of a program's own, as ``StateManagerFactory`` makes it.
private final class PluginBackend: StateBackend {
  let memory = InMemoryBackend()
  let greeting: String

  init(_ settings: BackendSettings) throws(StateError) {
    greeting = try settings.required("greeting")
  }

  var type: String { "plugin" }
  func contract(_ key: ContractKey) -> Contract? { memory.contract(key) }
  func contracts(matching query: ContractQuery) throws(StateError) -> [Contract] {
    try memory.contracts(matching: query)
  }
  func apply(_ operations: [Operation]) -> [Result<WriteResult, StateError>] {
    memory.apply(operations)
  }
  func verify() -> VerificationReport { memory.verify() }
}

/// Managers by name and by layered configuration.
@Suite(.scratchDirectory) struct StateManagerFactoryTests {
  private var path: FilePath { ScratchDirectory.current.path.appending("state") }

  /// Opens a state with nothing in the environment but what is given.
  private func open(
    _ arguments: [String: String] = [:], environment: [String: String] = [:],
    factory: StateManagerFactory = StateManagerFactory()
  ) async throws -> StateManager {
    try await factory.manager(
      arguments: arguments, environment: environment, directory: path.string)
  }

  private func refusal(
    _ arguments: [String: String] = [:], environment: [String: String] = [:],
    factory: StateManagerFactory = StateManagerFactory()
  ) async -> StateError? {
    do {
      _ = try await open(arguments, environment: environment, factory: factory)
      return nil
    } catch {
      return error as? StateError
    }
  }

  private func commitSettings(_ json: String) async throws {
    try makeFolders(path.appending("deployments"))
    try writeFile(path.appending("deployments/.gitstate.json"), json)
    try await git("add", "-A", in: path)
    try await git("commit", "-qm", "settings", in: path)
  }

  @Test func theCommandLineComesBeforeTheEnvironmentAndThatBeforeTheRepository() async throws {
    _ = try await GitFixture.options(at: path.string)
    #expect(try await open().backendType == "git")
    try await commitSettings(#"{"format": 1, "backend": "memory", "timeout": 7}"#)
    let repository = try await open()
    #expect(repository.backendType == "memory")
    #expect(repository.options.timeout == .seconds(7))
    let environment = ["GITSTATE_BACKEND": "git", "GITSTATE_TIMEOUT": "0.5"]
    let environmentState = try await open(environment: environment)
    #expect(environmentState.backendType == "git")
    #expect(environmentState.options.timeout == .milliseconds(500))
    let arguments = try await open(
      ["backend": "memory", "eventBufferSize": "5"], environment: environment)
    #expect(arguments.backendType == "memory")
    #expect(arguments.options.timeout == .milliseconds(500))
    #expect(arguments.options.eventBufferSize == 5)
  }

  @Test func settingsReachTheGitBackend() async throws {
    _ = try await GitFixture.options(at: path.string)
    try await commitSettings(#"{"format": 1, "git": {"deployments": "state"}}"#)
    let state = try await open(
      ["git.branch": "live"], environment: ["GITSTATE_GIT_DURABILITY": "none"])
    try await state.put(sampleContract())
    #expect(
      try await git("ls-tree", "-r", "--name-only", "live", in: path) == "state/bscmainnet.json")
    await state.close()
  }

  @Test func levelDBNeedsItsPathAndTakesItFromTheFolder() async throws {
    try makeFolders(path)
    let missing = await refusal(["backend": "leveldb"])
    #expect(missing?.code == .invalidArgument)
    #expect(missing?.message.contains("GITSTATE_LEVELDB_PATH") == true)
    let state = try await open(
      ["backend": "leveldb", "leveldb.path": "old", "leveldb.createsIfMissing": "yes"])
    try await state.put(sampleContract())
    #expect(try await state.contract(sampleContract().key) == sampleContract())
    await state.close()
    let copy = try LevelDBRecords(copying: path.appending("old").string)
    #expect(copy.contracts == [sampleContract()])
  }

  @Test(arguments: [
    ("git.lockTimeout", "abc", "a number of seconds"), ("git.lockTimeout", "-1", "seconds"),
    ("git.cacheSize", "1.5", "a whole number"), ("git.warmsCache", "maybe", "true or false"),
    ("git.durability", "some", "full or none"), ("timeout", "nan", "seconds"),
    ("eventBufferSize", "0", "from 1"),
  ])
  func aValueThatCannotBeMeantIsRefused(name: String, value: String, words: String) async throws {
    _ = try await GitFixture.options(at: path.string)
    let error = await refusal([name: value])
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains(name) == true)
    #expect(error?.message.contains("\"\(value)\"") == true)
    #expect(error?.message.contains(words) == true)
  }

  @Test func aSlipInANameIsRefused() async throws {
    _ = try await GitFixture.options(at: path.string)
    let slip = await refusal(["git.lockTimout": "5"])
    #expect(slip?.code == .invalidArgument)
    #expect(slip?.message.contains("git.lockTimeout,") == true)
    let foreign = await refusal(["backend": "memory", "git.lockTimeout": "5"])
    #expect(foreign?.message.contains("memory") == true)
    let unknown = await refusal(["backend": "redis"])
    #expect(unknown?.message.contains("git, leveldb, memory") == true)
  }

  @Test func settingsThatCannotBeReadAreNoDefaults() async throws {
    _ = try await GitFixture.options(at: path.string)
    try await commitSettings(#"{"format": 1, "#)
    #expect(await refusal()?.code == .backendUnavailable)
    try await commitSettings(#"{"format": 2, "backend": "memory"}"#)
    let error = await refusal()
    #expect(error?.code == .backendUnavailable)
    #expect(error?.message.contains("deployments/.gitstate.json") == true)
  }

  @Test func aProgramsOwnBackendAndReaderServe() async throws {
    try makeFolders(path)
    var factory = StateManagerFactory()
    try factory.register("plugin") { settings throws(StateError) in
      try PluginBackend(settings)
    }
    #expect(factory.names == ["git", "leveldb", "memory", "plugin"])
    let missing = await refusal(["backend": "plugin"], factory: factory)
    #expect(missing?.message.contains("plugin.greeting") == true)
    let state = try await open(
      ["backend": "plugin", "plugin.greeting": "hello"], factory: factory)
    #expect((state.backend as? PluginBackend)?.greeting == "hello")
    // Typed values of a program's own layers count as well.
    let reader = ConfigReader(
      provider: InMemoryProvider(values: [
        "backend": "plugin", "plugin.greeting": ConfigValue(.int(5), isSecret: false),
        "timeout": ConfigValue(.double(1.5), isSecret: false),
      ]))
    let typed = try await factory.manager(
      StateConfiguration(reader: reader, directory: path.string))
    #expect((typed.backend as? PluginBackend)?.greeting == "5")
    #expect(typed.options.timeout == .milliseconds(1500))
  }

  @Test(arguments: ["", "Git", "1st", "a b", "a.b", "git"])
  func aNameMustBeFreeAndPlain(name: String) {
    var factory = StateManagerFactory()
    let error = #expect(throws: StateError.self) {
      try factory.register(name) { _ in InMemoryBackend() }
    }
    #expect(error?.code == .invalidArgument)
    #expect(factory.names == ["git", "leveldb", "memory"])
  }

  @Test func aBackendFromOutsideTheLibraryConforms() throws {
    for check in BackendConformance.Check.allCases {
      try BackendConformance {
        try PluginBackend(
          StateConfiguration(
            reader: ConfigReader(
              provider: InMemoryProvider(values: ["plugin.greeting": "hello"]))
          ).settings(of: "plugin"))
      }.run(check)
    }
  }
}

/// A well-formed record.
private func sampleContract() -> Contract {
  Contract(
    name: "Token", chainID: 56, networkName: "bscmainnet",
    address: "0x1111111111111111111111111111111111111111", timestamp: 1)
}
