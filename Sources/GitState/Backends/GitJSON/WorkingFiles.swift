import Git
import Glibc

/// The deployments folder in the working tree, where HEAD is on the state's branch.
struct WorkingFiles {
  /// How a working file stands to what is committed.
  enum Standing {
    /// It holds just what the tip has, or neither has the file.
    case inStep
    /// It holds an earlier version that was in step once; the write brings it up to date.
    case behind
    /// It was edited by hand, and the edits can be committed: the file with them.
    case edited(DeploymentFile)
    /// It stays as it is, for this reason; what is edited later is compared with the base, or else
    /// with what the file was in step with.
    case left(String, base: InStepNotes.Note? = nil)
    /// As ``left(_:base:)``, and what of it is staged stays staged, with the write's change in it: another
    /// branch's version is what a merge that is about to be committed brings.
    case brought(String)
  }

  /// The working tree's root.
  let root: String
  let folder: String
  /// What was read of each file, so that nothing written since is overwritten.
  private var seen: [FileName: Seen] = [:]
  var notes: InStepNotes

  /// What was read of a file; nil where there was none.
  private struct Seen {
    var content: [UInt8]?
    var blob: ObjectID?
  }

  /// - Throws: Where the folder is a symbolic link, or something on its way is no folder.
  init(root: String, location: StateLocation) throws(StateError) {
    self.root = root
    folder = location.folder
    notes = try InStepNotes(location)
    var path = root
    for part in folder.split(separator: "/") {
      path += "/\(part)"
      switch try FileSystem.kind(of: path) {
      case .absent, .folder: continue
      case .link:
        throw refusal(path, "is a symbolic link; the deployments folder must be a real folder")
      case .file, .other: throw refusal(path, "is no folder; move it away")
      }
    }
  }

  /// The absolute path of a file in the folder.
  func path(_ name: String) -> String { "\(root)/\(folder)/\(name)" }

  /// Whether anything is at a name.
  func isTaken(_ name: String) throws(StateError) -> Bool {
    try FileSystem.kind(of: path(name)) != .absent
  }

  /// Looks at a working file beside what the tip has under its name.
  ///
  /// - Throws: Where the file is a symbolic link or cannot be read.
  mutating func standing(
    _ name: String, tip: DeploymentFolder.Item?, commit: ObjectID?,
    _ repository: borrowing Repository
  ) throws -> Standing {
    let file = "\(folder)/\(name)"
    switch try FileSystem.kind(of: path(name)) {
    case .absent:
      seen[FileName(name)] = Seen()
      if tip == nil { return .inStep }
      if case .staged(let entry)? = try repository.indexEntry(at: file), entry.skipWorktree {
        return .left("\(file) is not in the sparse checkout; only the commit has the change")
      }
      return .left(
        "\(file) is missing in the working tree and was not created again; "
          + "get it back with: git checkout -- \(file)")
    case .link: throw refusal(path(name), "is a symbolic link; put the file itself there")
    case .folder, .other: throw refusal(path(name), "is no file; move it away")
    case .file: break
    }
    // To compare is much quicker than to hash.
    if let blob = tip?.blob, let committed = tip?.bytes,
      try FileSystem.holds(committed, path(name))
    {
      seen[FileName(name)] = Seen(content: committed, blob: blob)
      return .inStep
    }
    guard let bytes = try FileSystem.read(path(name)) else { return .inStep }
    let blob = try ObjectID.blob(bytes)
    seen[FileName(name)] = Seen(content: bytes, blob: blob)
    if blob == tip?.blob { return .inStep }
    let base = try base(file, tip: tip?.blob, commit: commit, repository)
    // What it was in step with may be another branch's: then somebody brought it here, as git merge does.
    let isForeign =
      if let base, let commit, base.commit != commit {
        // It may be gone altogether.
        try !repository.contains(base.commit) || !repository.isAncestor(base.commit, of: commit)
      } else {
        false
      }
    if let base, blob == base.blob, !isForeign { return .behind }
    guard case .deployment(let edited) = DeploymentFile.parse(name: name, bytes: bytes) else {
      return .left(
        "\(file) in the working tree cannot be read as a deployment file and was left as it is, without "
          + "what is written now; take the committed one with git checkout -- \(file), or mend yours with "
          + "all in it that git show HEAD:\(file) has", base: base)
    }
    if isForeign {
      return .brought(left(file, "is of a state that is not in the branch's history"))
    }
    // Then it was put back, not edited.
    if let earlier = try commit.flatMap({
      try repository.lastCommit(with: blob, at: file, from: [$0])
    }) {
      // What is edited from here on is edited on this version.
      return .left(
        left(file, "is an earlier version of the file"),
        base: InStepNotes.Note(commit: earlier.id, blob: blob))
    }
    if let base, let tip,
      let earlier = try earlierVersion(edited, of: name, base: base, tip: tip, repository)
    {
      // The next write takes over what was edited of that, and removes nothing that was recorded since.
      return .left(
        left(
          file,
          "lacks just the contracts that were recorded last, as if an earlier version had been "
            + "edited (remove contracts with gitstate delete)"), base: earlier)
    }
    let standing = try merge(edited, name: name, base: base?.blob, tip: tip, repository)
    guard case .left(let reason, nil) = standing else { return standing }
    return .left(reason, base: base)
  }

