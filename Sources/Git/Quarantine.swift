internal import CGit2
internal import Glibc

/// A place beside a repository where incoming objects stay until they have been looked at.
///
/// It is a bare repository of its own that sees the other one's objects (`objects/info/alternates`).
/// libgit2 takes a commit that is there for one that is there with all it needs, so a pack with a hole
/// must never come into the repository itself: no later fetch would mend it.
public final class Quarantine: Sendable {
  /// The folder; open it as a repository to see what has come in.
  public let path: String
  private let commonDirectory: String

  /// How many objects a pack has at least to stay one; git's `fetch.unpackLimit`.
  private static let unpackLimit = 100

  /// Makes one below a folder.
  ///
  /// - Parameters:
  ///   - folder: Where it goes; leftovers of processes that are gone are removed there.
  ///   - commonDirectory: The repository's common git directory.
  ///   - tips: Commits that the other side may take for known, with all that they lead to.
  ///   - isAlone: Whether the repository's objects are left out of sight, so that all comes in anew.
  /// - Throws: ``GitError`` where it cannot be made.
  public init(
    below folder: String, of commonDirectory: String, knowing tips: [ObjectID],
    isAlone: Bool = false
  ) throws(GitError) {
    self.commonDirectory = commonDirectory
    path = try TransientFolder.make(below: folder)
    for part in ["/objects", "/objects/info", "/objects/pack", "/refs"] {
      guard mkdir(path + part, 0o700) == 0 else { throw FileSystem.error("create", path + part) }
    }
    var references = "# pack-refs with: peeled fully-peeled sorted \n"
    for (number, tip) in tips.enumerated() {
      let digits = String(number)
      let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
      references += "\(tip.hex) refs/heads/known-\(name)\n"
    }
    let files = [
      ("HEAD", "ref: refs/heads/none\n"), ("packed-refs", references),
      ("objects/info/alternates", isAlone ? "" : "\(commonDirectory)/objects\n"),
      // Proxies and the like are the repository's.
      (
        "config",
        "[include]\n\tpath = \(Self.quoted("\(commonDirectory)/config"))\n"
          + "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tworktree =\n"
      ),
    ]
    for (name, content) in files {
      let file = try FileSystem.create("\(path)/\(name)", mode: 0o600)
      defer { close(file) }
      try FileSystem.write(Array(content.utf8), to: file, path: "\(path)/\(name)")
    }
  }

  deinit { discard() }

  /// Removes it with all that was not accepted.
  ///
  /// Call it, rather than wait for the last reference to go: a transfer that was given up keeps one for
  /// as long as it hangs.
  public func discard() { TransientFolder.remove(path) }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// Whether anything has come in.
  public func isEmpty() throws(GitError) -> Bool { try packs().isEmpty }

  private func packs() throws(GitError) -> [String] {
    (try FileSystem.names(in: "\(path)/objects/pack") ?? []).filter { $0.hasSuffix(".idx") }
      .map { String($0.dropLast(4)) }
  }

  /// Takes what has come in into the repository: few objects one by one, many as the pack that they
  /// came in.
  ///
  /// - Throws: ``GitError`` where something could not be written; the objects that were taken in until
  ///   then do no harm, as no commit among them comes before what it needs.
  public func accept() throws(GitError) {
    for pack in try packs() {
      let objects = try Self.objects(inIndex: "\(path)/objects/pack/\(pack).idx")
      if objects.count < Self.unpackLimit {
        try unpack(objects)
      } else {
        try move(pack)
      }
    }
  }

  private func move(_ pack: String) throws(GitError) {
    let folder = "\(commonDirectory)/objects/pack"
    guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
      throw FileSystem.error("create", folder)
    }
    // The index last: without it, nobody takes notice of a pack.
    for ending in [".pack", ".idx"] {
      let file = "\(path)/objects/pack/\(pack)\(ending)"
      try FileSystem.sync(file)
      try FileSystem.rename(file, to: "\(folder)/\(pack)\(ending)")
    }
    try FileSystem.sync(folder)
  }

  private func unpack(_ objects: [ObjectID]) throws(GitError) {
    let source = try Repository(opening: path)
    // One wait for the disk instead of two for each object.
    let target = try Repository(opening: commonDirectory, holdsObjects: true)
    var byKind: [Int32: [ObjectID]] = [:]
    for id in objects {
      var (length, kind) = (0, git_object_t(rawValue: 0))
      var raw = id.raw
      try check(git_odb_read_header(&length, &kind, source.database.pointer, &raw), id.hex)
      byKind[kind.rawValue, default: []].append(id)
    }
    // What is there counts as complete, so a kill in between must not leave a tree without its
    // folders, or a commit without its parents.
    var needs: [ObjectID: [ObjectID]] = [:]
    for id in byKind[GIT_OBJECT_TREE.rawValue] ?? [] {
      needs[id] = try source.tree(id).entries.filter { $0.mode == .tree }.map(\.id)
    }
    for id in byKind[GIT_OBJECT_COMMIT.rawValue] ?? [] { needs[id] = try source.commit(id).parents }
    for kind in [GIT_OBJECT_TREE, GIT_OBJECT_COMMIT] {
      byKind[kind.rawValue] = Self.ordered(byKind[kind.rawValue] ?? [], needs)
    }
    let order = [GIT_OBJECT_BLOB, GIT_OBJECT_TREE, GIT_OBJECT_COMMIT, GIT_OBJECT_TAG]
    for kind in order {
      for id in byKind[kind.rawValue] ?? [] {
        _ = try target.writeObject(kind, try source.content(id, kind))
      }
    }
    let area = try StagingArea(
      "\(path)/staged",
      method: try SyncMethod.durable(in: [path, "\(commonDirectory)/objects"]))
    let staged = try target.stageObjects(in: area, mostLoose: Self.unpackLimit)
    try area.flush()
    try staged.publish(area)
    try area.syncNames()
  }

  /// Objects in an order in which none comes before one that it needs.
  private static func ordered(
    _ ids: [ObjectID], _ needs: [ObjectID: [ObjectID]]
  ) -> [ObjectID] {
    var left = Set(ids)
    var ordered: [ObjectID] = []
    for start in ids where left.remove(start) != nil {
      // A stack of its own, since a chain of commits may be long.
      var path = [(id: start, needs: needs[start] ?? [])]
      while var last = path.popLast() {
        guard let next = last.needs.popLast() else {
          ordered.append(last.id)
          continue
        }
        path.append(last)
        if left.remove(next) != nil { path.append((next, needs[next] ?? [])) }
      }
    }
    return ordered
  }

  /// The names in a pack's index (gitformat-pack, version 2).
  private static func objects(inIndex path: String) throws(GitError) -> [ObjectID] {
    let bytes = try FileSystem.content(path) ?? []
    let names = 8 + 256 * 4
    guard bytes.count >= names, bytes.starts(with: [0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]) else {
      throw GitError(.unreadable, "\(path) is no index of a pack", context: path)
    }
    let count = bytes[(names - 4)..<names].reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= names + count * 20 else {
      throw GitError(.unreadable, "\(path) is cut off", context: path)
    }
    return (0..<count).map { number in
      var raw = git_oid()
      withUnsafeMutableBytes(of: &raw) {
        $0.copyBytes(from: bytes[(names + number * 20)..<(names + number * 20 + 20)])
      }
      return ObjectID(raw)
    }
  }
}
