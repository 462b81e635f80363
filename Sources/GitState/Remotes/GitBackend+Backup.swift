import Git

/// What is in a backup.
public struct BackupReport: Hashable, Sendable {
  /// The file.
  public let file: String
  /// The branch, without `refs/heads/`.
  public let branch: String
  /// Its commit, as 40 hex digits.
  public let commit: String
  /// The commits that must be there already; none in a complete backup.
  public let since: [String]
  /// How many commits it has.
  public let commitCount: Int
  /// How many contracts are in its last commit.
  public let contractCount: Int
  /// Sentences about files of the last commit that cannot be read.
  public let problems: [String]
  /// The file's size in bytes.
  public let size: Int
}

extension GitBackend {
  /// Writes the state's branch into one file, a git bundle, from which plain `git clone` restores it.
  ///
  /// The file is read back before it takes its place, so that it is sound or not there.
  ///
  /// - Parameters:
  ///   - file: Where it goes; a file that is there is replaced.
  ///   - revision: What whoever restores it has already; nil puts in all.
  /// - Returns: What is in it.
  /// - Throws: `STATE_NOT_FOUND` where there is no such revision, or no commit yet.
  public func createBackup(_ file: String, since revision: String? = nil) throws(StateError)
    -> BackupReport
  {
    let location = location
    let since = try revision.map { revision throws(StateError) in
      try read { reader throws(StateError) in try reader.commit(revision).id }
    }
    let content = try convertingGitErrors(.backendUnavailable, "no backup was made") {
      let repository = try Repository(opening: location.repository)
      let (branch, tip) = try repository.stateBranch(location)
      guard let tip else {
        throw StateError(.notFound, "no backup was made: the branch has no commit yet")
      }
      guard !repository.isShallow else {
        throw StateError(
          .backendUnavailable,
          "no backup was made: this clone is shallow and lacks the older commits; get them with: git "
            + "fetch --unshallow")
      }
      if since == tip {
        throw StateError(
          .notFound, "no backup was made: there is nothing since \((revision ?? "").quoted)")
      }
      return try repository.bundle(
        tip, as: branch ?? "refs/heads/main", since: since.map { [$0] } ?? [])
    }
    let report = try Backup.verify(content, file, at: location)
    try FileSystem.replace(file, with: content, mode: 0o600, isDurable: true)
    return report
  }

  /// Looks whether a backup is sound, and what is in it.
  ///
  /// - Parameter file: The bundle.
  /// - Returns: What is in it.
  /// - Throws: `BACKEND_UNAVAILABLE` where it is damaged; `STATE_NOT_FOUND` where it builds on commits
  ///   that are not here.
  public func verifyBackup(_ file: String) throws(StateError) -> BackupReport {
    try Backup.verify(try Backup.content(of: file), file, at: location)
  }

  /// Takes in what is in a backup, merged contract by contract, as a pull does.
  ///
  /// - Parameters:
  ///   - file: The bundle.
  ///   - resolution: Which side is right where both changed the same.
  /// - Returns: What is in the backup, and what changed here.
  /// - Throws: As ``verifyBackup(_:)``; `MERGE_CONFLICT`.
  public func restoreBackup(
    _ file: String, resolving resolution: MergeResolution = MergeResolution()
  )
    throws(StateError) -> (report: BackupReport, result: WriteResult)
  {
    let content = try Backup.content(of: file)
    let report = try Backup.verify(content, file, at: location, takesIn: true)
    let result = try merge(report.commit, as: "backup \(file)", resolving: resolution)
    return (report, result)
  }

  /// Makes a new repository of a complete backup.
  ///
  /// - Parameters:
  ///   - file: The bundle.
  ///   - directory: The folder to make; it is absent or empty.
  /// - Returns: What is in it.
  /// - Throws: As ``verifyBackup(_:)``; then nothing is left of the folder.
  public static func restoreBackup(_ file: String, into directory: String) throws(StateError)
    -> BackupReport
  {
    let content = try Backup.content(of: file)
    let new = try NewClone(at: directory)
    do throws(StateError) {
      let location = try StateLocation(GitBackendOptions(directory: new.directory))
      let report = try Backup.verify(content, file, at: location, takesIn: true)
      try convertingGitErrors(.writeFailed, "the backup could not be restored") {
        let branch = "refs/heads/\(report.branch)"
        let repository = try Repository(opening: new.gitDirectory)
        try repository.setHead(branch)
        if let tip = ObjectID(hex: report.commit) {
          try repository.note(branch, tip, "gitstate: restored from \(file)")
          try repository.checkOutHead()
        }
      }
      return report
    } catch {
      new.discard()
      throw error
    }
  }
}

/// Looking into bundles.
enum Backup {
  static func content(of file: String) throws(StateError) -> [UInt8] {
    guard let content = try FileSystem.read(file) else {
      throw StateError(
        .backendUnavailable, "there is no file \(file.quoted)", file: file)
    }
    return content
  }

  /// Reads all of a bundle, beside a repository that has what it builds on.
  ///
  /// - Parameters:
  ///   - content: The file's content.
  ///   - file: The file.
  ///   - location: The repository.
  ///   - takesIn: Whether the repository gets the objects.
  /// - Returns: What is in it.
  /// - Throws: `BACKEND_UNAVAILABLE`, `STATE_NOT_FOUND`.
  static func verify(
    _ content: [UInt8], _ file: String, at location: StateLocation, takesIn: Bool = false
  ) throws(StateError) -> BackupReport {
    do {
      let bundle = try Bundle(parsing: content, name: file)
      guard let head = bundle.references.first(where: { $0.name.hasPrefix("refs/heads/") }) else {
        throw GitError(.badContent, "\(file) has no branch", context: file)
      }
      let quarantine = try Quarantine(
        below: location.privateDirectory, of: location.commonDirectory, knowing: [])
      try bundle.unpack(into: quarantine)
      let incoming = try Repository(opening: quarantine.path)
      try incoming.checkComplete(head.id, knowing: bundle.prerequisites)
      let count = try incoming.countCommits(from: head.id, hiding: bundle.prerequisites)
      let folder = try FolderLoader(cache: FileCache(capacity: 0))
        .folder(location.folder, of: head.id, in: incoming)
      if takesIn { try quarantine.accept() }
      return BackupReport(
        file: file, branch: String(head.name.dropFirst("refs/heads/".count)), commit: head.id.hex,
        since: bundle.prerequisites.map(\.hex), commitCount: count,
        contractCount: folder.deployments.reduce(0) { $0 + $1.contractNames.count },
        problems: folder.broken.map(\.error.message), size: content.count)
    } catch let error as GitError where error.code == .notFound || error.code == .badContent {
      throw StateError(
        error.code == .notFound ? .notFound : .backendUnavailable,
        error.code == .notFound
          ? "\(file.quoted) cannot be used here: \(error.message.escapingUnprintable); restore the "
            + "backup before it first"
          : "\(file.quoted) is no sound backup: \(error.message.escapingUnprintable); use another "
            + "one", file: file, underlying: error)
    } catch {
      throw StateError(error, .backendUnavailable, "\(file.quoted) could not be read")
    }
  }
}
