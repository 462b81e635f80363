import Git
import Glibc

/// Files of the working tree beside the state's that follow a merge, as they would with `git merge`.
///
/// Only a file that is just what the branch has is touched. One that is staged, edited, removed or in
/// the way refuses the merge before anything is written; one that changes while the merge is written
/// stays as it is, and the answer says so.
struct CheckedOutFiles {
  /// One file that follows.
  struct File {
    let path: String
    /// What the branch has; nil where it has no such file.
    let old: TreeEntry?
    /// What it will have; nil where the file goes.
    let new: (id: ObjectID, mode: FileMode)?
    /// What was found in the working tree; nil where nothing is there.
    let seen: Seen?
    /// Whether a sparse checkout leaves the file out, so that only the index follows.
    let isSparse: Bool
  }

  /// What was found at a path.
  struct Seen {
    let status: stat
    /// The content's blob, or that of a link's target, without any conversion.
    let blob: ObjectID
  }

  let root: String
  /// The branch's tree; nil before its first commit.
  let tip: ObjectID?
  private(set) var files: [File] = []

  /// Looks at what a merge would change.
  ///
  /// - Parameters:
  ///   - paths: The files that change beside the state's, each with what it becomes.
  ///   - tip: The branch's tree; nil before its first commit.
  ///   - root: The working tree's root.
  ///   - repository: The repository.
  /// - Throws: `STATE_WRITE_FAILED` naming the files that are in the way, or need what only git can do.
  init(
    _ paths: [PlannedOperation.Join.Path], onto tip: ObjectID?, root: String,
    _ repository: borrowing Repository
  ) throws {
    self.root = root
    self.tip = tip
    let settings = Settings(
      tellsModes: try repository.configurationBool("core.filemode") ?? true,
      makesLinks: try repository.configurationBool("core.symlinks") ?? true,
      isSparse: try Self.isSparse(repository))
    var obstacles: [Obstacle] = []
    for (path, entry) in paths {
      do {
        var old: TreeEntry?
        if let tip { old = try repository.entry(at: path, in: tip) }
        files.append(try Self.look(path, old, entry, root, settings, repository))
      } catch let obstacle as Obstacle {
        obstacles.append(obstacle)
      }
    }
    if let first = obstacles.first { throw Self.refusal(first, obstacles) }
  }

  private struct Settings {
    let tellsModes: Bool
    let makesLinks: Bool
    let isSparse: Bool
  }

  /// Whether a sparse checkout may leave new files out.
  ///
  /// libgit2 1.5 does not read the file that has `core.sparseCheckout` (`config.worktree`), so this goes
  /// by the patterns, which git keeps when it leaves, and by whether any file is left out.
  private static func isSparse(_ repository: borrowing Repository) throws -> Bool {
    try FileSystem.kind(of: repository.gitDirectory + "/info/sparse-checkout") != .absent
      && repository.leavesFilesOut()
  }

  // MARK: What is in the way

  /// A file that must not be touched.
  struct Obstacle: Error {
    let path: String
    /// What it is here, as in "edited".
    let problem: String
    /// Whether git itself could take the change in.
    var isGits = false

    init(path: String, problem: String, isGits: Bool = false) {
      (self.path, self.problem, self.isGits) = (path, problem, isGits)
    }

    init(git path: String, _ problem: String) {
      self.init(path: path, problem: problem, isGits: true)
    }
  }

  static func refusal(_ first: Obstacle, _ all: [Obstacle]) -> StateError {
    let same = all.filter { $0.problem == first.problem }
    let names = same.prefix(5).map(\.path.escapingUnprintable).joined(separator: ", ")
    let rest = same.count > 5 ? " and \(same.count - 5) more files" : ""
    let remedy =
      first.isGits
      ? "merge with git merge, which asks for gitstate where the state is concerned (gitstate init sets "
        + "that up)"
      : "commit that, or put it aside with git stash --include-untracked, and try again"
    return StateError(
      .writeFailed,
      "nothing was written: \(names)\(rest) would change as well, but \(same.count == 1 ? "is" : "are") "
        + "\(first.problem); \(remedy)", file: first.path)
  }

