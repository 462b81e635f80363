internal import CGit2

/// What git does to a file's content between the repository and the working tree.
public struct ContentConversion: Hashable, Sendable {
  /// The attribute that has the content converted by a program or into another encoding, such as
  /// `filter=lfs`; nil where none does.
  public let program: String?
  /// Whether `$Id$` is expanded.
  public let expandsIdent: Bool
  /// Whether nothing is converted, whatever the content; else that depends on the content, and on whether
  /// it has carriage returns.
  public let isNone: Bool
}

extension Repository {
  /// Whether git would ignore a path that it does not track yet.
  ///
  /// - Parameter path: Relative to the working directory.
  /// - Returns: Whether a rule ignores it, or a folder that holds it.
  /// - Throws: ``GitError`` where rules cannot be read.
  public func isIgnored(_ path: String) throws(GitError) -> Bool {
    var result: Int32 = 0
    try check(
      git_ignore_path_is_ignored(&result, handle.pointer, try withoutNUL(path)), path)
    return result == 1
  }

  /// An attribute that `.gitattributes` and their like give a path (`git_attr_get`).
  ///
  /// - Parameters:
  ///   - name: For example `filter`.
  ///   - path: Relative to the working directory.
  /// - Returns: Its value, by the last rule that fits.
  /// - Throws: ``GitError`` where rules cannot be read.
  public func attribute(_ name: String, of path: String) throws(GitError) -> AttributeValue {
    var value: UnsafePointer<CChar>?
    try check(
      git_attr_get(
        &value, handle.pointer, UInt32(GIT_ATTR_CHECK_FILE_THEN_INDEX), try withoutNUL(path),
        try withoutNUL(name)), path)
    return AttributeValue(value)
  }

  /// What git does to a file's content on its way between the repository and the working tree, by
  /// `.gitattributes` and their like and by `core.autocrlf`.
  ///
  /// The rules are looked up once (`git_attr_get_many`).
  ///
  /// - Parameter path: Relative to the working directory.
  /// - Returns: What is to be known of it.
  /// - Throws: ``GitError`` where rules or configuration cannot be read.
  public func conversion(of path: String) throws(GitError) -> ContentConversion {
    var names: [UnsafePointer<CChar>?] = [
      "filter", "working-tree-encoding", "ident", "text", "eol", "crlf",
    ].map { (name: StaticString) in
      UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
    var values = [UnsafePointer<CChar>?](repeating: nil, count: names.count)
    try check(
      git_attr_get_many(
        &values, handle.pointer, UInt32(GIT_ATTR_CHECK_FILE_THEN_INDEX), try withoutNUL(path),
        names.count, &names), path)
    let attributes = values.map { AttributeValue($0) }
    var program: String?
    for (name, attribute) in zip(["filter", "working-tree-encoding"], attributes) {
      if program == nil, case .value(let value) = attribute { program = "\(name)=\(value)" }
    }
    let isPlain = attributes.allSatisfy { $0 == .unspecified }
    let lineEnds = isPlain ? try configuration("core.autocrlf")?.lowercased() : nil
    return ContentConversion(
      program: program, expandsIdent: attributes[2] == .set,
      isNone: isPlain && [nil, "false"].contains(lineEnds))
  }

  /// What a working file's content becomes in the repository: line ends and `ident` of git itself.
  ///
  /// A driver that the attribute `filter` names (Git LFS, for one) is not run; see
  /// ``attribute(_:of:)``. Of several `$Id$` in one file libgit2 converts the first only.
  public func contentAfterCheckin(_ bytes: [UInt8], path: String) throws(GitError) -> [UInt8] {
    try filtered(bytes, path: path, GIT_FILTER_TO_ODB)
  }

  /// What a blob's content becomes in the working directory; the reverse of
  /// ``contentAfterCheckin(_:path:)``.
  ///
  /// Only for content that is a blob of the repository does `ident` write its ID.
  public func contentAfterCheckout(_ bytes: [UInt8], path: String) throws(GitError) -> [UInt8] {
    try filtered(bytes, path: path, GIT_FILTER_TO_WORKTREE)
  }

  private func hasFilter(_ path: String, _ mode: git_filter_mode_t) throws(GitError) -> Bool {
    var list: OpaquePointer?
    let flags = GIT_FILTER_ALLOW_UNSAFE.rawValue
    try check(git_filter_list_load(&list, handle.pointer, nil, path, mode, flags), path)
    git_filter_list_free(list)
    return list != nil
  }

  private func filtered(
    _ content: [UInt8], path: String, _ mode: git_filter_mode_t
  ) throws(GitError) -> [UInt8] {
    let path = try withoutNUL(path)
    // Most files have no filter: then there is nothing to hash and to look up.
    guard try hasFilter(path, mode) else { return content }
    var blob: OpaquePointer?
    defer { git_blob_free(blob) }
    if mode == GIT_FILTER_TO_WORKTREE {
      let id = try ObjectID.blob(content)
      var raw = id.raw
      if try contains(id) { try check(git_blob_lookup(&blob, handle.pointer, &raw), id.hex) }
    }
    var list: OpaquePointer?
    // The caller compares; core.safecrlf is about files that a user adds.
    let flags = GIT_FILTER_ALLOW_UNSAFE.rawValue
    try check(git_filter_list_load(&list, handle.pointer, blob, path, mode, flags), path)
    // Null: no filter applies.
    guard let list else { return content }
    defer { git_filter_list_free(list) }
    return try Git.bytes(path) { out in
      if let blob { return git_filter_list_apply_to_blob(out, list, blob) }
      return content.withUnsafeBytes {
        git_filter_list_apply_to_buffer(
          out, list, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
      }
    }
  }
}
