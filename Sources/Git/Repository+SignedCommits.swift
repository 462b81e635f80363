internal import CGit2

extension Repository {
  /// Writes a commit with a signature, and moves no reference.
  ///
  /// - Parameters:
  ///   - tree: What the commit records; it must exist, as must the parents.
  ///   - parents: The commits that it follows, the branch's own first.
  ///   - author: Who made the change, and when.
  ///   - committer: Who makes the commit, and when.
  ///   - message: Taken as it is; by convention it ends with a newline.
  ///   - sign: Makes the signature of the commit's text, in armour (gitformat-signature).
  /// - Returns: The commit, which is proven to be readable.
  /// - Throws: ``GitError`` where an object is missing or the commit cannot be written, and what `sign`
  ///   throws.
  public func writeCommit(
    tree: ObjectID, parents: [ObjectID], author: Signature, committer: Signature, message: String,
    sign: ([UInt8]) throws -> String
  ) throws -> ObjectID {
    let message = try withoutNUL(message)
    for id in [tree] + parents { try requireObject(id) }
    let lines =
      ["tree \(tree.hex)"] + parents.map { "parent \($0.hex)" }
      + ["author \(try author.headerText())", "committer \(try committer.headerText())"]
    let head = lines.map { $0 + "\n" }.joined()
    let signature = try sign(Array((head + "\n" + message).utf8))
    // Lines after the first are told to go on by a space.
    let folded = signature.split(separator: "\n", omittingEmptySubsequences: false)
      .reversed().drop { $0.isEmpty }.reversed().joined(separator: "\n ")
    let text = Array((head + "gpgsig \(folded)\n\n" + message).utf8)
    return try writeObject(GIT_OBJECT_COMMIT, text)
  }
}
