internal import CGit2

extension Repository {
  /// Proves that commits are there with all that they need, and name nothing that leads elsewhere.
  ///
  /// - Parameters:
  ///   - tip: The commit; it and what it leads to is looked at.
  ///   - known: Commits that are known to be complete.
  /// - Throws: ``GitError/Code/badContent`` where something is missing, or a name is one that no
  ///   folder can have: `..`, `.git`, a slash.
  /// - Complexity: What differs from the commits before is read, blobs are only looked up.
  public func checkComplete(_ tip: ObjectID, knowing known: [ObjectID]) throws {
    do {
      var seen: Set<ObjectID> = []
      try walk(from: [tip], hiding: known) { commit in
        let parents = try commit.parents.map { try self.commit($0).tree }
        try checkTree(commit.tree, besides: parents, folder: "", &seen)
        return true
      }
    } catch let error as GitError {
      guard error.code != .badContent else { throw error }
      throw GitError(
        .badContent, "what came in is not complete: \(error.message)", context: error.context)
    }
  }

  private func checkTree(
    _ id: ObjectID, besides known: [ObjectID], folder: String, _ seen: inout Set<ObjectID>
  ) throws(GitError) {
    guard !known.contains(id), seen.insert(id).inserted else { return }
    var others: [[UInt8]: [TreeEntry]] = [:]
    for other in known {
      for entry in try tree(other).entries { others[entry.rawName, default: []].append(entry) }
    }
    var names: Set<[UInt8]> = []
    for entry in try tree(id).entries {
      let path = folder + entry.name
      guard names.insert(entry.rawName).inserted else {
        throw GitError(.badContent, "a folder has the name \"\(path)\" twice", context: path)
      }
      guard !Self.isHostile(entry.rawName) else {
        throw GitError(
          .badContent, "a folder has the name \"\(path)\", which leads out of it", context: path)
      }
      // What git reads by such a name it would read elsewhere; it refuses .gitmodules as well.
      guard entry.mode != .link || !Self.isFileOfGit(entry.rawName) else {
        throw GitError(
          .badContent, "\"\(path)\" is a link, which would let it name a file elsewhere",
          context: path)
      }
      let same = others[entry.rawName] ?? []
      // Where a file was, programs go on writing. A link within the repository is no harm.
      if entry.mode == .link, same.contains(where: { $0.mode == .blob || $0.mode == .executable }),
        Self.leadsOut(try blob(entry.id), of: folder)
      {
        throw GitError(
          .badContent, "\"\(path)\", a file until then, is a link that leads out of the repository",
          context: path)
      }
      if same.contains(where: { $0.id == entry.id && $0.mode == entry.mode }) { continue }
      switch entry.mode {
      case .tree:
        try checkTree(
          entry.id, besides: same.filter { $0.mode == .tree }.map(\.id), folder: path + "/", &seen)
      case .submodule: continue
      case .blob, .executable, .link:
        let header = try header(of: entry.id)
        guard header.type == GIT_OBJECT_BLOB else {
          throw GitError(.badContent, "\"\(path)\" is no file's content", context: path)
        }
      }
    }
  }

  /// Names that git refuses in a tree (fsck: `hasDot`, `hasDotdot`, `hasDotgit`, `fullPathname`).
  private static func isHostile(_ name: [UInt8]) -> Bool {
    if name.isEmpty || name.contains(UInt8(ascii: "/")) || name.contains(0) { return true }
    let plain = plain(name)
    return name == Array(".".utf8) || name == Array("..".utf8) || plain == ".git"
      || plain == "git~1"
  }

  /// Whether git, or we, read it by its name: `.gitmodules` on any file system (fsck: `gitmodulesSymlink`),
  /// `.gitattributes`, `.gitignore`, `.gitstate.json`.
  private static func isFileOfGit(_ name: [UInt8]) -> Bool {
    let plain = plain(name)
    return [".gitmodules", ".gitattributes", ".gitignore", ".gitstate.json"].contains(plain)
      || plain.hasPrefix("gitmod~") || plain.hasPrefix("gi7eba~")
  }

  /// Whether a link's target is outside the repository.
  private static func leadsOut(_ target: [UInt8], of folder: String) -> Bool {
    guard target.first != UInt8(ascii: "/") else { return true }
    var depth = folder.utf8.count { $0 == UInt8(ascii: "/") }
    for part in target.split(separator: UInt8(ascii: "/")) {
      switch String(decoding: part, as: UTF8.self) {
      case ".": continue
      case "..": depth -= 1
      default: depth += 1
      }
      if depth < 0 { return true }
    }
    return false
  }

  /// A name as the file systems have it that ignore case, what cannot be seen, and what ends a name.
  private static func plain(_ name: [UInt8]) -> String {
    // What other file systems take for the same: "GIT~1", ".git ", ".git.", ".git::$INDEX".
    let lower = String(decoding: name, as: UTF8.self).unicodeScalars
      .filter { !$0.properties.isDefaultIgnorableCodePoint }
      .reduce(into: "") { $0.unicodeScalars.append($1) }.lowercased()
    let trimmed = lower.prefix { $0 != ":" && $0 != "\\" }.reversed()
      .drop { $0 == " " || $0 == "." }.reversed()
    return String(trimmed)
  }
}