  private static func look(
    _ path: String, _ old: TreeEntry?, _ new: (id: ObjectID, mode: FileMode)?, _ root: String,
    _ settings: Settings, _ repository: borrowing Repository
  ) throws -> File {
    guard old?.mode != .submodule, new?.mode != .submodule else {
      throw Obstacle(git: path, "a submodule, which gitstate does not check out")
    }
    guard new?.mode != .link || settings.makesLinks else {
      throw Obstacle(git: path, "to be a symbolic link, which core.symlinks forbids")
    }
    for name in converting {
      let value = try repository.attribute(name, of: path)
      if let obstacle = obstacle(name, value, of: path) { throw obstacle }
    }
    let staged = try repository.indexEntry(at: path)
    var isSparse = false
    switch (staged, old) {
    case (nil, nil):
      guard !settings.isSparse else {
        throw Obstacle(git: path, "new, and may be outside of the sparse checkout")
      }
    case (.staged(let entry), let old?)
    where entry.id == old.id && entry.mode == old.mode && !entry.intentToAdd:
      isSparse = entry.skipWorktree
    default: throw Obstacle(path: path, problem: "staged here")
    }
    try refuseParents(of: path, root)
    let file = "\(root)/\(path)"
    let kind = try FileSystem.kind(of: file)
    if isSparse {
      guard kind == .absent else {
        throw Obstacle(path: path, problem: "there, though a sparse checkout leaves it out")
      }
      return File(path: path, old: old, new: new, seen: nil, isSparse: true)
    }
    guard let seen = try seen(file) else {
      switch kind {
      case .absent:
        guard old == nil else { throw Obstacle(path: path, problem: "removed here") }
        return File(path: path, old: nil, new: new, seen: nil, isSparse: false)
      case .folder: throw Obstacle(git: path, "a folder")
      default: throw Obstacle(git: path, "no file")
      }
    }
    guard let old else {
      // The very file that comes in loses nothing.
      let wanted: FileMode = kind == .link ? .link : .blob
      guard let new, seen.blob == new.id, (new.mode == .link) == (wanted == .link) else {
        throw Obstacle(path: path, problem: "there already, and in no commit of the branch")
      }
      return File(path: path, old: nil, new: new, seen: seen, isSparse: false)
    }
    guard try isClean(path, file, seen, old, settings, repository) else {
      throw Obstacle(path: path, problem: "edited here")
    }
    return File(path: path, old: old, new: new, seen: seen, isSparse: false)
  }

  private static func seen(_ file: String) throws -> Seen? {
    guard let status = try FileSystem.status(of: file), let blob = try blob(at: file) else {
      return nil
    }
    return Seen(status: status, blob: blob)
  }

  /// The blob that a file's content would be without any conversion, or a link's target; nil where
  /// there is neither.
  static func blob(at path: String) throws -> ObjectID? {
    switch try FileSystem.kind(of: path) {
    case .file:
      guard let content = try FileSystem.read(path) else { return nil }
      return try ObjectID.blob(content)
    case .link: return try ObjectID.blob(try FileSystem.target(of: path))
    case .absent, .folder, .other: return nil
    }
  }

  /// Whether a file is what the branch has, line ends converted.
  private static func isClean(
    _ path: String, _ file: String, _ seen: Seen, _ old: TreeEntry, _ settings: Settings,
    _ repository: borrowing Repository
  ) throws -> Bool {
    let isLink = seen.status.st_mode & S_IFMT == S_IFLNK
    guard isLink == (old.mode == .link) else { return false }
    if !isLink, settings.tellsModes,
      (seen.status.st_mode & 0o100 != 0) != (old.mode == .executable)
    {
      return false
    }
    if seen.blob == old.id { return true }
    guard !isLink, let content = try FileSystem.read(file) else { return false }
    return try ObjectID.blob(repository.contentAfterCheckin(content, path: path)) == old.id
  }

  /// The attributes by which git converts content in ways that only git can.
  static let converting = ["filter", "working-tree-encoding"]

  static func obstacle(
    _ attribute: String, _ value: AttributeValue, of path: String
  ) -> Obstacle? {
    guard case .value(let value) = value else { return nil }
    return Obstacle(git: path, "converted by git (\(attribute)=\(value.escapingUnprintable))")
  }

  /// Refuses a path that leads through a link or a file.
  private static func refuseParents(of path: String, _ root: String) throws {
    var parent = root
    for part in path.split(separator: "/").dropLast() {
      parent += "/\(part)"
      switch try FileSystem.kind(of: parent) {
      case .folder: continue
      case .absent: return
      case .link:
        throw Obstacle(path: path, problem: "behind a symbolic link", isGits: true)
      case .file, .other:
        throw Obstacle(path: path, problem: "behind a file of its folder's name", isGits: true)
      }
    }
  }

  /// These, without files that are the state's after all.
  func without(_ paths: [String]) -> CheckedOutFiles {
    let names = Set(paths.map(FileName.init))
    var result = self
    result.files.removeAll { names.contains(FileName($0.path)) }
    return result
  }
}
