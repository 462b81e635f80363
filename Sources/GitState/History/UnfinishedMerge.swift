import Git

/// What a `git merge` that is not concluded yet would lose, though no side of it took it back.
///
/// A write that falls beside the merge moves the branch under it. What git had merged by then lacks the
/// write's record, and so may the working tree: whoever concludes the merge with that loses the record.
struct UnfinishedMerge {
  /// Where the merge as it would be concluded is looked at.
  enum Place {
    /// In the index, which `git commit` records.
    case index
    /// In the working tree, which `git commit -a` records.
    case workingTree
  }

  /// What is lost there.
  let dropped: [DroppedChange]
  let place: Place
  /// The branch's folder, whose files have it.
  let folder: DeploymentFolder

  /// A sentence for each of the state's files, with the way back.
  var sentences: [String] {
    let files = Dictionary(grouping: dropped) { dropped in
      folder.files(of: dropped.change.key.chainID).first?.name ?? ""
    }
    return files.keys.sorted().map { name in
      let path = folder.pathOf(name).escapingUnprintable
      let lost = files[name, default: []].map { dropped in
        let key = dropped.change.key.description.escapingUnprintable
        let commit = dropped.parent.prefix(7)
        return dropped.change.kind == .removed
          ? "lose \(key), which \(commit) has and no side removed"
          : "take back what \(commit) has of \(key)"
      }.joined(separator: ", and ")
      let cause = "a write fell beside git merge"
      return switch place {
      case .index:
        "the merge under way would \(lost) (\(cause)); begin it again with: "
          + "git checkout HEAD -- \(path) && git merge --abort"
      case .workingTree:
        "\(path) in the working tree would \(lost) if it were committed with git commit -a (\(cause)); "
          + "take what git has merged with: git checkout -- \(path)"
      }
    }
  }
}

extension GitReader {
  /// What the merge under way would lose, in the index or else in the working tree.
  ///
  /// - Returns: nil where no merge is under way, where it waits for a conflict to be resolved, or loses
  ///   nothing.
  /// - Throws: Where the merge or the history cannot be read.
  mutating func unfinishedMerge() throws -> UnfinishedMerge? {
    guard try !repository.mergeHeads().isEmpty else { return nil }
    let (staged, hasConflict) = try stagedFolder(nil)
    // Nobody can commit a conflict, and its resolution is the user's.
    guard !hasConflict else { return nil }
    if let merge = try unfinishedMerge(to: staged, in: .index) { return merge }
    return try workingFolder().flatMap { try unfinishedMerge(to: $0, in: .workingTree) }
  }

  /// What the merge under way would lose.
  ///
  /// - Parameters:
  ///   - after: The state that it would record.
  ///   - place: Where that state is.
  /// - Returns: nil where no merge is under way, or it loses nothing.
  /// - Throws: Where the merge or the history cannot be read.
  func unfinishedMerge(to after: DeploymentFolder, in place: UnfinishedMerge.Place) throws
    -> UnfinishedMerge?
  {
    let heads = try repository.mergeHeads()
    guard !heads.isEmpty, let tip = try branch().tip else { return nil }
    var notes: [String] = []
    let ids = [tip] + heads
    let parents = try ids.map { id in
      let before = try load(id).folder
      return MergeParent(
        id: id.hex, folder: before,
        changes: ChangeSet(from: id.hex, before, to: nil, after, notes: &notes))
    }
    let dropped = try dropped(by: parents, ids)
    return dropped.isEmpty
      ? nil : UnfinishedMerge(dropped: dropped, place: place, folder: parents[0].folder)
  }

  /// The state as it is staged, and whether a file that is not in it waits for a conflict to be resolved.
  func stagedFolder(_ index: String?) throws -> (folder: DeploymentFolder, hasConflict: Bool) {
    var items: [FileName: DeploymentFolder.Item] = [:]
    var hasConflict = false
    for (path, entry) in try repository.indexEntries(in: location.folder, of: index) {
      let name = FileSystem.split(path).name
      guard path.hasSuffix(".json"), name != FolderSettings.name else { continue }
      guard case .staged(let entry) = entry else {
        hasConflict = true
        continue
      }
      if entry.intentToAdd { continue }
      items[FileName(name)] = DeploymentFolder.Item(
        content: DeploymentFile.parse(name: name, bytes: try repository.blob(entry.id)),
        blob: entry.id, mode: entry.mode)
    }
    return (DeploymentFolder(path: location.folder, items: items), hasConflict)
  }
}
