import Git
import Glibc

/// Writes the state, through a repository of its own.
///
/// One thread at a time has it.
final class GitWriter {
  let repository: Repository
  let location: StateLocation
  let options: GitBackendOptions
  let loader: FolderLoader
  private let cache: FileCache
  private var method: SyncMethod?
  /// Makes the commits of large batches.
  let chain = CommitChain()
  /// What the last of them leave for the next batch, where nothing comes between.
  var lastBase: CommitChain.Base?
  /// The state that the last write left.
  var lastFolder: (commit: ObjectID, folder: DeploymentFolder)?
  /// Signs the batch's commits, where git's configuration asks for it.
  var signer: CommitSigner?
  /// When the write that is under way gives up waiting for others.
  private(set) var deadline = ContinuousClock.now
  /// When a git program was last seen at work on a merge or the like, during the write that is under way.
  var lastSeenAtWork: ContinuousClock.Instant?
  /// What was done about a write that was cut off, for whoever asks first to tell.
  var leftNote: String?
  /// The inode of the index that the last write put in its place.
  var lastIndex: UInt64?
  /// Whether it has looked for what earlier writers left.
  var hasSwept = false
  /// What a large batch has put in its place before its branch moves.
  var published: [StagedObjects] = []

  var isDurable: Bool { options.durability == .full }

  init(_ location: StateLocation, _ options: GitBackendOptions, cache: FileCache)
    throws(StateError)
  {
    self.location = location
    self.options = options
    self.cache = cache
    loader = FolderLoader(cache: cache)
    repository = try convertingGitErrors(
      .backendUnavailable, "the repository cannot be opened"
    ) {
      try Repository(opening: location.repository, holdsObjects: true)
    }
  }

  /// Where the files of a write are until they are durable.
  func stagingArea() throws -> StagingArea {
    let method: SyncMethod
    if let known = self.method {
      method = known
    } else {
      var folders = ["", "/objects", "/refs", "/refs/heads", "/logs", "/gitstate"].map {
        location.commonDirectory + $0
      }
      folders.append(location.gitDirectory)
      if let root = location.workingDirectory { folders += [root, "\(root)/\(location.folder)"] }
      method = isDurable ? try .durable(in: folders) : .none
      self.method = method
    }
    return try StagingArea(location.privateDirectory + "/staged", method: method)
  }

  /// Does operations one after the other under the lock, on top of whatever is committed then.
  ///
  /// - Throws: What keeps all of them from being done; then nothing was written.
  func write(_ operations: [PlannedOperation]) throws(StateError)
    -> [Result<WriteResult, StateError>]
  {
    do {
      return try writeUnderLock(operations)
    } catch {
      throw StateError(error, .writeFailed, "nothing was written")
    }
  }

  private func writeUnderLock(_ operations: [PlannedOperation]) throws
    -> [Result<WriteResult, StateError>]
  {
    deadline = ContinuousClock.now + options.lockTimeout
    lastSeenAtWork = nil
    return try withLock(until: deadline) { try recoverAndWrite(operations) }
  }

  private func recoverAndWrite(_ operations: [PlannedOperation]) throws
    -> [Result<WriteResult, StateError>]
  {
    var notes = [leftNote.take()].compactMap(\.self)
    var isRecovered = false
    while true {
      do {
        if !isRecovered, let note = try recover() { notes.append(note) }
        isRecovered = true
        return try attempt(operations, notes: notes)
      } catch let refusal as PassingOperation {
        try wait(for: refusal)
      } catch let error as GitError where error.isWorthAnotherTry {
        // Another program moved the branch or holds a lock of git's: start from the new tip.
        guard ContinuousClock.now < deadline else { throw timedOut(error) }
        Jitter.sleep()
      }
    }
  }

  /// What operations would do, without doing it.
  func preview(_ operations: [PlannedOperation]) throws(StateError)
    -> [Result<WriteResult, StateError>]
  {
    try convertingGitErrors(.backendUnavailable, "the state could not be read") {
      do {
        return try planned(operations, notes: []).results
      } catch let refusal as PassingOperation {
        throw refusal.error
      }
    }
  }

  /// One try: plans on the tip as it is now, writes the commits and moves the branch.
  private func attempt(_ operations: [PlannedOperation], notes: [String]) throws
    -> [Result<WriteResult, StateError>]
  {
    try repository.forgetHeldObjects()
    var batch = try planned(operations, notes: notes, encodes: true)
    try checkPaths(batch)
    try commit(&batch)
    let results = batch.results
    let steps = batch.takeSteps()
    if steps.count >= Self.smallestEncoded { Later.release(steps) }
    return results
  }

  private func planned(
    _ operations: [PlannedOperation], notes: [String], encodes: Bool = false
  ) throws -> GitWriteBatch {
    let (branch, tip, isHead, working) = try target()
    let before: DeploymentFolder
    if let lastFolder, lastFolder.commit == tip {
      before = lastFolder.folder
    } else {
      before = try loader.folder(location.folder, of: tip, in: repository)
    }
    var batch = GitWriteBatch(
      branch: branch, tip: tip, isHead: isHead, folder: before, working: working)
    batch.notes = notes
    let former = FormerRecords(location, cache)
    batch.rules = try RuleCheck(repository, location, tip: tip, before) { key in
      try former.record(of: key)
    }
    try plan(operations, &batch, encodes: encodes)
    noteWhatWasTakenBack(&batch)
    return batch
  }

