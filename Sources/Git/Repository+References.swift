internal import CGit2

extension Repository {
  /// Whether a text can be the full name of a reference (`git_reference_name_is_valid`).
  public static func isValidReferenceName(_ name: String) throws(GitError) -> Bool {
    try Library.initialise()
    var isValid: Int32 = 0
    try check(git_reference_name_is_valid(&isValid, try withoutNUL(name)), name)
    return isValid == 1
  }

  /// What HEAD names.
  public func head() throws(GitError) -> Head {
    let name = "HEAD"
    let reference = try Owned<ReferenceResource>(name) {
      git_reference_lookup($0, handle.pointer, name)
    }
    if let target = text(git_reference_symbolic_target(reference.pointer)) {
      return .branch(name: target, target: try self.target(ofReference: target))
    }
    guard let id = git_reference_target(reference.pointer)?.pointee else {
      throw GitError(.unreadable, "HEAD names neither a branch nor a commit", context: name)
    }
    return .detached(ObjectID(id))
  }

  /// The object that a reference names, symbolic references followed.
  ///
  /// - Parameter name: The full name, such as `refs/heads/main` or `HEAD`.
  /// - Returns: The object; nil only when it is proven that the reference, or the one that it
  ///   leads to, does not exist.
  /// - Throws: ``GitError`` where a reference cannot be read, or leads in a circle.
  public func target(ofReference name: String) throws(GitError) -> ObjectID? {
    var name = try withoutNUL(name)
    // git follows five links.
    for _ in 0..<6 {
      guard let reference = try lookUp(name) else { return nil }
      if let id = git_reference_target(reference.pointer)?.pointee { return ObjectID(id) }
      guard let next = text(git_reference_symbolic_target(reference.pointer)) else { break }
      name = next
    }
    throw GitError(
      .invalid, "the reference leads to no object but to ever more references",
      category: .reference, context: name)
  }

  /// A reference (`git_reference_lookup`); nil only where it is proven absent.
  private func lookUp(_ name: String) throws(GitError) -> Owned<ReferenceResource>? {
    do throws(GitError) {
      return try Owned(name) { git_reference_lookup($0, handle.pointer, name) }
    } catch {
      guard error.code == .notFound else { throw error }
    }
    // The second look, as "not found" is also what some failures look like.
    for folder in Set([gitDirectory, commonDirectory]) {
      let file = FileSystem.join(folder, name)
      guard try FileSystem.status(file) != nil, try !FileSystem.isFolder(file) else { continue }
      // Either it has just been made, or it cannot be read; a second failure is an error.
      return try Owned(name) { git_reference_lookup($0, handle.pointer, name) }
    }
    _ = try FileSystem.firstLine(FileSystem.join(commonDirectory, "packed-refs"))
    return nil
  }

  /// Moves a reference if it is still where the caller saw it (`git_reference_create_matching`).
  ///
  /// - Parameters:
  ///   - name: The full name, such as `refs/heads/main`; not a symbolic reference.
  ///   - old: Where the reference must be; nil if it must not exist.
  ///   - new: Where it goes.
  ///   - logMessage: The line for the reflog.
  ///   - committer: Who moves it, for the reflog; no configuration is needed.
  /// - Throws: ``GitError/Code/modified`` where it is elsewhere, ``GitError/Code/locked`` where
  ///   another program holds its lock file.
  public func compareAndSwap(
    reference name: String, from old: ObjectID?, to new: ObjectID, logMessage: String,
    committer: Signature
  ) throws(GitError) {
    let name = try withoutNUL(name)
    let logMessage = try withoutNUL(logMessage)
    try check(
      git_repository_set_ident(
        handle.pointer, try withoutNUL(committer.name), try withoutNUL(committer.email)), name)
    defer { git_repository_set_ident(handle.pointer, nil, nil) }
    var newID = new.raw
    // The zero ID matches only a reference that does not exist.
    var oldID = (old ?? .zero).raw
    do throws(GitError) {
      _ = try Owned<ReferenceResource>(name) {
        git_reference_create_matching($0, handle.pointer, name, &newID, 1, &oldID, logMessage)
      }
    } catch {
      guard error.code == .notFound, old != nil, try target(ofReference: name) == nil else {
        throw error
      }
      throw error.with(
        code: .modified, message: "reference \(name) does not exist any more", context: name)
    }
  }

  /// The full names of the references that fit a pattern, sorted.
  ///
  /// - Parameter pattern: For example `refs/heads/*` or `refs/tags/*`; `*` also fits `/`.
  /// - Returns: The names, in the order of their bytes.
  /// - Throws: ``GitError`` where references cannot be listed.
  public func references(matching pattern: String) throws(GitError) -> [String] {
    let pattern = try withoutNUL(pattern)
    let iterator = try Owned<ReferenceIteratorResource>(pattern) {
      git_reference_iterator_glob_new($0, handle.pointer, pattern)
    }
    var names: [String] = []
    while true {
      var name: UnsafePointer<CChar>?
      let status = git_reference_next_name(&name, iterator.pointer)
      if status == GIT_ITEROVER.rawValue {
        git_error_clear()
        return names.sorted()
      }
      try check(status, pattern)
      if let name = text(name) { names.append(name) }
    }
  }
}
