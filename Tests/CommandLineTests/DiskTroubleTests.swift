import Glibc
import LosslessJSON
import SystemPackage
import TestSupport
import Testing

/// Disks that are full, and folders and files that may not be written or read, for each backend.
@Suite(.scratchDirectory) struct DiskTroubleTests {
  enum Backend: String, CaseIterable {
    case git, leveldb

    /// What chooses it.
    var settings: [String] {
      switch self {
      case .git: []
      case .leveldb: ["-c", "backend=leveldb", "-c", "leveldb.path=db"]
      }
    }
  }

  /// Runs `gitstate` on a backend, as a user whom mode bits concern where that is asked for.
  private func run(
    _ arguments: [String], _ backend: Backend, in folder: FilePath, restricted: Bool = false
  ) async throws -> ProgramResult {
    let command = [gitstateProgram.string] + arguments + backend.settings
    guard restricted, geteuid() == 0 else {
      return try await runProgram(command[0], Array(command.dropFirst()), in: folder)
    }
    return try await runProgram(
      "setpriv",
      ["--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"] + command,
      in: folder)
  }

  private func putArguments(_ name: String, more: [String] = []) -> [String] {
    [
      "put", "56-\(name)", "--network", "bscmainnet", "--address", address("1"), "--timestamp",
      time,
    ] + more
  }

  /// A state with 56-First in a folder.
  private func start(_ backend: Backend, in folder: FilePath) async throws {
    if backend == .git { try await git("init", "-q", "-b", "main", in: folder) }
    let more = backend == .git ? [] : ["-c", "leveldb.createsIfMissing=true"]
    let result = try await run(putArguments("First") + more, backend, in: folder)
    try #require(result.status == 0, "\(result.errors)")
  }

  private func code(_ result: ProgramResult) throws -> String? {
    try JSONValue(parsing: result.output)["error"]?["code"]?.string
  }

  private func names(_ backend: Backend, in folder: FilePath) async throws -> [String] {
    let list = try await run(["list", "--json"], backend, in: folder)
    #expect(list.status == 0, "\(list.errors)")
    return try JSONValue(parsing: list.output).array?.compactMap { $0["contractName"]?.string }
      ?? []
  }

  @Test(
    .enabled(if: mayMount, "only root can mount a tiny disk"), arguments: Backend.allCases)
  func aFullDiskFailsTheWriteAlone(backend: Backend) async throws {
    try await withTinyDisk(1000) { disk in
      try await start(backend, in: disk)
      let bulk = ["--arg", String(repeating: "x", count: 20_000)]
      var failures = 0
      for free in [0, 4, 8, 16, 24, 40, 64] {
        // All but so many KiB are taken.
        let fill = try await runProgram(
          "sh", ["-c", "cat /dev/zero > fill 2>/dev/null; truncate -s -\(free)K fill"], in: disk)
        #expect(fill.status == 0, "\(fill.errors)")
        let result = try await run(
          putArguments("Next\(free)", more: bulk + ["--json"]), backend, in: disk)
        if result.status != 0 {
          failures += 1
          #expect(try code(result) == "STATE_WRITE_FAILED", "\(free): \(result.text)")
        }
        let there = try await names(backend, in: disk)
        #expect(there.contains("First"))
        #expect(there.contains("Next\(free)") || result.status != 0)
        try removeFile(disk.appending("fill"))
        let again = try await run(putArguments("Next\(free)", more: bulk), backend, in: disk)
        #expect(again.status == 0, "\(free): \(again.errors)")
        let gone = try await run(["delete", "56-Next\(free)"], backend, in: disk)
        #expect(gone.status == 0, "\(gone.errors)")
      }
      #expect(failures > 0)
      #expect(try await names(backend, in: disk) == ["First"])
      if backend == .git { try await expectSound(disk) }
    }
  }

  @Test(.enabled(if: mayMount, "only root can mount a tiny disk"))
  func anOptimizeOnAFullDiskSaysWhatToDo() async throws {
    try await withTinyDisk(1000) { disk in
      try await start(.git, in: disk)
      let fill = try await runProgram(
        "sh", ["-c", "cat /dev/zero > fill 2>/dev/null; :"], in: disk)
      #expect(fill.status == 0)
      let result = try await run(["optimize"], .git, in: disk)
      #expect(result.status == 1)
      #expect(result.errors.contains("none is lost"), "\(result.errors)")
      #expect(result.errors.hasSuffix(": No space left on device; free some space\n"))
      try removeFile(disk.appending("fill"))
      #expect(try await run(["optimize"], .git, in: disk).status == 0)
      try await expectSound(disk)
    }
  }

  @Test(arguments: Backend.allCases)
  func aFolderThatMayNotBeWrittenCanBeRead(backend: Backend) async throws {
    let project = scratch.appending("project")
    try makeFolders(project)
    try await start(backend, in: project)
    try await setModes("a-w", of: project)
    let read = try await run(["get", "56-First", "--json"], backend, in: project, restricted: true)
    #expect(read.status == 0, "\(read.errors)")
    let write = try await run(
      putArguments("Second", more: ["--json"]), backend, in: project, restricted: true)
    #expect(write.status == 1)
    #expect(try code(write) == "STATE_WRITE_FAILED", "\(write.text)")
    try await setModes("u+w", of: project)
    #expect(try await names(backend, in: project) == ["First"])
    let again = try await run(putArguments("Second"), backend, in: project, restricted: true)
    #expect(again.status == 0, "\(again.errors)")
  }

  @Test(arguments: Backend.allCases)
  func aFileThatMayNotBeReadIsNothingAbsent(backend: Backend) async throws {
    let project = scratch.appending("project")
    try makeFolders(project)
    try await start(backend, in: project)
    let folder = project.appending(backend == .git ? ".git/objects" : "db")
    try await setModes("a-r", of: folder, files: true)
    for arguments in [["get", "56-First"], ["get", "56-Other"], ["list"]] {
      let result = try await run(arguments + ["--json"], backend, in: project, restricted: true)
      #expect(result.status == 1, "\(arguments): \(result.text)")
      #expect(try code(result) == "BACKEND_UNAVAILABLE", "\(result.text)")
    }
    try await setModes("u+r", of: folder, files: true)
    #expect(try await names(backend, in: project) == ["First"])
  }

  private func setModes(_ mode: String, of folder: FilePath, files: Bool = false) async throws {
    let kind = files ? ["-type", "f"] : []
    let result = try await runProgram(
      "find", [folder.string] + kind + ["-exec", "chmod", mode, "{}", "+"], in: scratch)
    try #require(result.status == 0, "\(result.errors)")
  }

  /// libgit2 takes a configuration that it may not read for none: then the state would be looked for, and
  /// written, in another place.
  @Test func settingsThatCannotBeReadAreNotAbsent() async throws {
    let project = try await newRepository()
    try await git("config", "gitstate.deployments", "state", in: project)
    try await start(.git, in: project)
    let config = project.appending(".git/config")
    try setPermissions(0o200, of: config)
    for arguments in [["get", "56-First", "--json"], putArguments("Second", more: ["--json"])] {
      let result = try await run(arguments, .git, in: project, restricted: true)
      #expect(result.status == 1, "\(result.text)")
      #expect(try code(result) == "BACKEND_UNAVAILABLE")
      #expect(result.text.contains("git's settings in"), "\(result.text)")
    }
    try setPermissions(0o600, of: config)
    #expect(try await names(.git, in: project) == ["First"])
    #expect(!exists(project.appending("deployments")))
  }
}
