internal import CGit2

extension Repository {
  /// The path of this working tree's index.
  var indexPath: String { FileSystem.join(gitDirectory, "index") }

  /// What the index has for a path; nil where it has nothing.
  public func indexEntry(at path: String) throws(GitError) -> IndexEntry? {
    let path = try withoutNUL(path)
    let index = try Owned<IndexResource>(indexPath) {
      git_repository_index($0, handle.pointer)
    }
    // The repository keeps its index open; this reads it again where the file has changed.
    try check(git_index_read(index.pointer, 0), indexPath)
    // Null means only that the path is not there.
    if let entry = git_index_get_bypath(index.pointer, path, 0)?.pointee {
      guard let mode = FileMode(rawValue: entry.mode) else {
        throw GitError(
          .unreadable, "the index has an entry of an unknown mode", category: .index, context: path)
      }
      return .staged(
        IndexEntry.Staged(
          id: ObjectID(entry.id), mode: mode,
          skipWorktree: entry.has(GIT_INDEX_ENTRY_SKIP_WORKTREE),
          intentToAdd: entry.has(GIT_INDEX_ENTRY_INTENT_TO_ADD),
          assumeUnchanged: entry.flags & UInt16(GIT_INDEX_ENTRY_VALID.rawValue) != 0))
    }
    for stage in 1...3 where git_index_get_bypath(index.pointer, path, Int32(stage)) != nil {
      return .conflicted
    }
    return nil
  }

  /// Whether the index marks any file as left out of the working tree (`skip-worktree`).
  public func leavesFilesOut() throws(GitError) -> Bool {
    let index = try Owned<IndexResource>(indexPath) {
      git_repository_index($0, handle.pointer)
    }
    try check(git_index_read(index.pointer, 0), indexPath)
    return (0..<git_index_entrycount(index.pointer)).contains { number in
      git_index_get_byindex(index.pointer, number)?.pointee.has(GIT_INDEX_ENTRY_SKIP_WORKTREE)
        ?? false
    }
  }
}

extension git_index_entry {
  func has(_ flag: git_index_entry_extended_flag_t) -> Bool {
    flags_extended & UInt16(flag.rawValue) != 0
  }
}
