import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The program under test: it is built into the folder that the running tests are in, unless the variable
/// `GITSTATE_PROGRAM` names another one, such as a release.
let gitstateProgram: FilePath = {
  if let other = ProcessInfo.processInfo.environment["GITSTATE_PROGRAM"] { return FilePath(other) }
  var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = readlink("/proc/self/exe", &buffer, buffer.count)
  let tests = String(
    decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
  return FilePath(tests).removingLastComponent().appending("gitstate")
}()

/// Runs `gitstate` to its end, whatever its exit status.
func gitstate(
  _ arguments: String..., in folder: FilePath, input: String = "",
  environment: [String: String] = [:]
) async throws -> ProgramResult {
  try await gitstate(arguments, in: folder, input: input, environment: environment)
}

/// Runs `gitstate` to its end, whatever its exit status.
func gitstate(
  _ arguments: [String], in folder: FilePath, input: String = "",
  environment: [String: String] = [:]
) async throws -> ProgramResult {
  try await runProgram(
    gitstateProgram.string, arguments, in: folder, input: Array(input.utf8),
    environment: environment)
}

/// Runs `gitstate`, which must succeed, and returns its output without the last newline.
@discardableResult
func succeed(
  _ arguments: String..., in folder: FilePath, input: String = "",
  environment: [String: String] = [:]
) async throws -> String {
  let result = try await gitstate(arguments, in: folder, input: input, environment: environment)
  guard result.status == 0 else {
    throw ProgramFailure(command: ["gitstate"] + arguments, result: result)
  }
  return result.line
}

/// Runs `gitstate --json`, which must succeed, and returns the document that it prints.
@discardableResult
func json(
  _ arguments: String..., in folder: FilePath, input: String = "",
  environment: [String: String] = [:]
) async throws -> JSONValue {
  let result = try await gitstate(
    arguments + ["--json"], in: folder, input: input, environment: environment)
  guard result.status == 0 else {
    throw ProgramFailure(command: ["gitstate"] + arguments + ["--json"], result: result)
  }
  return try JSONValue(parsing: result.output)
}

/// What a failure says, once with `--json` and once without.
struct Refusal {
  let status: Int32
  let code: String
  let message: String
  let error: JSONObject
  /// The whole document.
  let document: JSONObject
  /// Standard error of the run without `--json`.
  let text: String
}

/// Runs `gitstate`, which must fail alike with and without `--json`: one JSON document or nothing
/// on standard output, the same message on standard error.
func refusal(
  _ arguments: String..., in folder: FilePath, input: String = "",
  environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Refusal {
  let plain = try await gitstate(arguments, in: folder, input: input, environment: environment)
  let result = try await gitstate(
    arguments + ["--json"], in: folder, input: input, environment: environment)
  let document = try #require(
    try JSONValue(parsing: result.output).object, sourceLocation: sourceLocation)
  let error = try #require(
    document["error"]?.object, "\(result.text)", sourceLocation: sourceLocation)
  let refusal = Refusal(
    status: result.status, code: error["code"]?.string ?? "",
    message: error["message"]?.string ?? "",
    error: error, document: document, text: plain.errors)
  #expect(plain.status == result.status, sourceLocation: sourceLocation)
  #expect(plain.text == "", sourceLocation: sourceLocation)
  #expect(result.status != 0, sourceLocation: sourceLocation)
  #expect(!refusal.message.isEmpty, sourceLocation: sourceLocation)
  // A text for people never has what a terminal would act on.
  #expect(
    !plain.errors.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" },
    sourceLocation: sourceLocation)
  return refusal
}

/// Runs `gitstate`, which must fail and leave every file in a folder as it is.
func refusalLeavingAll(
  of root: FilePath, _ arguments: String..., in folder: FilePath? = nil, input: String = "",
  environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Refusal {
  let before = try TreeRecord(root)
  let plain = try await gitstate(
    arguments, in: folder ?? root, input: input, environment: environment)
  let afterFirst = try TreeRecord(root)
  #expect(before.differences(to: afterFirst) == [], sourceLocation: sourceLocation)
  let result = try await gitstate(
    arguments + ["--json"], in: folder ?? root, input: input, environment: environment)
  let document = try #require(
    try JSONValue(parsing: result.output).object, sourceLocation: sourceLocation)
  let error = try #require(
    document["error"]?.object, "\(result.text)", sourceLocation: sourceLocation)
  #expect(plain.status == result.status, sourceLocation: sourceLocation)
  #expect(plain.text == "", sourceLocation: sourceLocation)
  #expect(result.status != 0, sourceLocation: sourceLocation)
  #expect(before.differences(to: try TreeRecord(root)) == [], sourceLocation: sourceLocation)
  return Refusal(
    status: result.status, code: error["code"]?.string ?? "",
    message: error["message"]?.string ?? "",
    error: error, document: document, text: plain.errors)
}