  /// Says which commits took back what had been written to the files that are written now.
  private func noteWhatWasTakenBack(_ batch: inout GitWriteBatch) {
    guard let working = batch.working, batch.tip != nil else { return }
    let paths = batch.touchedNames.map { FileName(batch.folder.pathOf($0)) }
    guard !paths.isEmpty else { return }
    do {
      batch.notes += try TakenBack.sentences(
        working.notes, batch.tipFolder, paths: Set(paths), tip: batch.tip, repository)
    } catch {
      // A history that cannot be read keeps no write from being done; gitstate verify tells of it.
    }
  }

  // MARK: Where to

  /// The branch to move, and the working files to keep in step with it.
  ///
  /// - Throws: Where a commit would not be safe: no branch, an operation under way, another worktree.
  private func target() throws -> (
    branch: String, tip: ObjectID?, isHead: Bool, working: WorkingFiles?
  ) {
    let head = try repository.head()
    let (name, tip) = try repository.stateBranch(location, head: head)
    let operation = try repository.operationInProgress()
    guard let branch = name else {
      // A rebase or a bisection detaches HEAD itself, and leads it back.
      if let operation { throw refusal(during: operation, on: operation.branch) }
      throw StateError(
        .writeFailed,
        "nothing was written: HEAD is detached, so no branch would have the commit; check out a "
          + "branch, or name one with --branch or git config gitstate.branch")
    }
    if let operation, operation.branch == branch || head.isOn(branch) {
      throw refusal(during: operation, on: branch)
    }
    if let other = try repository.linkedWorktreeHeads().first(where: { $0.branch == branch }) {
      let next =
        try FileSystem.kind(of: other.path) == .absent
        ? "which is not there; if it was deleted, let git forget it: git worktree prune"
        : "whose files would fall behind; run gitstate there"
      throw StateError(
        .writeFailed,
        "nothing was written: the branch \(Self.shown(branch)) is checked out in the worktree "
          + "\(other.path.escapingUnprintable), \(next)", file: other.path)
    }
    let isHead = head.isOn(branch)
    guard let root = location.workingDirectory, isHead else { return (branch, tip, isHead, nil) }
    return (branch, tip, isHead, try WorkingFiles(root: root, location: location))
  }

  private func refusal(during operation: RepositoryOperation, on branch: String?) -> any Error {
    let place = branch.map { " on \(Self.shown($0))" } ?? ""
    let end = operation.kind == .bisect ? "reset" : "--abort"
    let error = StateError(
      .writeFailed,
      "nothing was written: a \(operation.kind.rawValue) is under way\(place); finish it, or end it "
        + "with: git \(operation.kind.rawValue) \(end)")
    return PassingOperation(
      error: error, kind: operation.kind, since: repository.beginning(of: operation))
  }

  /// A refusal that says, too, what git would take back if what is under way were committed now.
  func namingStaleFiles(_ error: StateError) -> StateError {
    var error = error
    do {
      guard let root = location.workingDirectory else { return error }
      let tip = try repository.stateBranch(location).tip
      let folder = try loader.folder(location.folder, of: tip, in: repository)
      let stale = try StaleIndex.files(
        in: try repository.indexEntries(in: location.folder), folder, tip: tip, root: root,
        repository)
      if !stale.isEmpty {
        error.message += "; before that, \(stale.map(\.sentence).joined(separator: "; "))"
      }
    } catch {
      // The refusal is what counts; gitstate verify tells what cannot be read.
    }
    return error
  }

  private static func shown(_ branch: String) -> Substring {
    branch.dropFirst("refs/heads/".count)
  }

  // MARK: What

  /// Plans all operations, after the edits by hand in just the files that they write.
  private func plan(
    _ operations: [PlannedOperation], _ batch: inout GitWriteBatch, encodes: Bool
  ) throws {
    // Adopting an edit can make an operation write another file, though hardly ever twice.
    var looked: Set<FileName> = []
    repeat {
      batch.forgetPlans()
      if encodes { beginEncoding(&batch, count: operations.count) }
      for operation in operations {
        let planned = batch.steps.count
        run(operation, &batch)
        if encodes, batch.encoding == nil { beginNaming(batch.steps[planned...]) }
        encode(&batch, isLast: false)
      }
      encode(&batch, isLast: true)
    } while try batch.working != nil && adopt(&batch, besides: &looked)
  }

  /// Begins to hash the files of steps, which takes as long as what else is to be done before they are written.
  private func beginNaming(_ steps: ArraySlice<GitWriteBatch.Step>) {
    for step in steps {
      for name in step.names {
        guard let item = step.folder[name], item.blob == nil, let bytes = item.bytes else {
          continue
        }
        repository.beginNaming(bytes)
      }
    }
  }

