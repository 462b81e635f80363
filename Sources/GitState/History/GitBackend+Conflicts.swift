import Git
import Glibc

/// What a merge, rebase or cherry-pick by git left unsettled in a file of the state.
public struct FileConflicts: Sendable {
  /// The file from the repository's root.
  public let file: String
  /// Another file of the same chain, which both sides made under two names; nil where there is none.
  public var otherFile: String?
  /// The changes that exclude each other; none where the file merges, or where it cannot be read.
  public let conflicts: [MergeConflict]
  /// Why the file is not merged by contracts; nil where it is.
  public let problem: String?
}

extension GitBackend {
  /// The conflicts that git holds in the index for files of the state, and chains of which a merge
  /// left two files.
  ///
  /// - Parameter resolution: Which side is right: what it answers is left out.
  /// - Returns: A file for each, also one without a field that is in conflict.
  /// - Throws: `BACKEND_UNAVAILABLE` where they cannot be read.
  public func conflicts(leftBy resolution: MergeResolution = MergeResolution())
    throws(StateError) -> [FileConflicts]
  {
    let unmerged = try unmerged().map { file throws(StateError) in
      do throws(StateError) {
        let merged = try file.merged(resolution)
        return FileConflicts(
          file: file.path, conflicts: merged.conflicts, problem: merged.problem)
      } catch {
        return FileConflicts(file: file.path, conflicts: [], problem: error.message)
      }
    }
    return try unmerged
      + twins().map { twins throws(StateError) in
        FileConflicts(
          file: twins.path, otherFile: twins.otherPath,
          conflicts: try twins.merged(resolution).conflicts, problem: nil)
      }
  }

  /// Settles conflicts that git holds, writes the files and stages them; two files of one chain
  /// become one.
  ///
  /// - Parameter resolution: Which side is right: `ours` and `theirs` as git has them, which in a
  ///   rebase are the branch that is rebased onto, and the commits that are moved; of two files of a
  ///   chain, `ours` is the first by name.
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
    for twins in try twins() {
      let merged = try twins.merged(resolution)
      guard merged.conflicts.isEmpty, let root = location.workingDirectory else { continue }
      try write(merged.file.bytes, to: "\(root)/\(twins.path)")
      try FileSystem.remove("\(root)/\(twins.otherPath)")
      try stage(twins.path, merged.file.bytes, .blob)
      try stage(twins.otherPath, nil, .blob)
      settled.append(twins.path)
    }
    return settled
  }

  /// Chains that have two files in the working tree: git took in a file that each side had made under
  /// a name of its own.
  private func twins() throws(StateError) -> [TwinFiles] {
    guard let folder = try read({ reader throws(StateError) in try reader.workingFolder() })
    else { return [] }
    let chains = Dictionary(grouping: folder.deployments, by: \.chainID)
    return chains.sorted { $0.key < $1.key }.compactMap { _, files in
      guard files.count > 1 else { return nil }
      return TwinFiles(ours: files[0], theirs: files[1], folder: folder)
    }
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
      try write(content, to: path)
    } else if present != nil {
      try FileSystem.remove(path)
    }
    try stage(file.path, content, file.mode)
  }

  private func write(_ bytes: [UInt8], to path: String) throws(StateError) {
    let mode = try FileSystem.status(of: path).map { $0.st_mode & 0o7777 } ?? 0o600
    try FileSystem.replace(path, with: bytes, mode: mode, isDurable: true)
  }

  private func stage(_ path: String, _ bytes: [UInt8]?, _ mode: FileMode) throws(StateError) {
    try read { reader throws(StateError) in
      try convertingGitErrors(.writeFailed, "\(path) could not be staged") {
        let entry = try bytes.map { (id: try reader.repository.writeBlob($0), mode: mode) }
        let index = try reader.repository.prepareIndex(
          setting: [(path: path, entry: entry)], baseTree: nil)
        try index.commit()
      }
    }
  }
}

/// Two files of one chain.
private struct TwinFiles: Sendable {
  var ours: DeploymentFile
  var theirs: DeploymentFile
  var folder: DeploymentFolder

  var path: String { folder.pathOf(ours.name) }
  var otherPath: String { folder.pathOf(theirs.name) }

  /// Both in one, the first by name.
  func merged(_ resolution: MergeResolution) throws(StateError) -> (
    file: DeploymentFile, conflicts: [MergeConflict]
  ) {
    var conflicts: [MergeConflict] = []
    let file = try DeploymentFile.merging(
      base: nil, ours: ours, theirs: theirs, resolution: resolution, conflicts: &conflicts)
    return (file, conflicts)
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
    guard
      var merged = try MergeDriver.merge(
        path: path, base: base, ours: ours, theirs: theirs, resolution)
    else { throw unreadable() }
    guard let problem = merged.problem, let chainID = Self.chain(of: merged.bytes, path) else {
      return merged
    }
    // The side that can be read may be chosen; the other cannot.
    if let side = resolution.side(for: ContractKey(chainID, "")) {
      guard side != merged.unreadableSide else {
        throw StateError(.serializationFailed, problem, file: path)
      }
      merged.problem = nil
    }
    return merged
  }

  private static func chain(of bytes: [UInt8], _ path: String) -> ChainID? {
    guard
      case .deployment(let file) = DeploymentFile.parse(
        name: FileSystem.split(path).name, bytes: bytes)
    else { return nil }
    return file.chainID
  }

  func isWithoutContracts(_ bytes: [UInt8]) -> Bool {
    guard
      case .deployment(let file) = DeploymentFile.parse(
        name: FileSystem.split(path).name, bytes: bytes)
    else { return false }
    return file.contracts.isEmpty
  }

  private func unreadable() -> StateError {
    StateError(
      .serializationFailed,
      "\(path.escapingUnprintable) is no deployment file that can be read on either side, so git merged "
        + "it by lines; mend it and say: git add \(path.escapingUnprintable)", file: path)
  }
}
