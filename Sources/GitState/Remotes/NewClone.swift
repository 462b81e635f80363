import Git
import Glibc

/// A repository that is made in a folder of its own, from a remote or from a backup.
struct NewClone {
  let gitDirectory: String
  let directory: String
  private let isFolderNew: Bool

  /// Makes an empty repository.
  ///
  /// - Parameter path: A folder that is absent or empty.
  /// - Throws: `INVALID_ARGUMENT` where something is there.
  init(at path: String) throws(StateError) {
    let kind = try FileSystem.kind(of: path)
    isFolderNew = kind == .absent
    let isEmpty = kind == .folder ? try FileSystem.names(in: path).isEmpty : isFolderNew
    guard isEmpty else {
      throw StateError(
        .invalidArgument,
        "nothing was made: \(path.quoted) is there already and not empty; name another folder",
        file: path)
    }
    gitDirectory = try convertingGitErrors(
      .writeFailed, "no repository could be made at \(path.escapingUnprintable)"
    ) {
      try Repository.create(at: path, bare: false, initialBranch: "main")
    }
    directory = FileSystem.resolved(path) ?? path
  }

  /// Removes what was made, where nothing came of it.
  func discard() {
    FolderRemoval.remove(gitDirectory)
    if isFolderNew { rmdir(directory) }
  }
}

/// Folders with all that is in them.
enum FolderRemoval {
  /// Removes a folder; what cannot be removed stays.
  static func remove(_ path: String) {
    let names: [String]
    do {
      names = try FileSystem.names(in: path)
    } catch {
      names = []
    }
    for name in names {
      let entry = "\(path)/\(name)"
      if unlink(entry) != 0 { remove(entry) }
    }
    rmdir(path)
  }
}
