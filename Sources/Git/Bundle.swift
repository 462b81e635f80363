internal import CGit2
internal import Glibc

/// A git bundle: references and a pack in one file (gitformat-bundle), as `git clone FILE` reads it.
public struct Bundle: Hashable, Sendable {
  /// A name in a bundle.
  public struct Reference: Hashable, Sendable {
    /// The full name, or `HEAD`.
    public let name: String
    /// The commit.
    public let id: ObjectID
  }

  /// Commits that must be there already; none in a complete bundle.
  public let prerequisites: [ObjectID]
  /// What the bundle has, by name.
  public let references: [Reference]
  private let packStart: Int
  private let content: [UInt8]

  /// Reads a bundle's beginning.
  ///
  /// - Parameters:
  ///   - content: The whole file.
  ///   - name: What it is called in errors.
  /// - Throws: ``GitError/Code/badContent`` where it is no bundle.
  public init(parsing content: [UInt8], name: String) throws(GitError) {
    var rest = content[...]
    func line() -> String? {
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      defer { rest = rest[(end + 1)...] }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
    guard let first = line(), ["# v2 git bundle", "# v3 git bundle"].contains(first) else {
      throw GitError(.badContent, "\(name) is no git bundle", context: name)
    }
    var (prerequisites, references): ([ObjectID], [Reference]) = ([], [])
    while true {
      guard let line = line() else {
        throw GitError(.badContent, "\(name) is cut off", context: name)
      }
      if line.isEmpty { break }
      if line.hasPrefix("@") {
        guard line == "@object-format=sha1" else {
          throw GitError(
            .badContent, "\(name) needs a newer program (\(line.dropFirst()))", context: name)
        }
      } else if line.hasPrefix("-"), let id = ObjectID(hex: String(line.dropFirst().prefix(40))) {
        prerequisites.append(id)
      } else if let id = ObjectID(hex: String(line.prefix(40))), line.utf8.count > 41 {
        references.append(Reference(name: String(line.dropFirst(41)), id: id))
      } else {
        throw GitError(.badContent, "\(name) has a line that bundles do not have", context: name)
      }
    }
    self.prerequisites = prerequisites
    self.references = references
    self.content = content
    packStart = rest.startIndex
  }

  /// Puts the objects where they can be looked at (`git_odb_write_pack`).
  ///
  /// - Parameter quarantine: Where they go; its repository must have the prerequisites.
  /// - Throws: ``GitError/Code/notFound`` where a prerequisite is missing,
  ///   ``GitError/Code/badContent`` where the pack is damaged.
  public func unpack(into quarantine: Quarantine) throws(GitError) {
    let repository = try Repository(opening: quarantine.path)
    for id in prerequisites where try !repository.contains(id) {
      throw GitError(
        .notFound, "commit \(id.short), on which the bundle builds, is not here", context: id.hex)
    }
    do throws(GitError) {
      var writer: UnsafeMutablePointer<git_odb_writepack>?
      try check(git_odb_write_pack(&writer, repository.database.pointer, nil, nil))
      guard let writer else { throw GitError(.failed, "the pack cannot be written") }
      defer { writer.pointee.free(writer) }
      var progress = git_indexer_progress()
      let pack = content[packStart...]
      let status = pack.withUnsafeBytes {
        writer.pointee.append(writer, $0.baseAddress, $0.count, &progress)
      }
      try check(status)
      try check(writer.pointee.commit(writer, &progress))
    } catch {
      throw GitError(
        .badContent, "the bundle's pack is damaged: \(error.message)", category: error.category)
    }
  }
}

extension Repository {
  /// A bundle of a commit and all that leads to it.
  ///
  /// - Parameters:
  ///   - commit: The commit.
  ///   - reference: The name that it gets; HEAD gets it as well, so that a clone checks it out.
  ///   - known: Commits that whoever reads it has; these and their ancestors are left out.
  /// - Returns: The file's content.
  /// - Throws: ``GitError`` where an object cannot be read.
  public func bundle(
    _ commit: ObjectID, as reference: String, since known: [ObjectID]
  ) throws -> [UInt8] {
    var header = "# v2 git bundle\n"
    for id in known {
      header += "-\(id.hex) \(try self.commit(id).subject)\n"
    }
    header += "\(commit.hex) \(reference)\n\(commit.hex) HEAD\n\n"
    let builder = try Owned<PackBuilderResource>(commit.hex) {
      git_packbuilder_new($0, handle.pointer)
    }
    let walker = try Owned<RevisionWalkResource> { git_revwalk_new($0, handle.pointer) }
    var raw = commit.raw
    try check(git_revwalk_push(walker.pointer, &raw), commit.hex)
    for id in known {
      var raw = id.raw
      try check(git_revwalk_hide(walker.pointer, &raw), id.hex)
    }
    try check(git_packbuilder_insert_walk(builder.pointer, walker.pointer), commit.hex)
    let pack = try Git.bytes(commit.hex) { git_packbuilder_write_buf($0, builder.pointer) }
    return Array(header.utf8) + pack
  }

  /// Names a branch as HEAD (`git_repository_set_head`), and touches no file.
  ///
  /// - Parameter branch: The full reference.
  /// - Throws: ``GitError`` where HEAD cannot be written.
  public func setHead(_ branch: String) throws(GitError) {
    try check(git_repository_set_head(handle.pointer, try withoutNUL(branch)), branch)
  }

  /// Writes all files of HEAD into a working tree that has none yet, and the index
  /// (`git_checkout_head`).
  ///
  /// - Throws: ``GitError`` where a file cannot be written, or its path leads elsewhere.
  public func checkOutHead() throws(GitError) {
    var options = git_checkout_options()
    try check(git_checkout_options_init(&options, UInt32(GIT_CHECKOUT_OPTIONS_VERSION)))
    options.checkout_strategy = GIT_CHECKOUT_FORCE.rawValue
    try check(git_checkout_head(handle.pointer, &options), workingDirectory)
  }
}
