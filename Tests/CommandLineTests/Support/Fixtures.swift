import Foundation
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// The folder of the test that runs.
var scratch: FilePath { ScratchDirectory.current.path }

/// Addresses and hashes that tests put, `0x1111...` and so on.
func address(_ digit: Character) -> String { "0x" + String(repeating: digit, count: 40) }
func hash(_ digit: Character) -> String { "0x" + String(repeating: digit, count: 64) }

/// The time that records of tests have, unless they say otherwise.
let time = "1753441878006"

/// Makes a repository with the git program, on the branch `main`, without a commit.
func newRepository(_ name: String = "project") async throws -> FilePath {
  let path = try makeFolder(scratch.appending(name))
  try await git("init", "--quiet", "--initial-branch=main", in: path)
  return path
}

/// Makes all folders of loose objects, so that each of some like puts gives as many names.
///
/// An object whose folder is missing is renamed twice, and which folders are missing is up to the hashes.
func makeObjectFolders(in repository: FilePath) throws {
  for number in 0...255 {
    let name = String(number + 256, radix: 16).dropFirst()
    try makeFolders(repository.appending(".git/objects").appending(String(name)))
  }
}

/// Kills a command as it is to give the index of its commit its name: the branch has moved, and the
/// index is a lock.
func cutOffBeforeIndex(_ arguments: [String], in repository: FilePath) async throws {
  let lock = repository.appending(".git/index.lock")
  let result = try await runProgram(
    "strace",
    [
      "-f", "-qq", "-o", "/dev/null", "-P", lock.string, "-e", "trace=rename", "-e",
      "inject=rename:signal=KILL", gitstateProgram.string,
    ] + arguments, in: repository, environment: reportingTroubleItself)
  guard result.status != 0, exists(lock) else {
    throw TestFailure("\(arguments) was not cut off: \(result.text)\(result.errors)")
  }
}

/// Makes a repository with files committed.
func repository(_ files: [String: String], _ name: String = "project") async throws -> FilePath {
  let path = try await newRepository(name)
  try await commit(files, in: path)
  return path
}

/// Writes files and commits them with the git program.
func commit(_ files: [String: String], in repository: FilePath, message: String = "Add files")
  async throws
{
  for (name, content) in files {
    let file = repository.appending(name)
    try FileManager.default.createDirectory(
      atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
    try writeFile(file, content)
  }
  try await git(arguments: ["add", "--force", "--"] + files.keys.sorted(), in: repository)
  try await git("commit", "--quiet", "-m", message, in: repository)
}

/// Two networks' files, as a team has them.
let bscmainnet = """
  {
    "network": "bscmainnet",
    "chainId": 56,
    "lastDeployed": "2025-07-25T11:11:18.006Z",
    "contracts": {
      "Oracle": {
        "proxy": "0x3333333333333333333333333333333333333333",
        "implementation": "0x4444444444444444444444444444444444444444"
      },
      "Token": {
        "proxy": "0x1111111111111111111111111111111111111111",
        "implementation": "0x2222222222222222222222222222222222222222"
      }
    },
    "implementationHashes": {
      "Token": "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    },
    "infrastructureContracts": ["Oracle"]
  }

  """
let basesepolia = """
  {
    "network": "basesepolia",
    "chainId": 84532,
    "timestamp": "2025-07-26T00:00:00Z",
    "contracts": {
      "Token": "0x5555555555555555555555555555555555555555"
    }
  }

  """

/// A repository with the two networks' files committed.
func sampleRepository(_ name: String = "project") async throws -> FilePath {
  try await repository(
    ["deployments/bscmainnet.json": bscmainnet, "deployments/basesepolia.json": basesepolia], name)
}

/// Puts a contract on chain 56 and returns the commit.
@discardableResult
func put(
  _ name: String, _ digit: Character, in repository: FilePath, chain: String = "56",
  network: String? = "bscmainnet", more: [String] = []
) async throws -> String {
  let arguments =
    ["put", "\(chain)-\(name)", "--address", address(digit), "--timestamp", time]
    + (network.map { ["--network", $0] } ?? []) + more + ["--json"]
  let result = try await gitstate(arguments, in: repository)
  guard result.status == 0 else {
    throw ProgramFailure(command: ["gitstate"] + arguments, result: result)
  }
  let commit = try JSONValue(parsing: result.output).object?["to"]?.string
  return try #require(commit, "\(result.text)")
}

/// What git says about a repository: its objects are sound, and the working tree is as committed.
func expectSound(
  _ repository: FilePath, status: String = "", sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let check = try await runProgram("git", ["fsck", "--strict", "--no-progress"], in: repository)
  #expect(
    check.status == 0 && check.errors == "", "\(check.errors)", sourceLocation: sourceLocation)
  let shown = try await git("status", "--porcelain", in: repository)
  #expect(shown == status, sourceLocation: sourceLocation)
}

/// How many commits HEAD has.
func commitCount(in repository: FilePath, _ revision: String = "HEAD") async throws -> Int {
  Int(try await git("rev-list", "--count", revision, in: repository)) ?? -1
}

/// A file's text.
func text(_ path: FilePath) throws -> String {
  String(decoding: try readFile(path), as: UTF8.self)
}

extension JSONValue {
  /// A member of an object, or nil.
  subscript(member: String) -> JSONValue? { object?[member] }
  /// An element of an array, or nil.
  subscript(index: Int) -> JSONValue? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }
  /// The integer, or nil.
  var int: Int? { number.flatMap { Int($0.text) } }
}
