internal import CGit2
internal import Glibc

extension Repository {
  /// Writes a blob and returns its name.
  ///
  /// - Parameters:
  ///   - bytes: Its content.
  ///   - base: A blob that it is an edit of, which helps where both go into one pack.
  /// - Returns: Its name.
  /// - Throws: ``GitError`` where it cannot be written.
  public func writeBlob(_ bytes: [UInt8], like base: ObjectID? = nil) throws(GitError) -> ObjectID {
    try writeObject(GIT_OBJECT_BLOB, bytes, like: base)
  }

  /// Begins to name a blob that is likely to be written, where that takes long enough to be done beside other work.
  ///
  /// - Parameter bytes: Its content, the very array that ``writeBlob(_:like:)`` gets.
  public func beginNaming(_ bytes: [UInt8]) { held?.expect(GIT_OBJECT_BLOB, bytes) }

  /// Writes a commit and moves no reference.
  ///
  /// The text is written here (gitformat-commit): libgit2 would write times as 32 bits, so that a
  /// deployment of the year 9999 would be one of 2106. Moving a reference is left to ``compareAndSwap(reference:from:to:logMessage:committer:)``:
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
    for id in [tree] + parents { try requireObject(id) }
    let text = try Self.commitText(
      tree: tree, parents: parents, author: try author.headerText(),
      committer: try committer.headerText(), message: message)
    return try writeObject(GIT_OBJECT_COMMIT, text)
  }

  /// The text of a commit.
  static func commitText(
    tree: ObjectID, parents: [ObjectID], author: String, committer: String, message: String
  ) throws(GitError) -> [UInt8] {
    var text = Array("tree \(tree.hex)\n".utf8)
    for parent in parents { text += "parent \(parent.hex)\n".utf8 }
    text += "author \(author)\ncommitter \(committer)\n\n".utf8
    text += try withoutNUL(message).utf8
    return text
  }

  /// Makes sure that an object is there.
  func requireObject(_ id: ObjectID) throws(GitError) {
    if held?.has(id) != true { _ = try header(of: id) }
  }

  /// Writes an object; where objects are held in memory it waits there.
  ///
  /// - Parameters:
  ///   - type: What it is.
  ///   - bytes: Its content.
  ///   - base: An object that it is an edit of.
  /// - Returns: Its name.
  /// - Throws: ``GitError`` where it cannot be written.
  func writeObject(_ type: git_object_t, _ bytes: [UInt8], like base: ObjectID? = nil)
    throws(GitError) -> ObjectID
  {
    // Not by git_odb_write, which would look for the object in all packs first.
    if let held { return try held.add(type, bytes, like: base) }
    return try written { [database = database.pointer] () throws(GitError) in
      var raw = git_oid()
      try check(git_odb_write(&raw, database, bytes, bytes.count, type))
      return ObjectID(raw)
    }
  }

  /// Runs a body that writes an object, and proves that the object can be read back.
  ///
  /// libgit2 reports success where a file of the object's name is there already, even the empty
  /// one that a power cut leaves; such a file is removed, and the object written again.
  private func written(_ write: () throws(GitError) -> ObjectID) throws(GitError) -> ObjectID {
    let id = try write()
    do throws(GitError) {
      _ = try header(of: id)
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
    _ = try header(of: again)
    return again
  }
}
