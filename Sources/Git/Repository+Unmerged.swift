internal import CGit2

/// A path of which the index has two or three versions, since a merge could not settle it.
public struct UnmergedPath: Hashable, Sendable {
  /// The path from the repository's root.
  public let path: String
  /// What the file is.
  public let mode: FileMode
  /// What both sides started from; nil where there was nothing.
  public let base: ObjectID?
  /// Our side; nil where it removed the file.
  public let ours: ObjectID?
  /// The other side; nil where it removed the file.
  public let theirs: ObjectID?
}

extension Repository {
  /// The paths that a merge left unsettled, by path (`git_index_conflict_next`).
  ///
  /// - Throws: ``GitError`` where the index cannot be read.
  public func unmergedPaths() throws(GitError) -> [UnmergedPath] {
    let index = try Owned<IndexResource>(indexPath) {
      git_repository_index($0, handle.pointer)
    }
    try check(git_index_read(index.pointer, 0), indexPath)
    let iterator = try Owned<ConflictIteratorResource>(indexPath) {
      git_index_conflict_iterator_new($0, index.pointer)
    }
    var found: [UnmergedPath] = []
    while true {
      var base: UnsafePointer<git_index_entry>?
      var ours: UnsafePointer<git_index_entry>?
      var theirs: UnsafePointer<git_index_entry>?
      let status = git_index_conflict_next(&base, &ours, &theirs, iterator.pointer)
      if status == GIT_ITEROVER.rawValue {
        git_error_clear()
        return found
      }
      try check(status, indexPath)
      guard let entry = ours?.pointee ?? theirs?.pointee ?? base?.pointee,
        let path = text(entry.path)
      else { continue }
      found.append(
        UnmergedPath(
          path: path, mode: FileMode(rawValue: entry.mode) ?? .blob,
          base: base.map { ObjectID($0.pointee.id) }, ours: ours.map { ObjectID($0.pointee.id) },
          theirs: theirs.map { ObjectID($0.pointee.id) }))
    }
  }
}