  /// What the working file was last in step with: the version noted, or else the one that git
  /// checked out, or else the tip's.
  private func base(
    _ file: String, tip: ObjectID?, commit: ObjectID?, _ repository: borrowing Repository
  ) throws -> InStepNotes.Note? {
    let note = notes[file]
    guard let commit, let tip else { return note?.isLeftBehind == true ? note : nil }
    if case .staged(let entry)? = try repository.indexEntry(at: file), entry.id == tip {
      // git has seen the file in step since then, as after a checkout.
      if let note, note.isLeftBehind, !entry.isSeen { return note }
      return InStepNotes.Note(commit: commit, blob: tip)
    }
    if let note, note.isLeftBehind { return note }
    return notes[file] ?? InStepNotes.Note(commit: commit, blob: tip)
  }

  private func merge(
    _ edited: DeploymentFile, name: String, base: ObjectID?, tip: DeploymentFolder.Item?,
    _ repository: borrowing Repository
  ) throws -> Standing {
    let file = "\(folder)/\(name)"
    do {
      _ = try edited.allContracts()
      guard let tip else {
        guard base == nil || base == .zero else {
          return .left(
            "\(file) in the working tree was edited while a write removed it, and was left as it is; remove it, or "
              + "record what is new in it with gitstate put")
        }
        return .edited(edited)
      }
      guard let ours = tip.deployment else {
        return .left(left(file, "differs from the commit, whose own version is broken"))
      }
      guard ours.chainID == edited.chainID else {
        return .left(
          left(file, "has the chainId \(edited.chainID) where the commit has \(ours.chainID)"))
      }
      if base == tip.blob || base == nil { return .edited(edited) }
      // What was there before a write that was cut off may never have been committed.
      let start = try base.flatMap { try deployment($0, name: name, tip: tip, repository) }
      var conflicts: [MergeConflict] = []
      let merged = try DeploymentFile.merging(
        base: start, ours: ours, theirs: edited, conflicts: &conflicts)
      guard conflicts.isEmpty else {
        return .left(left(file, "has edits that conflict with what was written meanwhile"))
      }
      return .edited(merged)
    } catch let error as StateError where error.code == .serializationFailed {
      return .left(left(file, "has an entry that cannot be read (\(error.message))"))
    }
  }

  private func left(_ file: String, _ problem: String) -> String {
    "\(file) in the working tree \(problem); it was left as it is, and the write went on from the "
      + "commit: compare with git diff -- \(file)"
  }

