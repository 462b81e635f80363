internal import CGit2
internal import Glibc

extension Repository {
  /// Makes the index that is to follow a commit, under a temporary name.
  ///
  /// Given paths get their entries; conflicts and intents to add of those paths are gone, their
  /// marks for sparse checkouts and unchanged files stay. All other entries stay as they are. No
  /// file of the working tree is read.
  ///
  /// - Parameters:
  ///   - changes: Paths, each with its entry, or nil to remove it.
  ///   - baseTree: What a missing index starts from: without it the user's next plain `git commit`
  ///     would delete all files of the commit.
  ///   - stat: The state of a path's working file where that has the entry's content; nil makes git
  ///     compare the file when it looks at it next.
  ///   - folder: The folder whose entries are to be told (``PendingIndex/entries``); nil is none.
  ///   - area: Where to write it.
  /// - Returns: The index, which is locked with ``PendingIndex/lock()`` once the area is flushed.
  /// - Throws: ``GitError`` where the index cannot be read or written;
  ///   ``GitError/Code/locked`` where another program holds `index.lock`.
  public func stageIndex(
    setting changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)],
    baseTree: ObjectID?, stat: (String) -> FileStat? = { _ in nil }, telling folder: String? = nil,
    in area: StagingArea
  ) throws(GitError) -> PendingIndex {
    try PendingIndex.refuseLock(of: indexPath)
    let old = try FileSystem.status(indexPath)
    if let old, old.st_size <= IndexText.maximumSize,
      var index = IndexText(try FileSystem.content(indexPath) ?? []),
      case let former = try changes.map({ change throws(GitError) in
        try index.entry(at: change.path)
      }),
      changes.allSatisfy({ path, entry in
        entry.map { index.set(path, $0.id, $0.mode, stat(path)) } ?? false
      })
    {
      let file = try area.stage(
        index.bytes, for: indexPath + ".lock", mode: old.st_mode & 0o777, masksMode: false)
      try Self.keepTime(of: old, for: file.temporaryPath)
      return PendingIndex(
        index: indexPath, old: old, entries: try folder.map(index.entries) ?? [:], former: former,
        file: file, area: area)
    }
    let copy = area.freePath()
    do throws(GitError) {
      if old != nil {
        let file = try FileSystem.create(copy, mode: 0o666)
        defer { close(file) }
        try FileSystem.write(try FileSystem.content(indexPath) ?? [], to: file, path: copy)
      }
      let (former, entries) = try edit(
        copy, changes, baseTree: old == nil ? baseTree : nil, stat, folder)
      if let old {
        guard chmod(copy, old.st_mode & 0o777) == 0 else {
          throw FileSystem.error("set the permissions of", copy)
        }
        try Self.keepTime(of: old, for: copy)
      }
      let staged = try StagedFile(existing: copy, for: indexPath + ".lock")
      area.add(staged)
      return PendingIndex(
        index: indexPath, old: old, entries: entries, former: former, file: staged, area: area)
    } catch {
      try FileSystem.remove(copy)
      throw error
    }
  }

  /// Makes the index that is to follow a change, durably, and holds it as `index.lock`.
  ///
  /// As ``stageIndex(setting:baseTree:stat:telling:in:)``, for what is no commit of a writer's.
  ///
  /// - Parameters:
  ///   - changes: Paths, each with its entry, or nil to remove it.
  ///   - baseTree: What a missing index starts from.
  ///   - stat: The state of a path's working file where that has the entry's content.
  /// - Returns: The index, which takes effect with ``PendingIndex/commit()``.
  /// - Throws: ``GitError/Code/locked`` where another program holds `index.lock`.
  public func prepareIndex(
    setting changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)],
    baseTree: ObjectID?, stat: (String) -> FileStat? = { _ in nil }
  ) throws(GitError) -> PendingIndex {
    let area = try StagingArea(gitDirectory + "/gitstate-index", method: .each)
    let index = try stageIndex(setting: changes, baseTree: baseTree, stat: stat, in: area)
    try area.flush()
    try index.lock()
    return index
  }

  /// Changes an index file that nobody else knows (`git_index_open`).
  private func edit(
    _ path: String, _ changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)],
    baseTree: ObjectID?, _ stat: (String) -> FileStat?, _ folder: String?
  ) throws(GitError) -> (former: [IndexEntry?], entries: [String: IndexEntry]) {
    let index = try Owned<IndexResource>(indexPath) { git_index_open($0, path) }
    if let baseTree {
      let tree = try treeHandle(baseTree)
      try check(git_index_read_tree(index.pointer, tree.pointer), baseTree.hex)
    }
    let former = try changes.map { change throws(GitError) in
      try Self.entry(at: change.path, in: index)
    }
    for (path, entry) in changes {
      // libgit2 looks at the form of a path only where an index belongs to a repository.
      _ = try Self.components(of: path)
      let flags = git_index_get_bypath(index.pointer, path, 0).map {
        ($0.pointee.flags, $0.pointee.flags_extended)
      }
      for stage in Int32(0)...3 where git_index_get_bypath(index.pointer, path, stage) != nil {
        if stage == 0, entry != nil { continue }
        try check(git_index_remove(index.pointer, path, stage), path)
      }
      guard let (id, mode) = entry else { continue }
      var new = git_index_entry()
      new.id = id.raw
      new.mode = mode.rawValue
      if let (flags, extended) = flags {
        new.flags = flags & UInt16(GIT_INDEX_ENTRY_VALID.rawValue)
        new.flags_extended = extended & UInt16(GIT_INDEX_ENTRY_SKIP_WORKTREE.rawValue)
      }
      if let stat = stat(path) { new.set(stat) }
      let status = path.withCString {
        new.path = $0
        // With a known ID nothing is hashed or written, unlike git_index_add_bypath.
        return git_index_add(index.pointer, &new)
      }
      try check(status, path)
    }
    try check(git_index_write(index.pointer), indexPath)
    let entries = try folder.map { folder throws(GitError) in try Self.entries(in: folder, index) }
    return (former, entries ?? [:])
  }

  /// Gives the new index the old one's time of change.
  ///
  /// git takes an entry for unchanged without reading the file only where the entry is older than
  /// the index. With a newer index, a file that was edited in the very moment in which the old one
  /// was written would look unchanged for ever.
  private static func keepTime(of old: stat, for path: String) throws(GitError) {
    let times = [old.st_atim, old.st_mtim]
    guard utimensat(AT_FDCWD, path, times, 0) == 0 else {
      throw FileSystem.error("set the time of", path)
    }
  }
}

extension git_index_entry {
  fileprivate mutating func set(_ stat: FileStat) {
    ctime.seconds = stat.changed.seconds
    ctime.nanoseconds = stat.changed.nanoseconds
    mtime.seconds = stat.modified.seconds
    mtime.nanoseconds = stat.modified.nanoseconds
    dev = stat.device
    ino = stat.inode
    uid = stat.user
    gid = stat.group
    file_size = stat.size
  }
}
