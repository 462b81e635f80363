internal import CGit2

/// Where trees are read and written.
protocol TreeStore: ~Copyable {
  /// The text of a tree.
  func treeText(_ id: ObjectID) throws(GitError) -> TreeText
  /// Writes a tree that is an edit of another.
  func write(_ tree: TreeText, like base: ObjectID?) throws(GitError) -> ObjectID
  /// Makes sure that an object is there.
  func requireObject(_ id: ObjectID) throws(GitError)
}

extension Repository: TreeStore {
  func treeText(_ id: ObjectID) throws(GitError) -> TreeText {
    TreeText(try content(id, GIT_OBJECT_TREE))
  }

  func write(_ tree: TreeText, like base: ObjectID?) throws(GitError) -> ObjectID {
    try writeObject(GIT_OBJECT_TREE, tree.bytes, like: base)
  }

  /// Writes a tree that differs from another in some paths only.
  ///
  /// Only the trees on the way to those paths are written again; every other entry stays as it is, odd
  /// modes and names included.
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
    try edit(base, changes)
  }
}

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

extension TreeStore where Self: ~Copyable {
  /// Writes a tree that differs from another in some paths only (``Repository/writeTree(_:replacing:)``).
  func edit(
    _ base: ObjectID?, _ changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)]
  ) throws(GitError) -> ObjectID {
    var change = TreeChange()
    for (path, entry) in changes {
      try change.add(try Repository.components(of: path)[...], entry, path: path)
    }
    let tree = try applied(change, to: base, folder: "")
    return try write(tree, like: base)
  }

  private func applied(_ change: TreeChange, to base: ObjectID?, folder: String) throws(GitError)
    -> TreeText
  {
    var tree = TreeText()
    if let base { tree = try treeText(base) }
    for (name, action) in change.actions {
      // Only errors and folders need it.
      var path: String {
        let text = String(decoding: name, as: UTF8.self)
        return folder.isEmpty ? text : "\(folder)/\(text)"
      }
      let old = try tree.entry(name)
      switch action {
      case .set(let id, let mode):
        if let old, (old.mode == .tree) != (mode == .tree) || old.mode == .submodule {
          throw GitError(
            .directory, "\"\(path)\" is a \(old.mode) in the repository and is not replaced",
            category: .tree, context: path)
        }
        if mode != .submodule { try requireObject(id) }
        try tree.set(name, id, mode)
      case .remove:
        guard let old else { continue }
        guard old.mode != .tree, old.mode != .submodule else {
          throw GitError(
            .directory, "\"\(path)\" is a \(old.mode) in the repository and is not removed",
            category: .tree, context: path)
        }
        tree.remove(old)
      case .descend(let below):
        if let old, old.mode != .tree {
          throw GitError(
            .conflict, "\"\(path)\" is a \(old.mode) in the repository, not a folder",
            category: .tree, context: path)
        }
        let inner = try applied(below, to: old?.id, folder: path)
        if !inner.isEmpty {
          try tree.set(name, try write(inner, like: old?.id), .tree)
        } else if let old {
          tree.remove(old)
        }
      }
    }
    return tree
  }
}
