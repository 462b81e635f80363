internal import CGit2

extension Repository {
  /// Whether the repository has an object.
  ///
  /// - Returns: False only when it is proven that it does not.
  /// - Throws: ``GitError/Code/unreadable`` where its file, or a pack that may hold it, cannot be
  ///   read.
  public func contains(_ id: ObjectID) throws(GitError) -> Bool {
    var raw = id.raw
    // git_odb_exists answers 0 for any failure.
    if git_odb_exists(database.pointer, &raw) == 1 { return true }
    return try lookAgain(for: id)
  }

  /// The size of a blob's content in bytes, read without the content.
  public func blobSize(_ id: ObjectID) throws(GitError) -> Int {
    let header = try header(of: id)
    guard header.type == GIT_OBJECT_BLOB else { throw Self.wrongType(id, "blob") }
    return header.size
  }

  /// The content of a blob.
  ///
  /// - Parameters:
  ///   - id: The blob.
  ///   - maximumSize: What is larger is not read into memory but refused.
  /// - Returns: All its bytes.
  /// - Throws: ``GitError/Code/notFound`` where the repository lacks the object,
  ///   ``GitError/Code/unreadable`` where it has it but cannot read it,
  ///   ``GitError/Code/tooLarge``.
  public func blob(_ id: ObjectID, maximumSize: Int? = nil) throws(GitError) -> [UInt8] {
    if let maximumSize {
      let size = try blobSize(id)
      guard size <= maximumSize else {
        throw GitError(
          .tooLarge, "the blob has \(size) bytes; at most \(maximumSize) are read", context: id.hex)
      }
    }
    return try content(id, GIT_OBJECT_BLOB)
  }

  /// The content of an object that must be of a type (`git_odb_read`).
  func content(_ id: ObjectID, _ type: git_object_t) throws(GitError) -> [UInt8] {
    if let object = held?[id], object.type == type { return object.content }
    let object = try object(DatabaseObjectResource.self, id) { [database = database.pointer] in
      git_odb_read($0, database, $1)
    }
    guard git_odb_object_type(object.pointer) == type else {
      throw Self.wrongType(id, text(git_object_type2string(type)) ?? "")
    }
    guard let start = git_odb_object_data(object.pointer) else { return [] }
    return Array(
      UnsafeRawBufferPointer(start: start, count: git_odb_object_size(object.pointer)))
  }

  /// Reads a commit (`git_commit_lookup`).
  public func commit(_ id: ObjectID) throws(GitError) -> Commit {
    let commit = try object(CommitResource.self, id) { [handle = handle.pointer] in
      git_commit_lookup($0, handle, $1)
    }
    guard let tree = git_commit_tree_id(commit.pointer)?.pointee,
      let author = git_commit_author(commit.pointer)?.pointee,
      let committer = git_commit_committer(commit.pointer)?.pointee
    else { throw GitError(.unreadable, "the commit is damaged", context: id.hex) }
    var parents: [ObjectID] = []
    for index in 0..<git_commit_parentcount(commit.pointer) {
      guard let parent = git_commit_parent_id(commit.pointer, index)?.pointee else {
        throw GitError(.unreadable, "the commit is damaged", context: id.hex)
      }
      parents.append(ObjectID(parent))
    }
    return Commit(
      id: id, tree: ObjectID(tree), parents: parents, author: Signature(author),
      committer: Signature(committer), message: text(git_commit_message(commit.pointer)) ?? "")
  }

  /// Reads a tree (`git_tree_lookup`).
  public func tree(_ id: ObjectID) throws(GitError) -> Tree {
    let tree = try treeHandle(id)
    let count = git_tree_entrycount(tree.pointer)
    var entries: [TreeEntry] = []
    entries.reserveCapacity(count)
    for index in 0..<count {
      guard let entry = git_tree_entry_byindex(tree.pointer, index),
        let name = git_tree_entry_name(entry), let target = git_tree_entry_id(entry)?.pointee,
        // libgit2 has turned odd modes of old repositories into one of the five.
        let mode = FileMode(rawValue: git_tree_entry_filemode(entry).rawValue)
      else { throw GitError(.unreadable, "the tree is damaged", context: id.hex) }
      entries.append(
        TreeEntry(rawName: Self.bytes(of: name), mode: mode, id: ObjectID(target)))
    }
    return Tree(id: id, entries: entries)
  }

