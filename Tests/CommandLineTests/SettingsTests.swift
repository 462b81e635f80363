import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Settings from the command line, the environment and the repository, and what the program tells of
/// itself.
@Suite(.scratchDirectory) struct SettingsTests {
  @Test func theBackendIsChosenInThreePlaces() async throws {
    let project = try await sampleRepository()
    try await succeed("export", "--format", "leveldb", "--to", "old", in: project)
    let count = try await json("list", in: project).array?.count
    try await succeed("delete", "56-Token", in: project)
    let chosen = ["-c", "backend=leveldb", "-c", "leveldb.path=old"]
    let result = try await gitstate(chosen + ["list", "--json"], in: project)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try JSONValue(parsing: result.output).array?.count == count)
    let environment = ["GITSTATE_BACKEND": "leveldb", "GITSTATE_LEVELDB_PATH": "old"]
    #expect(
      try await json("list", in: project, environment: environment).array?.count == count)
    let elsewhere = try await gitstate(
      ["-C", project.string, "get", "56-Token"], in: scratch, environment: environment)
    #expect(elsewhere.status == 0, "\(elsewhere.errors)")
    // The command line comes first.
    let git = try await gitstate(
      ["get", "56-Token", "-c", "backend=git"], in: project, environment: environment)
    #expect(git.status == 3)
    let history = try await refusal("log", in: project, environment: environment)
    #expect(history.status == 64)
    #expect(history.message.contains("leveldb"))
  }

  @Test func slipsInSettingsAreRefused() async throws {
    let project = try await sampleRepository()
    for (arguments, words) in [
      (["-c", "git.branh=x"], "git.branch"), (["-c", "backend=redis"], "redis"),
      (["-c", "timeout=soon"], "soon"), (["-c", "backend=leveldb"], "leveldb.path"),
      (["-c", "backend"], "name=value"), (["--lock-timeout", "-1"], "lock-timeout"),
    ] {
      let result = try await gitstate(["list"] + arguments, in: project)
      #expect(result.status == 64, "\(arguments)")
      #expect(result.errors.contains(words), "\(result.errors)")
      #expect(result.text == "")
    }
  }

  @Test func healthNamesWhatIsBroken() async throws {
    let project = try await sampleRepository()
    let sound = try await json("health", in: project)
    #expect(sound.object?["isHealthy"] == true)
    #expect(sound.object?["backend"] == "git")
    #expect(sound.object?["problems"] == [])
    #expect(try await succeed("health", in: project).hasPrefix("healthy (git backend, "))
    try await commit(["deployments/bad.json": "{\"half"], in: project)
    let broken = try await gitstate("health", "--json", in: project)
    #expect(broken.status == 4)
    let problems = try JSONValue(parsing: broken.output).object?["problems"]?.array
    #expect(problems?.count == 1)
    #expect(problems?.first?.string?.contains("deployments/bad.json") == true)
  }

  @Test func whatCannotBeOpenedIsNotHealthy() async throws {
    let project = try await sampleRepository()
    try makeFolders(scratch.appending("elsewhere"))
    for (folder, arguments, backend) in [
      (scratch.appending("elsewhere"), [], "git"),
      (project, ["-c", "backend=leveldb", "-c", "leveldb.path=none"], "leveldb"),
    ] {
      let result = try await gitstate(["health", "--json"] + arguments, in: folder)
      #expect(result.status == 4, "\(result.text)")
      let report = try JSONValue(parsing: result.output).object
      #expect(report?["isHealthy"] == false)
      #expect(report?["backend"]?.string == backend)
      #expect(report?["problems"]?.array?.count == 1)
    }
    let slip = try await gitstate(["health", "-c", "backend=redis"], in: project)
    #expect(slip.status == 64)
  }

  @Test func pathsOfTheRepositoryAreTheSameEverywhere() async throws {
    let project = try await sampleRepository()
    try await succeed("export", "--format", "leveldb", "--to", "old", in: project)
    try await commit(
      [
        "deployments/.gitstate.json":
          "{\"format\": 1, \"backend\": \"leveldb\", \"leveldb\": {\"path\": \"old\"}}",
        "contracts/Token.sol": "",
      ], in: project)
    let folder = project.appending("contracts")
    #expect(try await succeed("get", "56-Token", in: folder) != "")
    // What a user types is from where the user stands.
    let typed = try await gitstate(
      ["get", "56-Token", "-c", "leveldb.path=../old"], in: folder)
    #expect(typed.status == 0, "\(typed.errors)")
    let wrong = try await gitstate(["get", "56-Token", "-c", "leveldb.path=old"], in: folder)
    #expect(wrong.status == 1)
  }

  @Test func metricsCountAReadOfEachContract() async throws {
    let project = try await sampleRepository()
    let count = try await json("list", in: project).array?.count ?? 0
    let metrics = try await json("metrics", in: project)
    #expect(
      metrics.object?.map(\.key)
        == ["backend", "reads", "writes", "queries", "errorRate", "cacheHitRate", "cache"])
    #expect(metrics.object?["reads"]?.object?["count"] == .number(JSONNumber(count)))
    #expect(metrics.object?["queries"]?.object?["count"] == 1)
    #expect(metrics.object?["errorRate"] == .number(JSONNumber("0.0") ?? 1))
    #expect(try await succeed("metrics", in: project).contains("contracts on "))
  }

  @Test func debuggingLogsEachOperationAndNoValue() async throws {
    let project = try await sampleRepository()
    let debugging = ["DEBUG_DEPLOYMENT": "true"]
    let put = try await gitstate(
      [
        "put", "56-Token", "--address", address("7"), "--arg", "a-secret-argument",
        "-m", "a-secret-reason",
      ], in: project, environment: debugging)
    #expect(put.status == 0)
    let line = put.errors.split(separator: "\n").first { $0.contains("debug") } ?? ""
    for part in ["put", "key=56-Token", "backend=git", "outcome=ok", "ms="] {
      #expect(line.contains(part), "\(put.errors)")
    }
    #expect(!line.contains("secret") && !line.contains(address("7")))
    let failed = try await gitstate(
      ["put", "56-Token", "--address", "0x12"], in: project, environment: debugging)
    #expect(failed.errors.contains("outcome=VALIDATION_FAILED"))
    let quiet = try await gitstate(
      ["get", "56-Token"], in: project, environment: ["DEBUG_DEPLOYMENT": "false"])
    #expect(quiet.errors == "")
  }

  @Test func debuggingLogsWhatGitAloneCanDo() async throws {
    let project = try await sampleRepository()
    try await succeed("export", "--format", "leveldb", "--to", "old", in: project)
    try await succeed("put", "56-Token", "--address", address("7"), in: project)
    try await git("init", "-q", "--bare", "backup.git", in: project)
    for (arguments, words) in [
      (["revert", "HEAD"], "revert"), (["restore", "56-Token", "--from", "HEAD~1"], "restore"),
      (["rollback", "HEAD~1"], "rollback"), (["log"], "log"), (["show"], "show"),
      (["diff", "HEAD~1"], "diff"), (["import", "leveldb", "old"], "import"),
      (["remote", "add", "origin", "backup.git"], "remote add"), (["push"], "push"),
    ] {
      let result = try await gitstate(
        arguments, in: project, environment: ["DEBUG_DEPLOYMENT": "true"])
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("] \(words)\n"), "\(result.errors)")
      #expect(result.errors.contains("backend=git"))
    }
  }
}
