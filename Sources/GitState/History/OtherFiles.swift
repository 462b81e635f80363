import Git

/// The files of a repository that are none of the state's, in a merge: they are merged as whole files.
struct OtherFiles: ~Copyable {
  private let location: StateLocation
  private let repository: Repository

  init(_ location: StateLocation) throws(GitError) {
    self.location = location
    repository = try Repository(opening: location.repository)
  }

  /// What another line changed since a commit, as far as the tip lacks it.
  ///
  /// - Parameters:
  ///   - base: Where the lines parted; nil where they have nothing in common.
  ///   - other: The other line.
  ///   - tip: The branch.
  /// - Returns: Paths, each with its entry there, or nil where the other line removed it.
  /// - Throws: `MERGE_CONFLICT` where both lines changed one.
  func changes(from base: ObjectID?, to other: ObjectID, onto tip: ObjectID?) throws
    -> [PlannedOperation.Join.Path]
  {
    let (mine, theirs) = (try tree(of: tip), try tree(of: other))
    var paths: [PlannedOperation.Join.Path] = []
    var conflicts: [String] = []
    for difference in try repository.differences(from: try tree(of: base), to: theirs)
    where try !isState(difference) {
      var present: TreeEntry?
      if let mine { present = try repository.entry(at: difference.path, in: mine) }
      if Self.isSame(present, difference.new) { continue }
      if !Self.isSame(present, difference.old) { conflicts.append(difference.path) }
      paths.append((difference.path, difference.new.map { ($0.id, $0.mode) }))
    }
    guard !paths.isEmpty else { return [] }
    guard conflicts.isEmpty else {
      throw StateError(
        .mergeConflict,
        "nothing was written: both sides changed \(Self.shown(conflicts)), which is none of the "
          + "state's files; merge with git merge, which asks for gitstate where the state is concerned "
          + "(gitstate init sets that up)", file: conflicts[0])
    }
    return paths
  }

  /// The files that two commits have differently, the state's left out.
  func paths(from old: ObjectID?, to new: ObjectID?) throws -> [String] {
    var paths: [String] = []
    for difference in try repository.differences(from: try tree(of: old), to: try tree(of: new))
    where try !isState(difference) { paths.append(difference.path) }
    return paths
  }

  private func tree(of commit: ObjectID?) throws -> ObjectID? {
    guard let commit else { return nil }
    return try repository.commit(commit).tree
  }

  private static func isSame(_ left: TreeEntry?, _ right: TreeEntry?) -> Bool {
    left?.id == right?.id && left?.mode == right?.mode
  }

  private static func shown(_ paths: [String]) -> String {
    let names = paths.prefix(3).map(\.escapingUnprintable).joined(separator: ", ")
    return paths.count > 3 ? "\(names) and \(paths.count - 3) more files" : names
  }

  /// Whether a path is merged by contracts: a file of the folder that is a network's on either side.
  private func isState(_ difference: TreeDifference) throws -> Bool {
    let prefix = location.folder + "/"
    guard difference.path.hasPrefix(prefix) else { return false }
    let name = String(difference.path.dropFirst(prefix.count))
    guard !name.contains("/"), name.hasSuffix(".json"), name != FolderSettings.name else {
      return false
    }
    for entry in [difference.old, difference.new] {
      guard let entry, entry.mode != .submodule else { continue }
      guard entry.mode != .link, try repository.blobSize(entry.id) <= DeploymentFile.maximumSize
      else { return true }
      let content = DeploymentFile.parse(name: name, bytes: try repository.blob(entry.id))
      guard case .foreign = content else { return true }
    }
    return false
  }
}
