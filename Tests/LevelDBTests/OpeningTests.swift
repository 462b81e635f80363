import Glibc
import LevelDB
import SystemPackage
import TestSupport
import Testing

@Suite(.scratchDirectory)
struct OpeningTests {
  private var folder: FilePath { ScratchDirectory.current.path.appending("db") }

  private func openingFailure(_ options: Database.Options = .init()) -> LevelDBError? {
    failure { _ = try Database(path: folder.string, options: options) }
  }

  @Test func missingFolderIsNotFoundAndNotMade() throws {
    let error = openingFailure()
    #expect(error?.code == .notFound)
    #expect(error?.description == "there is no folder '\(folder)'")
    #expect(error?.path == folder.string)
    #expect(!exists(folder))
    #expect(failure { _ = try DatabaseCopy(of: folder.string) }?.code == .notFound)
    #expect(!exists(folder))
  }

  @Test func fileIsNoFolder() throws {
    try writeFile(folder, "text")
    #expect(openingFailure()?.description == "'\(folder)' is not a folder")
    #expect(openingFailure(.creatingIfMissing)?.code == .notFound)
    #expect(failure { _ = try DatabaseCopy(of: folder.string) }?.code == .notFound)
  }

  @Test func folderWithoutDatabaseIsNotFoundAndUntouched() throws {
    try makeFolder(folder)
    try writeFile(folder.appending("LOG"), "mine")
    let before = try FolderRecord(folder)
    #expect(openingFailure()?.code == .notFound)
    let error = failure { _ = try DatabaseCopy(of: folder.string) }
    #expect(error?.code == .notFound)
    #expect(
      error?.description == "'\(folder)' is not a LevelDB folder: it has no file CURRENT")
    #expect(try FolderRecord(folder) == before)
  }

  @Test func unusablePathIsInvalid() {
    for path in ["", "a\0b"] {
      #expect(failure { _ = try Database(path: path) }?.code == .invalidArgument)
      #expect(failure { _ = try DatabaseCopy(of: path) }?.code == .invalidArgument)
      #expect(failure { try Database.destroy(path: path) }?.code == .invalidArgument)
    }
  }

  @Test func unusableOptionIsInvalid() throws {
    var options = Database.Options.creatingNew
    options.blockCacheSize = -1
    #expect(openingFailure(options)?.code == .invalidArgument)
  }

  @Test func parentIsNotMade() throws {
    let path = folder.appending("below").string
    let error = failure { _ = try Database(path: path, options: .creatingNew) }
    #expect(error?.code == .ioError)
    #expect(error?.description == "cannot make the folder '\(path)': No such file or directory")
  }

  @Test func existingDatabaseIsNotMadeAnew() throws {
    try makeDatabase(folder, Pair.numbered(1))
    let before = try FolderRecord(folder)
    #expect(openingFailure(.creatingNew)?.code == .alreadyExists)
    #expect(try FolderRecord(folder) == before)
    let database = try Database(path: folder.string, options: .creatingIfMissing)
    #expect(try database.pairs() == Pair.numbered(1))
  }

  @Test func secondHandleIsRefusedByWhateverPath() throws {
    let link = ScratchDirectory.current.path.appending("link")
    let database = try Database(path: folder.string, options: .creatingNew)
    try #require(symlink(folder.string, link.string) == 0)
    for path in [folder.string, folder.string + "/.", link.string] {
      for error in [
        failure { _ = try Database(path: path) }, failure { _ = try DatabaseCopy(of: path) },
      ] {
        #expect(error?.code == .locked)
        #expect(error?.message.contains("this program has the LevelDB folder '\(path)'") == true)
      }
    }
    try database.put([1], forKey: [1])
    #expect(try database.value(forKey: [1]) == [1])
  }

  @Test func refusedHandleDoesNotLoseTheLock() async throws {
    let database = try Database(path: folder.string, options: .creatingNew)
    #expect(openingFailure()?.code == .locked)
    #expect(failure { _ = try DatabaseCopy(of: folder.string) }?.code == .locked)
    #expect(try await !canBeLockedByAnotherProcess(folder.appending("LOCK")))
    try database.put([1], forKey: [1])
  }

  @Test func closedFolderCanBeOpenedAgain() throws {
    for round in UInt8(0)..<3 {
      let database = try Database(path: folder.string, options: .creatingIfMissing)
      #expect(try database.value(forKey: [0]) == (round == 0 ? nil : [round - 1]))
      try database.put([round], forKey: [0])
    }
  }

  @Test func folderOpenInAnotherProcessIsRefusedUntouched() async throws {
    let folder = folder
    try makeDatabase(folder, Pair.numbered(2))
    let before = try FolderRecord(folder)
    try await withFileLocked(folder.appending("LOCK")) { process in
      let errors = [
        failure { _ = try Database(path: folder.string) },
        failure { _ = try DatabaseCopy(of: folder.string) },
        failure { try Database.repair(path: folder.string) },
        failure { try Database.destroy(path: folder.string) },
      ]
      for error in errors {
        #expect(error?.code == .locked)
        #expect(
          error?.description
            == "another process (pid \(process)) has the LevelDB folder '\(folder)' open; "
            + "stop it and try again")
      }
    }
    #expect(try FolderRecord(folder) == before)
    let database = try Database(path: folder.string)
    #expect(try database.pairs() == Pair.numbered(2))
  }
}
