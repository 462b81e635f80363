import Foundation
import Subprocess
public import SystemPackage

/// What a program did: its exit status and all that it printed.
public struct ProgramResult: Sendable {
  /// The exit status; 128 and the signal where one ended the program.
  public let status: Int32
  /// Standard output.
  public let output: [UInt8]
  /// Standard error.
  public let errors: String

  /// Standard output as text.
  public var text: String { String(decoding: output, as: UTF8.self) }
  /// Standard output as text, without the newline at its end.
  public var line: String { text.hasSuffix("\n") ? String(text.dropLast()) : text }
}

/// A program ended with another status than the test expects.
public struct ProgramFailure: Error, CustomStringConvertible {
  /// The program and its arguments.
  public let command: [String]
  /// What it did.
  public let result: ProgramResult

  /// Makes a failure.
  public init(command: [String], result: ProgramResult) {
    self.command = command
    self.result = result
  }

  /// The command, its status and all that it printed.
  public var description: String {
    "\(command.joined(separator: " ")): exit \(result.status)\n\(result.text)\(result.errors)"
  }
}

/// The environment of every program that a test starts: nothing of the user's, the clock fixed.
///
/// git's and libgit2's configuration is looked for in `home`, dates of commits are given, messages
/// are English. What a sanitizer was told (`make sanitize`) holds for the programs as well.
public func testEnvironment(home: FilePath) -> [String: String] {
  let sanitizers = ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "SWIFT_BACKTRACE"]
  let told = ProcessInfo.processInfo.environment.filter { sanitizers.contains($0.key) }
  let environment = [
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": home.string,
    "XDG_CONFIG_HOME": home.appending(".config").string,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Deployer", "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "1753441878 +0000",
    "GIT_COMMITTER_NAME": "Ada Deployer", "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "1753441878 +0000",
    "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "TZ": "UTC",
  ]
  return environment.merging(told) { own, _ in own }
}

/// Runs a program to its end and returns all that it printed, whatever its exit status.
///
/// - Parameters:
///   - program: A name that `PATH` has, or a path.
///   - arguments: Its arguments.
///   - folder: Where it runs.
///   - input: Its standard input.
///   - extraEnvironment: Added to ``testEnvironment(home:)``; an empty value removes a variable.
/// - Returns: What it did.
/// - Throws: Where it cannot be started.
public func runProgram(
  _ program: String, _ arguments: [String], in folder: FilePath, input: [UInt8] = [],
  environment extraEnvironment: [String: String] = [:]
) async throws -> ProgramResult {
  var environment = testEnvironment(home: folder.removingLastComponent())
  if let scratch = ScratchDirectory.optionalCurrent {
    environment = testEnvironment(home: scratch.path)
  }
  for (name, value) in extraEnvironment {
    environment[name] = value.isEmpty ? nil : value
  }
  let variables = Dictionary(
    uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })
  let executable: Executable =
    program.contains("/") ? .path(FilePath(program)) : .name(program)
  await ProgramLimit.shared.enter()
  let outcome: Result<ProgramResult, any Error>
  do {
    let record = try await run(
      executable, arguments: Arguments(arguments), environment: .custom(variables),
      workingDirectory: folder, input: .array(input), output: .bytes(limit: 256 << 20),
      error: .bytes(limit: 16 << 20))
    outcome = .success(
      ProgramResult(
        status: record.terminationStatus.shellStatus, output: record.standardOutput,
        errors: String(decoding: record.standardError, as: UTF8.self)))
  } catch {
    outcome = .failure(error)
  }
  await ProgramLimit.shared.leave()
  return try outcome.get()
}

extension TerminationStatus {
  /// The status as a shell has it: 128 and the signal where one ended the program.
  fileprivate var shellStatus: Int32 {
    switch self {
    case .exited(let code): code
    case .signaled(let signal): 128 + signal
    }
  }
}

/// Runs the `git` program, which must succeed, and returns its output without the last newline.
@discardableResult
public func git(
  _ arguments: String..., in folder: FilePath, environment: [String: String] = [:]
) async throws -> String {
  try await git(arguments: arguments, in: folder, environment: environment)
}

/// Runs the `git` program, which must succeed, and returns its output without the last newline.
@discardableResult
public func git(
  arguments: [String], in folder: FilePath, environment: [String: String] = [:]
) async throws -> String {
  let result = try await runProgram("git", arguments, in: folder, environment: environment)
  guard result.status == 0 else {
    throw ProgramFailure(command: ["git"] + arguments, result: result)
  }
  return result.line
}
