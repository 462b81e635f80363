import Git
import Glibc

/// How the files follow: written under temporary names first, put in place once the branch has moved.
extension CheckedOutFiles {
  /// The entries that the index is to have.
  var indexChanges: [(path: String, entry: (id: ObjectID, mode: FileMode)?)] {
    files.map { ($0.path, $0.new) }
  }

  /// What the note of the intent says of the files.
  var intents: [WriteIntent.File] {
    files.map { file in
      WriteIntent.File(
        path: file.path, old: file.seen?.blob, new: file.new?.id, mode: file.new?.mode ?? .blob,
        isFollowed: !file.isSparse, beside: WriteIntent.Beside(base: file.old?.id))
    }
  }

  /// Writes what the files are to be, under temporary names.
  ///
  /// - Parameters:
  ///   - location: The repository.
  ///   - area: Where to write it.
  /// - Returns: What takes the place of each file that changes.
  /// - Throws: Where a file cannot be written, or needs a filter that only git runs.
  func stage(_ location: StateLocation, _ area: StagingArea) throws -> [FileName: StagedFile] {
    guard !files.isEmpty else { return [:] }
    let area = try Self.area(like: area)
    let incoming = try IncomingTree(tip, setting: indexChanges, of: location.gitDirectory)
    var staged: [FileName: StagedFile] = [:]
    for file in files where !file.isSparse {
      guard let new = file.new else { continue }
      for name in Self.converting {
        let value = try incoming.attribute(name, of: file.path)
        if let obstacle = Self.obstacle(name, value, of: file.path) {
          throw Self.refusal(obstacle, [obstacle])
        }
      }
      staged[FileName(file.path)] = try Self.stage(new, file.path, root, incoming, area)
      // Each holds a descriptor until then.
      if staged.count % 64 == 0 { try area.flush() }
    }
    return staged
  }

  /// The same place without waits for the disk: as with git, what a power cut takes of these files the
  /// commit still has, and there may be thousands of them.
  static func area(like area: StagingArea) throws -> StagingArea {
    try StagingArea(area.folder, method: .none)
  }

  /// Writes what one file is to be, under a temporary name.
  static func stage(
    _ new: (id: ObjectID, mode: FileMode), _ path: String, _ root: String,
    _ incoming: IncomingTree, _ area: StagingArea
  ) throws -> StagedFile {
    let place = "\(root)/\(path)"
    if new.mode == .link { return try area.stageLink(to: incoming.target(of: new.id), for: place) }
    // As git: what the umask leaves of it.
    return try area.stage(
      incoming.content(of: new.id, at: path), for: place,
      mode: new.mode == .executable ? 0o777 : 0o666)
  }

  /// Puts the files in place that are still what was seen.
  ///
  /// - Parameter staged: What takes their place.
  /// - Returns: The files that have changed meanwhile, and stay as they are.
  /// - Throws: Where a file cannot be replaced; it is whole then, the old one or the new one.
  func update(_ staged: [FileName: StagedFile]) throws -> [String] {
    var left: [String] = []
    for file in files where !file.isSparse {
      let place = "\(root)/\(file.path)"
      guard Self.isSame(try FileSystem.status(of: place), file.seen?.status) else {
        left.append(file.path)
        continue
      }
      guard let new = staged[FileName(file.path)] else {
        try FileSystem.remove(place)
        Self.removeEmptyFolders(above: file.path, root)
        continue
      }
      try FileSystem.makeFolder(FileSystem.split(place).folder, mode: 0o777)
      do throws(GitError) {
        if file.seen == nil { try new.publishIfAbsent() } else { try new.publish() }
      } catch {
        guard error.code == .exists else { throw error }
        left.append(file.path)
      }
    }
    return left
  }

  /// Removes folders in which nothing is left, as git does; never the one that this process is in.
  static func removeEmptyFolders(above path: String, _ root: String) {
    let current = FileSystem.resolved(".")
    var parts = path.split(separator: "/").dropLast()
    while !parts.isEmpty {
      let folder = "\(root)/\(parts.joined(separator: "/"))"
      guard folder != current, rmdir(folder) == 0 else { return }
      parts = parts.dropLast()
    }
  }

  private static func isSame(_ one: stat?, _ other: stat?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    return one.st_ino == other.st_ino && one.st_dev == other.st_dev && one.st_size == other.st_size
      && one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec
      && one.st_ctim.tv_sec == other.st_ctim.tv_sec && one.st_ctim.tv_nsec == other.st_ctim.tv_nsec
  }
}
