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
    return try Self.entry(at: path, in: index)
  }

  static func entry(at path: String, in index: borrowing Owned<IndexResource>) throws(GitError)
    -> IndexEntry?
  {
    // Null means only that the path is not there.
    if let entry = git_index_get_bypath(index.pointer, path, 0)?.pointee {
      return .staged(try staged(entry, path))
    }
    for stage in 1...3 where git_index_get_bypath(index.pointer, path, Int32(stage)) != nil {
      return .conflicted
    }
    return nil
  }

  /// What an index has directly in a folder, by path.
  ///
  /// - Parameters:
  ///   - folder: The folder from the repository's root; empty for the root itself.
  ///   - file: The index file; nil is this working tree's. One that is not there has nothing.
  /// - Returns: Each path's entry.
  /// - Throws: ``GitError`` where the index cannot be read.
  public func indexEntries(in folder: String, of file: String? = nil) throws(GitError)
    -> [String: IndexEntry]
  {
    let path = try withoutNUL(file ?? indexPath)
    let index = try Owned<IndexResource>(path) { git_index_open($0, path) }
    return try Self.entries(in: folder, index)
  }

  static func entries(in folder: String, _ index: borrowing Owned<IndexResource>)
    throws(GitError) -> [String: IndexEntry]
  {
    let prefix = folder.isEmpty ? "" : folder + "/"
    var position = 0
    if !prefix.isEmpty {
      let status = git_index_find_prefix(&position, index.pointer, prefix)
      if status == GIT_ENOTFOUND.rawValue {
        git_error_clear()
        return [:]
      }
      try check(status, prefix)
    }
    var entries: [String: IndexEntry] = [:]
    while let entry = git_index_get_byindex(index.pointer, position)?.pointee {
      position += 1
      let path = String(cString: entry.path)
      guard path.utf8.starts(with: prefix.utf8) else { break }
      guard !path.utf8.dropFirst(prefix.utf8.count).contains(UInt8(ascii: "/")) else { continue }
      entries[path] =
        git_index_entry_stage([entry]) == 0 ? .staged(try staged(entry, path)) : .conflicted
    }
    return entries
  }

  private static func staged(_ entry: git_index_entry, _ path: String) throws(GitError)
    -> IndexEntry.Staged
  {
    guard let mode = FileMode(rawValue: entry.mode) else {
      throw GitError(
        .unreadable, "the index has an entry of an unknown mode", category: .index, context: path)
    }
    return IndexEntry.Staged(
      id: ObjectID(entry.id), mode: mode,
      skipWorktree: entry.has(GIT_INDEX_ENTRY_SKIP_WORKTREE),
      intentToAdd: entry.has(GIT_INDEX_ENTRY_INTENT_TO_ADD),
      assumeUnchanged: entry.flags & UInt16(GIT_INDEX_ENTRY_VALID.rawValue) != 0,
      isSeen: entry.mtime.seconds != 0)
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
