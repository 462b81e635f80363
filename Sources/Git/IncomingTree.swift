internal import CGit2

/// The files of a tree as a checkout of that tree would write them.
///
/// Which line ends a file gets is said by the `.gitattributes` that come with it, not by those in the
/// working tree. So this is a handle of its own, without a working tree, whose index is the tree.
public final class IncomingTree {
  private let repository: Repository
  // The handle does not own the index that it is given.
  private let index: Owned<IndexResource>

  /// Makes it of a tree and what changes there.
  ///
  /// - Parameters:
  ///   - tree: A tree that is on disk; nil for the empty one.
  ///   - changes: Paths, each with its entry, or nil where it goes.
  ///   - gitDirectory: The repository that has them.
  /// - Throws: ``GitError`` where it cannot be read.
  public init(
    _ tree: ObjectID?, setting changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)],
    of gitDirectory: String
  ) throws(GitError) {
    let repository = try Repository(opening: gitDirectory, isWithoutWorkingTree: true)
    let index = try Owned<IndexResource>(gitDirectory) { git_index_new($0) }
    try Self.fill(index, tree, changes, repository)
    try check(git_repository_set_index(repository.handle.pointer, index.pointer), gitDirectory)
    self.repository = repository
    self.index = index
  }

  private static func fill(
    _ index: borrowing Owned<IndexResource>, _ tree: ObjectID?,
    _ changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)],
    _ repository: borrowing Repository
  ) throws(GitError) {
    if let tree {
      let handle = try repository.treeHandle(tree)
      try check(git_index_read_tree(index.pointer, handle.pointer), tree.hex)
    }
    for (path, entry) in changes {
      guard let (id, mode) = entry else {
        if git_index_get_bypath(index.pointer, path, 0) != nil {
          try check(git_index_remove(index.pointer, path, 0), path)
        }
        continue
      }
      var new = git_index_entry()
      new.id = id.raw
      new.mode = mode.rawValue
      let status = path.withCString {
        new.path = $0
        return git_index_add(index.pointer, &new)
      }
      try check(status, path)
    }
  }

  /// What a file's content is in a working tree: line ends and `ident`.
  ///
  /// - Parameters:
  ///   - blob: The file's blob.
  ///   - path: Its path from the root.
  /// - Returns: The bytes; a driver that the attribute `filter` names is not run.
  /// - Throws: ``GitError`` where the blob or the attributes cannot be read.
  public func content(of blob: ObjectID, at path: String) throws(GitError) -> [UInt8] {
    try repository.contentAfterCheckout(try repository.blob(blob), path: path)
  }

  /// The blob as it is, without any conversion: a link's target.
  public func target(of blob: ObjectID) throws(GitError) -> [UInt8] { try repository.blob(blob) }

  /// An attribute of a path, as ``Repository/attribute(_:of:)``.
  public func attribute(_ name: String, of path: String) throws(GitError) -> AttributeValue {
    try repository.attribute(name, of: path)
  }
}
