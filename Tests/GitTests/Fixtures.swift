import Git
import Glibc
import SystemPackage
import TestSupport
import Testing

/// Opens a repository with nothing of the machine's configuration or this process's variables.
func open(_ path: FilePath, environment: [String: String] = [:]) throws -> Repository {
  try isolate()
  return try Repository(opening: path.string, environment: environment)
}

/// Keeps libgit2 away from the configuration of whoever runs the tests.
func isolate() throws {
  try Library.useConfiguration(searchPath: "")
}

/// The folder of the test that runs.
var scratch: FilePath { ScratchDirectory.current.path }

/// Lets this process have as many files open as it may: tests run side by side and each starts
/// programs, for which the 1024 that are usual do not suffice.
private let manyFilesMayBeOpen: Bool = {
  var limit = rlimit()
  let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  guard getrlimit(resource, &limit) == 0 else { return false }
  limit.rlim_cur = limit.rlim_max
  return setrlimit(resource, &limit) == 0
}()

/// Makes a repository with the git program, on the branch `main`, without a commit.
func newRepository(_ name: String = "repository") async throws -> FilePath {
  guard manyFilesMayBeOpen else { throw Unexpected("the limit of open files cannot be raised") }
  let path = try makeFolder(scratch.appending(name))
  try await git("init", "--quiet", "--initial-branch=main", in: path)
  return path
}

/// Writes a file and commits it with the git program, at a time that grows with `second`.
@discardableResult
func commitFile(
  _ name: String, _ content: String, in repository: FilePath, message: String? = nil,
  second: Int = 0
) async throws -> ObjectID {
  try writeFile(repository.appending(name), content)
  try await git("add", "--", name, in: repository)
  let date = "\(1_753_441_878 + second) +0000"
  try await git(
    "commit", "--quiet", "-m", message ?? "Change \(name)", in: repository,
    environment: ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date])
  return try await revision("HEAD", in: repository)
}

/// The object that git finds for a revision.
func revision(_ name: String, in repository: FilePath) async throws -> ObjectID {
  let hex = try await git("rev-parse", "--verify", name, in: repository)
  guard let id = ObjectID(hex: hex) else { throw Unexpected("not an object ID: \(hex)") }
  return id
}

/// Checks a repository with the git program.
func fsck(_ repository: FilePath) async throws {
  try await git("fsck", "--strict", "--no-dangling", in: repository)
}

/// The identity of the tests, at their time.
let ada = Signature(
  name: "Ada Deployer", email: "ada@example.org", time: 1_753_441_878, offset: 0)

/// Something that a test takes for granted is not so.
struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The `GitError` that a body throws; nil if it ends well.
func failure(_ body: () throws -> Void) throws -> GitError? {
  do {
    try body()
    return nil
  } catch let error as GitError {
    return error
  }
}

/// Like `failure`, for the tests that only look at the code.
func code(_ body: () throws -> Void) throws -> GitError.Code? {
  try failure(body)?.code
}

/// Bytes that are the same in each run (SplitMix64), some of them line ends.
struct RandomBytes {
  var seed: UInt64

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      seed &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (seed ^ seed >> 30) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
      return mixed & 0x3F == 0 ? 10 : UInt8(truncatingIfNeeded: mixed >> 31)
    }
  }
}

/// Writes blobs, each an edit of the one before, as so many writes do.
///
/// - Returns: Their names.
func publish(_ writes: [[[UInt8]]], in path: FilePath) throws -> [ObjectID] {
  try isolate()
  let repository = try Repository(opening: path.string, environment: [:], holdsObjects: true)
  let area = try StagingArea(path.appending(".git/staged").string, method: .none)
  var ids: [ObjectID] = []
  for versions in writes {
    for version in versions { ids.append(try repository.writeBlob(version, like: ids.last)) }
    let objects = try repository.stageObjects(in: area)
    try area.flush()
    try objects.publish(area)
  }
  return ids
}

/// Reads blobs with the git program and with ours.
func expectReadable(_ versions: [[UInt8]], _ ids: [ObjectID], in path: FilePath) async throws {
  for (version, id) in zip(versions, ids) {
    let shown = try await runProgram("git", ["cat-file", "blob", id.hex], in: path)
    #expect(shown.output == version)
    #expect(try open(path).blob(id) == version)
  }
  try await git("fsck", "--strict", "--full", in: path)
}