  /// The version that an edited file looks to be an edit of, where that is an earlier one than is known.
  ///
  /// An editor writes such a file that had it open while a contract was recorded: it lacks just the contracts that
  /// came after some commit.
  ///
  /// - Returns: That version; nil where the file lacks nothing, or something else.
  private func earlierVersion(
    _ edited: DeploymentFile, of name: String, base: InStepNotes.Note,
    tip: DeploymentFolder.Item, _ repository: borrowing Repository
  ) throws -> InStepNotes.Note? {
    guard let known = try deployment(base.blob, name: name, tip: tip, repository) else {
      return nil
    }
    let chainID = known.chainID
    let present = Set(known.contractNames.map { ContractKey(chainID, $0) })
    let kept = present.intersection(edited.contractNames.map { ContractKey(chainID, $0) })
    guard kept.count < present.count, !kept.isEmpty else { return nil }
    var (found, last): (InStepNotes.Note?, ObjectID?)
    try repository.walk(from: [base.commit]) { commit in
      guard let blob = try repository.entry(at: "\(folder)/\(name)", in: commit.tree)?.id,
        blob != last
      else { return true }
      last = blob
      guard let old = try deployment(blob, name: name, tip: tip, repository) else { return true }
      if Set(old.contractNames.map({ ContractKey(chainID, $0) })) == kept {
        found = InStepNotes.Note(commit: commit.id, blob: blob)
      }
      return found == nil
    }
    return found
  }

  /// A version of a file; nil where it is none of a network's, or not in the repository.
  private func deployment(
    _ blob: ObjectID, name: String, tip: DeploymentFolder.Item, _ repository: borrowing Repository
  ) throws -> DeploymentFile? {
    if blob == tip.blob { return tip.deployment }
    guard blob != .zero, try repository.contains(blob),
      case .deployment(let file) = DeploymentFile.parse(
        name: name, bytes: try repository.blob(blob))
    else { return nil }
    return file
  }

  /// A file in the working tree that no commit has yet and that is a given chain's.
  func uncommittedFile(of chainID: ChainID, besides known: DeploymentFolder) throws(StateError)
    -> DeploymentFile?
  {
    for name in try FileSystem.names(in: "\(root)/\(folder)")
    where name.hasSuffix(".json") && name != FolderSettings.name && known[name] == nil {
      guard try FileSystem.kind(of: path(name)) == .file,
        let status = try FileSystem.status(of: path(name)),
        status.st_size <= DeploymentFile.maximumSize, let bytes = try FileSystem.read(path(name)),
        case .deployment(let file) = DeploymentFile.parse(name: name, bytes: bytes),
        file.chainID == chainID
      else { continue }
      return file
    }
    return nil
  }

  /// The blob of what was read of a file; nil where there was none.
  func seenBlob(_ name: String) -> ObjectID? { seen[FileName(name)]?.blob }

  /// The folder as the working tree has it.
  ///
  /// A file that cannot be read is as the commit has it, and
  /// so is one that is not there but should be; both are noted.
  func folder(like tip: DeploymentFolder, _ reasons: inout [String]) throws -> DeploymentFolder {
    var result = tip
    let names = try FileSystem.names(in: "\(root)/\(folder)").filter {
      $0.hasSuffix(".json") && $0 != FolderSettings.name && !$0.hasPrefix(".")
    }
    for name in names {
      switch try FileSystem.kind(of: path(name)) {
      case .file: break
      case .link:
        reasons.append(
          "\(folder)/\(name) in the working tree is a symbolic link, which is not read")
        continue
      case .folder, .other, .absent: continue
      }
      guard let bytes = try FileSystem.read(path(name)) else { continue }
      let blob = try ObjectID.blob(bytes)
      if blob == tip[name]?.blob { continue }
      switch DeploymentFile.parse(name: name, bytes: bytes) {
      case .deployment(let file):
        result[name] = DeploymentFolder.Item(
          content: .deployment(file), blob: blob, mode: tip[name]?.mode ?? .blob)
      case .broken(let error):
        reasons.append("in the working tree, \(error.inFile("\(folder)/\(name)").message)")
      case .foreign: continue
      }
    }
    let present = Set(names.map(FileName.init))
    for file in tip.deployments where !present.contains(FileName(file.name)) {
      reasons.append("\(folder)/\(file.name) is missing in the working tree")
    }
    return result
  }

