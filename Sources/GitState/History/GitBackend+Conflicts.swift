import Git
import Glibc

/// What a merge, rebase or cherry-pick by git left unsettled in a file of the state.
public struct FileConflicts: Sendable {
  /// The file from the repository's root.
  public let file: String
  /// The changes that exclude each other; none where the file merges, or where it cannot be read.
  public let conflicts: [MergeConflict]
  /// Why the file can only be merged by lines; nil where it is merged by contracts.
  public let problem: String?
}

extension GitBackend {
  /// The conflicts that git holds in the index for files of the state.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where they cannot be read.
  public func conflicts() throws(StateError) -> [FileConflicts] {
    try unmerged().map { file throws(StateError) in
      do throws(StateError) {
        return FileConflicts(
          file: file.path, conflicts: try file.merged(MergeResolution()).conflicts, problem: nil)
      } catch {
        return FileConflicts(file: file.path, conflicts: [], problem: error.message)
      }
    }
  }

  /// Settles conflicts that git holds, writes the files and stages them.
  ///
  /// - Parameter resolution: Which side is right: `ours` and `theirs` as git has them, which in a
  ///   rebase are the branch that is rebased onto, and the commits that are moved.
  /// - Returns: The files that are settled; those with further conflicts stay as they are.
  /// - Throws: `STATE_WRITE_FAILED` where a file was edited meanwhile; then it stays as it is.
  public func settleConflicts(_ resolution: MergeResolution) throws(StateError) -> [String] {
    var settled: [String] = []
    for file in try unmerged() {
      let merged = try file.merged(resolution)
      guard merged.conflicts.isEmpty else { continue }
      try settle(file, merged.bytes)
      settled.append(file.path)
    }
    return settled
  }

  private func unmerged() throws(StateError) -> [UnmergedFile] {
    let folder = location.folder
    return try read { reader throws(StateError) in
      try convertingGitErrors(.backendUnavailable, "git's index could not be read") {
        guard !reader.repository.isBare else { return [] }
        return try reader.repository.unmergedPaths().filter { entry in
          entry.path.hasPrefix(folder + "/") && entry.path.hasSuffix(".json")
        }.map { entry in
          UnmergedFile(
            path: entry.path, mode: entry.mode,
            base: try entry.base.map { try reader.repository.blob($0) },
            ours: try entry.ours.map { try reader.repository.blob($0) },
            theirs: try entry.theirs.map { try reader.repository.blob($0) })
        }
      }
    }
  }

  private func settle(_ file: UnmergedFile, _ bytes: [UInt8]) throws(StateError) {
    guard let root = location.workingDirectory else { return }
    let path = "\(root)/\(file.path)"
    let present = try FileSystem.read(path)
    let known = [file.ours, file.theirs, try file.merged(MergeResolution()).bytes, bytes]
    guard present == nil || known.contains(present) else {
      throw StateError(
        .writeFailed,
        "\(file.path.escapingUnprintable) was edited since git left its conflict, and was left as it "
          + "is; when it is as it should be, say: git add \(file.path.escapingUnprintable)",
        file: file.path)
    }
    let isEmpty = file.ours == nil || file.theirs == nil
    let content = isEmpty && file.isWithoutContracts(bytes) ? nil : bytes
    if let content {
      let mode = try FileSystem.status(of: path).map { $0.st_mode & 0o7777 } ?? 0o600
      try FileSystem.replace(path, with: content, mode: mode, isDurable: true)
    } else if present != nil {
      try FileSystem.remove(path)
    }
    try read { reader throws(StateError) in
      try convertingGitErrors(.writeFailed, "\(file.path) could not be staged") {
        let entry = try content.map { (id: try reader.repository.writeBlob($0), mode: file.mode) }
        let index = try reader.repository.prepareIndex(
          setting: [(path: file.path, entry: entry)], baseTree: nil)
        try index.commit()
      }
    }
  }
}

/// The three versions that git holds of a file with a conflict.
private struct UnmergedFile: Sendable {
  var path: String
  var mode: FileMode
  var base: [UInt8]?
  var ours: [UInt8]?
  var theirs: [UInt8]?

  /// The file merged by contracts; a side that removed it removed all its contracts.
  func merged(_ resolution: MergeResolution) throws(StateError) -> MergeDriver.Merged {
    let sides = (try deployment(ours), try deployment(theirs))
    guard let present = sides.0 ?? sides.1 else { throw unreadable() }
    let mine: DeploymentFile
    if let ours = sides.0 {
      mine = ours
    } else {
      mine = try DeploymentFile.new(
        name: present.name, network: present.network, chainID: present.chainID)
    }
    var conflicts: [MergeConflict] = []
    let merged = try DeploymentFile.merging(
      base: try deployment(base), ours: mine, theirs: sides.1,
      resolution: resolution, conflicts: &conflicts)
    return MergeDriver.Merged(bytes: merged.bytes, conflicts: conflicts)
  }

  func isWithoutContracts(_ bytes: [UInt8]) -> Bool {
    guard
      case .deployment(let file) = DeploymentFile.parse(
        name: FileSystem.split(path).name, bytes: bytes)
    else { return false }
    return file.contracts.isEmpty
  }

  private func deployment(_ bytes: [UInt8]?) throws(StateError) -> DeploymentFile? {
    guard let bytes else { return nil }
    guard
      case .deployment(let file) = DeploymentFile.parse(
        name: FileSystem.split(path).name, bytes: bytes)
    else { throw unreadable() }
    return file
  }

  private func unreadable() -> StateError {
    StateError(
      .serializationFailed,
      "\(path.escapingUnprintable) is no deployment file on one of the sides, so git merged it by lines; "
        + "mend it and say: git add \(path.escapingUnprintable)", file: path)
  }
}
