internal import CGit2
internal import Glibc

/// libgit2 says `GIT_ENOTFOUND` for an object that it failed to read (no permission, no file handle
/// left, an empty file), too. Here is the second look that tells the two apart.
extension Repository {
  /// The error of a failed read: "not found" only when the object is proven absent.
  func explained(_ error: GitError, _ id: ObjectID) -> GitError {
    if error.code == .forbidden { return error.with(code: .unreadable) }
    guard error.code == .notFound else { return error }
    let isThere: Bool
    do throws(GitError) {
      isThere = try lookAgain(for: id)
    } catch {
      return error
    }
    // What is there and yet was not found under its type has another one.
    if isThere { return error.with(code: .invalid) }
    return error.with(
      message: isShallow
        ? "object \(id.hex) is not in this shallow clone; get the rest of its history with: git "
          + "fetch --unshallow"
        : "object \(id.hex) is not in the repository")
  }

  /// Which of some objects are not on disk, or cannot be read there.
  ///
  /// A repository remembers objects that it has read, and answers from memory after another program
  /// has pruned them; this looks past that memory, for a writer who must know that what it is about
  /// to call saved is there (`git_odb_open`).
  public func missing(_ ids: [ObjectID]) throws(GitError) -> [ObjectID] {
    let folder = commonDirectory + "/objects"
    let fresh = try Owned<ObjectDatabaseResource>(folder) { git_odb_open($0, folder) }
    var missing: [ObjectID] = []
    for id in ids {
      var raw = id.raw
      var size = 0
      var type = GIT_OBJECT_INVALID
      do throws(GitError) {
        try check(git_odb_read_header(&size, &type, fresh.pointer, &raw), id.hex)
      } catch {
        missing.append(id)
      }
    }
    return missing
  }

  /// Whether an object is there that libgit2 did not find.
  ///
  /// - Returns: False only if every place where it may be was read and does not have it.
  func lookAgain(for id: ObjectID) throws(GitError) -> Bool {
    let hex = id.hex
    for folder in try objectFolders() {
      let loose = "\(folder)/\(hex.prefix(2))/\(hex.dropFirst(2))"
      if let status = try FileSystem.status(loose) {
        try Self.proveReadable(loose)
        if status.st_size > 0 { return true }
        throw GitError(
          .unreadable, "object \(id.short) is an empty file, \(loose), as a crash leaves it",
          category: .objectDatabase, context: hex)
      }
      for name in try FileSystem.names(in: "\(folder)/pack") ?? [] {
        guard name.hasSuffix(".idx") || name.hasSuffix(".pack") else { continue }
        try Self.proveReadable("\(folder)/pack/\(name)")
      }
    }
    var raw = id.raw
    // In a pack, of another type than was asked for, or written since.
    return git_odb_exists(database.pointer, &raw) == 1
  }

  private static func proveReadable(_ path: String) throws(GitError) {
    // A pack that a repacking has just removed holds nothing any more.
    guard let problem = try FileSystem.reasonUnreadable(path) else { return }
    throw GitError(
      .unreadable, "cannot read \(path): \(problem)", category: .system, context: path)
  }

  /// The object folders of the repository: its own and those that it borrows from.
  private func objectFolders() throws(GitError) -> [String] {
    var folders = [commonDirectory + "/objects"]
    var next = 0
    // git follows five levels of borrowing.
    while next < folders.count, folders.count < 100 {
      let folder = folders[next]
      next += 1
      let list = try FileSystem.content("\(folder)/info/alternates") ?? []
      for line in list.split(separator: UInt8(ascii: "\n")) {
        let path = String(decoding: line, as: UTF8.self)
        if path.isEmpty || path.hasPrefix("#") { continue }
        let absolute = path.hasPrefix("/") ? path : "\(folder)/\(path)"
        if !folders.contains(absolute) { folders.append(absolute) }
      }
    }
    return folders
  }

  /// The file of a loose object in the repository's own store.
  func looseFile(of id: ObjectID) -> String {
    let hex = id.hex
    return "\(commonDirectory)/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }
}