  /// Looks a path up in a tree.
  ///
  /// - Parameters:
  ///   - path: Names separated by `/`, such as `deployments/bsc.json`.
  ///   - tree: The tree to start from.
  /// - Returns: The entry; nil only when a tree that was read does not have the name. Below what is
  ///   no tree (a file, a link, a submodule) there is nothing.
  /// - Throws: ``GitError`` where a tree on the way cannot be read.
  public func entry(at path: String, in tree: ObjectID) throws(GitError) -> TreeEntry? {
    let names = try Self.components(of: path)
    var folder = tree
    for (index, name) in names.enumerated() {
      let isLast = index == names.count - 1
      let handle = try treeHandle(folder)
      guard let found = Self.entry(named: name, in: handle) else { return nil }
      guard let mode = FileMode(rawValue: git_tree_entry_filemode(found).rawValue),
        let target = git_tree_entry_id(found)?.pointee
      else { throw GitError(.unreadable, "the tree is damaged", context: folder.hex) }
      if isLast { return TreeEntry(rawName: name, mode: mode, id: ObjectID(target)) }
      guard mode == .tree else { return nil }
      folder = ObjectID(target)
    }
    return nil
  }

  /// A name in a tree that was read (`git_tree_entry_byname` fails only where it is not there).
  private static func entry(
    named name: [UInt8], in tree: borrowing Owned<TreeResource>
  ) -> OpaquePointer? {
    (name + [0]).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        git_tree_entry_byname(tree.pointer, $0.baseAddress)
      }
    }
  }

  func treeHandle(_ id: ObjectID) throws(GitError) -> Owned<TreeResource> {
    try object(TreeResource.self, id) { [handle = handle.pointer] in
      git_tree_lookup($0, handle, $1)
    }
  }

  /// The names of a path; refused are those that git allows nowhere.
  static func components(of path: String) throws(GitError) -> [[UInt8]] {
    let names = try withoutNUL(path).utf8
      .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    let isRefused = names.contains { name in
      switch name.count {
      case 0...2: name.allSatisfy { $0 == UInt8(ascii: ".") }
      // Letters of either case, as on file systems that do not tell them apart.
      case 4: name.lazy.map { $0 | 0x20 }.elementsEqual(".git".utf8.lazy.map { $0 | 0x20 })
      default: false
      }
    }
    guard !isRefused else {
      throw GitError(.invalidSpec, "\"\(path)\" is not a path in a repository", context: path)
    }
    return names
  }

  static func bytes(of name: UnsafePointer<CChar>) -> [UInt8] {
    var length = 0
    while name[length] != 0 { length += 1 }
    return Array(UnsafeRawBufferPointer(start: name, count: length))
  }

  /// Reads an object, and says why where that fails.
  private func object<Kind>(
    _ kind: Kind.Type, _ id: ObjectID,
    _ read: (UnsafeMutablePointer<OpaquePointer?>, UnsafePointer<git_oid>) -> Int32
  ) throws(GitError) -> Owned<Kind> {
    var raw = id.raw
    do throws(GitError) {
      return try Owned<Kind>(id.hex) { read($0, &raw) }
    } catch {
      throw explained(error, id)
    }
  }

  /// The type and size of an object (`git_odb_read_header`).
  func header(of id: ObjectID) throws(GitError) -> (type: git_object_t, size: Int) {
    var raw = id.raw
    var size = 0
    var type = GIT_OBJECT_INVALID
    do throws(GitError) {
      try check(git_odb_read_header(&size, &type, database.pointer, &raw), id.hex)
      return (type, size)
    } catch {
      throw explained(error, id)
    }
  }

  static func wrongType(_ id: ObjectID, _ wanted: String) -> GitError {
    GitError(.invalid, "object \(id.short) is not a \(wanted)", context: id.hex)
  }
}