  private func run(_ operation: PlannedOperation, _ batch: inout GitWriteBatch) {
    let (working, tip) = (batch.working, batch.tip)
    var folder = batch.folder
    do {
      let context = PlannedOperation.Context(
        tip: tip,
        isTaken: { name throws(StateError) in try working?.isTaken(name) ?? false },
        folder: { [self] commit throws(StateError) in
          try convertingGitErrors(.backendUnavailable, "an earlier state could not be read") {
            try repository.refuseCut(commit)
            return try loader.folder(location.folder, of: commit, in: repository)
          }
        },
        commit: { [self] revision throws(StateError) in
          try repository.commit(named: revision, tip: tip)
        },
        relation: { [self] other throws(StateError) in
          try convertingGitErrors(.backendUnavailable, "the history could not be read") {
            try repository.relation(of: other, to: tip)
          }
        },
        mergeBases: { [self] one, other throws(StateError) in
          try convertingGitErrors(.backendUnavailable, "the history could not be read") {
            try repository.mergeBases(one, other)
          }
        },
        otherPaths: { [self] base, other throws(StateError) in
          try convertingGitErrors(.backendUnavailable, "the commits to merge could not be read") {
            try OtherFiles(location).changes(from: base, to: other, onto: tip)
          }
        })
      let outcome = try operation.plan(context, &folder)
      let beside = try checkedOutFiles(outcome, working, tip: tip)
      try batch.add(operation, outcome, folder)
      guard let beside else { return }
      batch.beside = beside.without(batch.touchedNames.map(folder.pathOf))
    } catch {
      batch.fail(error)
    }
  }

  /// What a merge does to checked-out files beside the state's; nil where it does nothing to them.
  private func checkedOutFiles(
    _ outcome: PlannedOperation.Outcome, _ working: WorkingFiles?, tip: ObjectID?
  ) throws(StateError) -> CheckedOutFiles? {
    guard let root = working?.root, let paths = outcome.joins?.paths, !paths.isEmpty else {
      return nil
    }
    do {
      let tree = try tip.map { try repository.commit($0).tree }
      return try CheckedOutFiles(paths, onto: tree, root: root, repository)
    } catch {
      throw StateError(error, .backendUnavailable, "the working tree could not be read")
    }
  }

  /// Takes over edits by hand in files that the plans write.
  ///
  /// - Returns: Whether any were, so that the plans must be made again on top of them.
  private func adopt(_ batch: inout GitWriteBatch, besides looked: inout Set<FileName>) throws
    -> Bool
  {
    guard var working = batch.working else { return false }
    var adopted = batch.adopted ?? batch.tipFolder
    var isAnyAdopted = false
    for name in batch.touchedNames where looked.insert(FileName(name)).inserted {
      let item = batch.tipFolder[name]
      let standing = try working.standing(name, tip: item, commit: batch.tip, repository)
      if case .inStep = standing {} else { try refuseFilesOfMovingHead(batch) }
      switch standing {
      case .inStep, .behind: batch.follow(name)
      case .left(let reason, let base): batch.leave(name, reason, base: base)
      case .brought(let reason):
        batch.leave(name, reason)
        batch.keepStaged(name)
      case .edited(let file):
        if let broken = try batch.rules?.broken(byEditing: name, to: file, in: batch.tipFolder) {
          batch.leave(name, broken)
          continue
        }
        adopted[name] = DeploymentFolder.Item(
          content: .deployment(file), blob: nil, mode: item?.mode ?? .blob)
        batch.follow(name)
        isAnyAdopted = true
      }
    }
    for chainID in batch.newChains {
      guard let file = try working.uncommittedFile(of: chainID, besides: adopted),
        looked.insert(FileName(file.name)).inserted
      else { continue }
      let standing = try working.standing(file.name, tip: nil, commit: batch.tip, repository)
      try refuseFilesOfMovingHead(batch)
      // A write removed it while it was edited.
      if working.notes[batch.folder.pathOf(file.name)]?.isLeftBehind == true {
        if case .left(let reason, let base) = standing {
          batch.leave(file.name, reason, base: base)
          continue
        }
        if case .behind = standing {
          batch.follow(file.name)
          continue
        }
      }
      if let broken = try batch.rules?.broken(byEditing: file.name, to: file, in: batch.tipFolder) {
        batch.leave(file.name, broken)
        continue
      }
      adopted[file.name] = DeploymentFolder.Item(
        content: .deployment(file), blob: nil, mode: .blob)
      batch.follow(file.name)
      isAnyAdopted = true
    }
    batch.working = working
    if isAnyAdopted { batch.adopted = adopted }
    return isAnyAdopted
  }
}

extension Head {
  /// Whether HEAD names this branch.
  func isOn(_ branch: String) -> Bool {
    if case .branch(branch, _) = self { true } else { false }
  }
}

extension GitError {
  /// Whether the same may work a moment later: another program was faster, or holds a lock.
  var isWorthAnotherTry: Bool {
    if code == .locked || code == .modified || message.contains("failed to lock file") {
      return true
    }
    // git gc removes folders that it finds empty.
    return message.contains("failed to rename lockfile")
      && message.contains(String(cString: strerror(ENOENT)))
  }
}
