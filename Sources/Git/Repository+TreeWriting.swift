internal import CGit2

/// What becomes of the names of one tree.
private struct TreeChange {
  enum Action {
    case set(ObjectID, FileMode)
    case remove
    case descend(TreeChange)
  }

  /// By the bytes of the name: Swift's `String` takes two spellings of a letter for one.
  var actions: [[UInt8]: Action] = [:]

  mutating func add(
    _ names: ArraySlice<[UInt8]>, _ entry: (id: ObjectID, mode: FileMode)?, path: String
  ) throws(GitError) {
    guard let name = names.first else { return }
    if names.count == 1 {
      guard actions[name] == nil else { throw Self.contradiction(path) }
      actions[name] = entry.map { .set($0.id, $0.mode) } ?? .remove
      return
    }
    var below = TreeChange()
    switch actions[name] {
    case nil: break
    case .descend(let change)?: below = change
    case .set?, .remove?: throw Self.contradiction(path)
    }
    try below.add(names.dropFirst(), entry, path: path)
    actions[name] = .descend(below)
  }

  private static func contradiction(_ path: String) -> GitError {
    GitError(.invalidSpec, "\"\(path)\" is changed twice, or as a file and a folder", context: path)
  }
}

extension Repository {
  /// Writes a tree that differs from another in some paths only.
  ///
  /// Only the trees on the way to those paths are written again (`git_treebuilder_write`); every
  /// other entry stays as it is, odd modes and names included.
  ///
  /// - Parameters:
  ///   - base: The tree to start from; nil for the empty one.
  ///   - changes: Paths, each with its new entry, or nil to remove what is there. A folder that
  ///     becomes empty goes. Removing what is not there changes nothing.
  /// - Returns: The tree; the empty tree's name where nothing is left.
  /// - Throws: ``GitError/Code/directory`` where a file would take a folder's place,
  ///   ``GitError/Code/conflict`` where a path leads through a file, link or submodule.
  public func writeTree(
    _ base: ObjectID?, replacing changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)]
  ) throws(GitError) -> ObjectID {
    var change = TreeChange()
    for (path, entry) in changes {
      try change.add(try Self.components(of: path)[...], entry, path: path)
    }
    let builder = try treeBuilder(base)
    try apply(change, to: builder, folder: "")
    return try write(builder)
  }

  private func apply(
    _ change: TreeChange, to builder: borrowing Owned<TreeBuilderResource>, folder: String
  ) throws(GitError) {
    for (name, action) in change.actions {
      let text = String(decoding: name, as: UTF8.self)
      let path = folder.isEmpty ? text : "\(folder)/\(text)"
      let old = try Self.entry(text, in: builder)
      switch action {
      case .set(let id, let mode):
        if let old, (old.mode == .tree) != (mode == .tree) || old.mode == .submodule {
          throw GitError(
            .directory, "\"\(path)\" is a \(old.mode) in the repository and is not replaced",
            category: .tree, context: path)
        }
        try Self.insert(text, id, mode, into: builder, path: path)
      case .remove:
        guard let old else { continue }
        guard old.mode != .tree, old.mode != .submodule else {
          throw GitError(
            .directory, "\"\(path)\" is a \(old.mode) in the repository and is not removed",
            category: .tree, context: path)
        }
        try check(git_treebuilder_remove(builder.pointer, text), path)
      case .descend(let below):
        if let old, old.mode != .tree {
          throw GitError(
            .conflict, "\"\(path)\" is a \(old.mode) in the repository, not a folder",
            category: .tree, context: path)
        }
        let inner = try treeBuilder(old?.id)
        try apply(below, to: inner, folder: path)
        if git_treebuilder_entrycount(inner.pointer) > 0 {
          try Self.insert(text, try write(inner), .tree, into: builder, path: path)
        } else if old != nil {
          try check(git_treebuilder_remove(builder.pointer, text), path)
        }
      }
    }
  }

  private func treeBuilder(_ base: ObjectID?) throws(GitError) -> Owned<TreeBuilderResource> {
    guard let base else {
      return try Owned { git_treebuilder_new($0, handle.pointer, nil) }
    }
    let tree = try treeHandle(base)
    return try Owned(base.hex) { git_treebuilder_new($0, handle.pointer, tree.pointer) }
  }

  private func write(_ builder: borrowing Owned<TreeBuilderResource>) throws(GitError) -> ObjectID {
    let pointer = builder.pointer
    return try written { () throws(GitError) in
      var raw = git_oid()
      try check(git_treebuilder_write(&raw, pointer))
      return ObjectID(raw)
    }
  }

  private static func entry(
    _ name: String, in builder: borrowing Owned<TreeBuilderResource>
  ) throws(GitError) -> (id: ObjectID, mode: FileMode)? {
    // Null means only that the builder lacks the name.
    guard let entry = git_treebuilder_get(builder.pointer, name) else { return nil }
    guard let id = git_tree_entry_id(entry)?.pointee,
      let mode = FileMode(rawValue: git_tree_entry_filemode(entry).rawValue)
    else { throw GitError(.unreadable, "the tree is damaged", context: name) }
    return (ObjectID(id), mode)
  }

  /// Sets a name; libgit2 checks that the object is there (strict object creation).
  private static func insert(
    _ name: String, _ id: ObjectID, _ mode: FileMode,
    into builder: borrowing Owned<TreeBuilderResource>, path: String
  ) throws(GitError) {
    var raw = id.raw
    try check(
      git_treebuilder_insert(
        nil, builder.pointer, name, &raw, git_filemode_t(rawValue: mode.rawValue)), path)
  }
}
