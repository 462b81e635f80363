internal import CGit2
internal import Glibc

extension Repository {
  /// Writes a blob and returns its name (`git_blob_create_from_buffer`).
  public func writeBlob(_ bytes: [UInt8]) throws(GitError) -> ObjectID {
    try written { [handle = handle.pointer] () throws(GitError) in
      var raw = git_oid()
      try check(git_blob_create_from_buffer(&raw, handle, bytes, bytes.count))
      return ObjectID(raw)
    }
  }

  /// Writes a commit and moves no reference (`git_commit_create_from_ids`).
  ///
  /// Moving a reference is left to ``compareAndSwap(reference:from:to:logMessage:committer:)``:
  /// libgit2's commit call can report success where the reference did not move.
  ///
  /// - Parameters:
  ///   - tree: What the commit records; it must exist, as must the parents.
  ///   - parents: The commits that it follows, the branch's own first.
  ///   - author: Who made the change, and when.
  ///   - committer: Who makes the commit, and when.
  ///   - message: Taken as it is; by convention it ends with a newline.
  /// - Returns: The commit, which is proven to be readable.
  /// - Throws: ``GitError`` where an object is missing or the commit cannot be written.
  public func writeCommit(
    tree: ObjectID, parents: [ObjectID], author: Signature, committer: Signature, message: String
  ) throws(GitError) -> ObjectID {
    let message = try withoutNUL(message)
    guard max(author.time, committer.time) <= Int64(UInt32.max) else {
      return try writeCommitText(
        tree: tree, parents: parents, author: author, committer: committer, message: message)
    }
    return try written { [handle = handle.pointer] () throws(GitError) in
      try author.withRaw { author throws(GitError) in
        try committer.withRaw { committer throws(GitError) in
          try Self.commit(
            handle, tree: tree, parents: parents, author: author, committer: committer,
            message: message)
        }
      }
    }
  }

  /// Writes a commit's text as it is (gitformat-commit): libgit2 writes times as 32 bits, so that a
  /// deployment of the year 9999 would be one of 2106.
  private func writeCommitText(
    tree: ObjectID, parents: [ObjectID], author: Signature, committer: Signature, message: String
  ) throws(GitError) -> ObjectID {
    for id in [tree] + parents { _ = try header(of: id) }
    let lines =
      ["tree \(tree.hex)"] + parents.map { "parent \($0.hex)" }
      + ["author \(try author.headerText())", "committer \(try committer.headerText())", ""]
    let text = Array((lines.map { $0 + "\n" }.joined() + message).utf8)
    return try written { [handle = handle.pointer] () throws(GitError) in
      var raw = git_oid()
      let database = try Owned<ObjectDatabaseResource> { git_repository_odb($0, handle) }
      try check(git_odb_write(&raw, database.pointer, text, text.count, GIT_OBJECT_COMMIT))
      return ObjectID(raw)
    }
  }

  private static func commit(
    _ handle: OpaquePointer, tree: ObjectID, parents: [ObjectID],
    author: UnsafePointer<git_signature>, committer: UnsafePointer<git_signature>, message: String
  ) throws(GitError) -> ObjectID {
    var raw = git_oid()
    var tree = tree.raw
    let parents = parents.map(\.raw)
    let status = parents.withUnsafeBufferPointer { buffer in
      var pointers = buffer.indices.map { index in buffer.baseAddress.map { $0 + index } }
      return git_commit_create_from_ids(
        &raw, handle, nil, author, committer, nil, message, &tree, buffer.count, &pointers)
    }
    try check(status)
    return ObjectID(raw)
  }

  /// Runs a body that writes an object, and proves that the object can be read back.
  ///
  /// libgit2 reports success where a file of the object's name is there already, even the empty
  /// one that a power cut leaves; such a file is removed, and the object written again.
  func written(
    _ write: () throws(GitError) -> ObjectID
  ) throws(GitError) -> ObjectID {
    let id = try write()
    do throws(GitError) {
      let size = try header(of: id).size
      held?.note(id, size: size)
      return id
    } catch {
      let file = looseFile(of: id)
      guard let status = try FileSystem.status(file), status.st_size == 0 else {
        // libgit2 says success as well where a full disk kept it from writing the file.
        throw error.with(
          message: "object \(id.short) could not be written, perhaps for want of space; free some "
            + "and try again")
      }
      try FileSystem.remove(file)
    }
    let again = try write()
    let size = try header(of: again).size
    held?.note(again, size: size)
    return again
  }
}