  /// Writes what a file that was in step, behind or edited is to hold, under a temporary name.
  ///
  /// - Returns: What takes its place; nil where nothing has to.
  func stage(_ name: String, _ content: [UInt8]?, _ area: StagingArea) throws -> StagedFile? {
    guard let content, !FileSystem.isSame(seen[FileName(name)]?.content, content)
    else { return nil }
    return try Self.stage(content, at: path(name), area)
  }

  /// Writes what a file is to hold, with the mode that it has.
  ///
  /// In the area, where git does not see it; beside the file only where it could not be moved from there,
  /// or would be another's.
  static func stage(
    _ content: [UInt8], at path: String, _ area: StagingArea, isBeside: Bool = false
  ) throws -> StagedFile {
    let folder = FileSystem.split(path).folder
    try FileSystem.makeFolder(folder, mode: 0o700)
    let mode = try FileSystem.status(of: path).map { $0.st_mode & 0o7777 } ?? 0o600
    let isBeside = try isBeside || !area.isLike(folder)
    return try area.stage(
      content, for: path, mode: mode, masksMode: false,
      at: isBeside ? FileSystem.temporaryPath(beside: path) : nil)
  }

  /// Puts a staged file in its place, if what is there is still what was read.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - content: What it holds.
  ///   - old: What was read; nil where there was none.
  ///   - area: Where it was staged.
  /// - Returns: Whether it was.
  /// - Throws: Where it cannot be replaced; the old file is there then.
  static func publish(
    _ file: StagedFile, _ content: [UInt8], over old: [UInt8]?, _ area: StagingArea
  ) throws -> Bool {
    // Looked at last, as the disk may take its time.
    try area.flush()
    let former = Later.open(file.path, size: old?.count ?? 0)
    defer { Later.close(former) }
    guard try isStill(old, at: file.path) else { return false }
    do throws(GitError) {
      try file.publish()
    } catch {
      // Two mounts of one file system look alike until then.
      guard error.code == .otherFileSystem else { throw error }
      let copy = try stage(content, at: file.path, area, isBeside: true)
      try area.flush()
      guard try isStill(old, at: file.path) else { return false }
      try copy.publish()
    }
    area.noteName(file.path)
    return true
  }

  /// Whether a path holds just what was read there; nil is no file.
  static func isStill(_ old: [UInt8]?, at path: String) throws -> Bool {
    guard let old else { return try FileSystem.kind(of: path) == .absent }
    return try FileSystem.holds(old, path)
  }

  /// Brings a file up to date, if it is still what was read.
  ///
  /// - Parameters:
  ///   - name: The file.
  ///   - content: What it is to hold; nil removes it.
  ///   - staged: The same, written already where that worked.
  ///   - area: Where it was staged.
  /// - Returns: Whether it was.
  /// - Throws: Where it cannot be replaced; the old file is there then.
  func update(_ name: String, to content: [UInt8]?, _ staged: StagedFile?, _ area: StagingArea)
    throws -> Bool
  {
    guard let expected = seen[FileName(name)] else { return false }
    var isDone = false
    if let content {
      if let file = try staged ?? stage(name, content, area) {
        isDone = try Self.publish(file, content, over: expected.content, area)
      }
    } else if try Self.isStill(expected.content, at: path(name)) {
      try FileSystem.remove(path(name))
      area.noteName(path(name))
      return true
    }
    // Or somebody else has done the same.
    return try isDone || Self.isStill(content, at: path(name))
  }

  private func refusal(_ path: String, _ problem: String) -> StateError {
    StateError(
      .backendUnavailable, "nothing was written: \(path.escapingUnprintable) \(problem)", file: path
    )
  }
}
