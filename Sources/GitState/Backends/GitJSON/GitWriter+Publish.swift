import Git

/// How a batch's commits become the branch's, and last.
///
/// All files are written first, under temporary names. Then they get their names in an order in which
/// each beginning of it is a state that recovery understands: objects, the note of the intent, the
/// locks, the branch; and, once that is on disk, the index and the working files.
extension GitWriter {
  /// What is on disk under temporary names.
  private struct Staged {
    let objects: StagedObjects
    /// Nil where no working tree follows.
    let index: PendingIndex?
    let reference: PendingReference
    var files: [FileName: StagedFile] = [:]
    /// Files beside the state's, by their paths.
    let beside: [FileName: StagedFile]
    let intent: StagedFile
    /// What the intent says.
    let note: WriteIntent
    /// What the working files' notes say once all of them have followed; nil where not all can.
    let inStep: InStepNotes?
    /// Files of the state that the index had earlier versions of.
    let stale: [StaleIndex.File]
    /// What is to be said of what the index keeps of files that are written.
    let kept: [String]
  }

  /// Makes the batch's commits and moves the branch to the last, and the index and the working files with it.
  func publish(
    _ batch: inout GitWriteBatch, _ author: Signature, _ committer: Signature, _ area: StagingArea
  ) throws {
    let newFolder = try makeFolder(batch)
    let (tip, staged): (ObjectID, Staged)
    do {
      tip = try writeCommits(&batch, author, committer, area)
      staged = try stage(batch, tip, committer, area)
      _ = try waitForGarbageCollection(until: deadline, "nothing was written: ")
      try staged.objects.publish(area)
      try staged.intent.publish()
      area.noteName(staged.intent.path)
      // The branch must not be seen to move before what it names is on disk.
      try area.syncNames()
      do {
        try staged.index?.lock()
        try refuseMovedHead(batch, staged.index)
        try moveBranch(batch, to: tip, staged.reference, committer, area)
      } catch {
        try staged.index?.discard()
        // Where it moved all the same, the next write finishes what the note says.
        if try repository.target(ofReference: batch.branch) != tip {
          try WriteIntent.remove(at: location)
        }
        throw error
      }
    } catch {
      if let newFolder { FileSystem.removeEmptyFolder(newFolder) }
      do {
        try repository.releaseLeftPacks()
      } catch {
        // The next write does it; why this one failed is what counts.
      }
      throw error
    }
    finish(&batch, tip, author, committer, staged, area)
  }

  /// Makes the folder of the working files; its path if it was not there.
  private func makeFolder(_ batch: GitWriteBatch) throws -> String? {
    guard let working = batch.working else { return nil }
    let path = "\(working.root)/\(working.folder)"
    guard try FileSystem.kind(of: path) == .absent,
      batch.touchedNames.contains(where: { batch.followed.contains(FileName($0)) })
    else { return nil }
    try FileSystem.makeFolder(path, mode: 0o700)
    return path
  }

  /// Writes what the working files are to hold.
  private func stageFiles(_ batch: GitWriteBatch, _ area: StagingArea) throws
    -> [FileName: StagedFile]
  {
    var files: [FileName: StagedFile] = [:]
    for name in batch.touchedNames where batch.followed.contains(FileName(name)) {
      do {
        files[FileName(name)] = try batch.working?.stage(name, batch.folder[name]?.bytes, area)
      } catch let error as GitError where error.code == .noSpace {
        // There will be none then either, and a working file that stays behind is easily committed over the change.
        throw error
      } catch {
        // It is tried again once the branch has moved, and said if it fails then: a deployment does not
        // go unrecorded because a working file is in the way.
        continue
      }
      // Each holds a descriptor until then.
      if files.count % 64 == 0 { try area.flush() }
    }
    return files
  }

  private func stage(
    _ batch: GitWriteBatch, _ tip: ObjectID, _ committer: Signature, _ area: StagingArea
  ) throws -> Staged {
    // First, as they are the most for the disk to do.
    let files = try stageFiles(batch, area)
    let changes = batch.touchedNames.map { name in
      (
        path: batch.folder.pathOf(name),
        entry: batch.folder[name].flatMap { item in
          item.blob.map { (id: $0, mode: item.mode) }
        }
      )
    }
    let (index, former, stale, kept) = try stageIndex(
      batch, tip, setting: changes + (batch.beside?.indexChanges ?? []), area)
    let reference = try repository.stageReference(
      batch.branch, from: batch.tip, to: tip, logMessage: logMessage(batch), committer: committer,
      isHead: batch.isHead, in: area)
    var intent = WriteIntent(
      reference: batch.branch, old: batch.tip, new: tip,
      gitDirectory: batch.working == nil ? nil : location.gitDirectory,
      workingDirectory: batch.working?.root,
      files: batch.touchedNames.enumerated().map { number, name in
        WriteIntent.File(
          path: batch.folder.pathOf(name), old: batch.working?.seenBlob(name),
          new: batch.folder[name]?.blob, mode: batch.folder[name]?.mode ?? .blob,
          isFollowed: batch.followed.contains(FileName(name)),
          isIndexed: kept[FileName(name)] == nil,
          indexed: index?.replaced == nil ? nil : former[number]?.id
        )
      } + (batch.beside?.intents ?? []))
    intent.indexLocks = try index.map { [WriteIntent.IndexLock(try $0.status())] } ?? []
    let inStep = inStepNotes(batch, tip)
    intent.inStep = inStep?.json
    let beside = try batch.beside?.stage(location, area)
    let note = try intent.stage(at: location, area)
    // Last, as it takes them out of memory, from where the index read the tree.
    let objects = try repository.stageObjects(in: area, keepsPacks: true)
    try area.flush()
    return Staged(
      objects: objects, index: index, reference: reference, files: files,
      beside: beside ?? [:], intent: note, note: intent, inStep: inStep, stale: stale,
      kept: kept.values.compactMap(\.sentence).sorted())
  }

  /// Makes the index that is to follow, nil where no working tree does.
  ///
  /// - Returns: With it, the files of the state of which the index has earlier versions, and which are
  ///   mended with it where that is proven; and the written files of which it keeps what the user has staged.
  private func stageIndex(
    _ batch: GitWriteBatch, _ tip: ObjectID,
    setting changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)], _ area: StagingArea
  ) throws -> (
    index: PendingIndex?, former: [IndexEntry?], stale: [StaleIndex.File],
    kept: [FileName: KeptEntry]
  ) {
    guard let working = batch.working else { return (nil, [], [], [:]) }
    let tree = try repository.commit(tip).tree
    let index = try repository.stageIndex(
      setting: changes, baseTree: tree, telling: batch.folder.path, in: area)
    var kept: [FileName: KeptEntry] = [:]
    // The written files are the first of the changes.
    for (name, former) in zip(batch.touchedNames, index.former) where index.replaced != nil {
      kept[FileName(name)] = try keptEntry(of: name, former, batch)
    }
    let stale: [StaleIndex.File]
    do {
      stale = try StaleIndex.files(
        in: index.entries, batch.folder, tip: batch.tip, root: working.root, repository
      ).filter { file in !changes.contains { $0.path.isIdentical(to: file.path) } }
    } catch {
      // An old version that cannot be read keeps no write from being done.
      stale = []
    }
    let mended = stale.filter(\.isProven)
    guard !mended.isEmpty || !kept.isEmpty else { return (index, index.former, stale, kept) }
    let rest = changes.compactMap { change in
      let (folder, name) = FileSystem.split(change.path)
      guard folder == batch.folder.path, let entry = kept[FileName(name)] else { return change }
      return entry.entry.map { (change.path, $0) }
    }
    return (
      try repository.stageIndex(
        setting: rest + mended.map { (path: $0.path, entry: $0.current) }, baseTree: tree,
        in: area), index.former, stale, kept
    )
  }

  /// What the working files' notes say once all of them have followed.
  ///
  /// - Returns: nil where not all can, or where the notes have to last by themselves.
  private func inStepNotes(_ batch: GitWriteBatch, _ tip: ObjectID) -> InStepNotes? {
    guard var notes = batch.working?.notes,
      batch.touchedNames.allSatisfy({ batch.followed.contains(FileName($0)) })
    else { return nil }
    for name in batch.touchedNames {
      notes[batch.folder.pathOf(name)] = batch.folder[name]?.blob.map {
        InStepNotes.Note(commit: tip, blob: $0)
      }
    }
    return notes.isToLast ? nil : notes
  }

  private func logMessage(_ batch: GitWriteBatch) -> String {
    let subject = batch.steps.last?.subject ?? ""
    return "commit\(batch.tip == nil ? " (initial)" : ""): \(subject)"
  }

  private func moveBranch(
    _ batch: GitWriteBatch, to tip: ObjectID, _ reference: PendingReference,
    _ committer: Signature, _ area: StagingArea
  ) throws {
    try reference.move(in: repository)
    do {
      try reference.finishLogs()
      try area.syncAll(last: "\(location.commonDirectory)/\(batch.branch)")
    } catch {
      do {
        try moveBack(batch, from: tip, committer, area)
      } catch let second {
        throw StateError(
          .writeFailed,
          "it is not known whether the change will last: the branch has it as \(tip.short), but the disk did not "
            + "take it (\(error.message)), and "
            + StateError(second, .writeFailed, "the branch could not be moved back").message
            + "; see what the system says of the disk (dmesg), then run: gitstate status")
      }
      throw error
    }
  }

  /// Moves the branch back to where it was.
  ///
  /// Without waits for the disk, which has just failed: whoever looks sees the old state, as the error says.
  private func moveBack(
    _ batch: GitWriteBatch, from tip: ObjectID, _ committer: Signature, _ area: StagingArea
  ) throws {
    guard let old = batch.tip else {
      return try repository.removeReference(batch.branch, from: tip)
    }
    let area = try StagingArea(area.folder, method: .none)
    let reference = try repository.stageReference(
      batch.branch, from: tip, to: old, logMessage: "gitstate: not durable, undone",
      committer: committer, isHead: batch.isHead, in: area)
    try area.flush()
    try reference.move(in: repository)
  }

  /// Does what is left once the branch has moved.
  ///
  /// From then on the write is done, so nothing in here fails it: what goes wrong is said beside the
  /// answer, and the note of the intent stays for the next write to finish.
  private func finish(
    _ batch: inout GitWriteBatch, _ tip: ObjectID, _ author: Signature, _ committer: Signature,
    _ staged: Staged, _ area: StagingArea
  ) {
    var isIndexed = true
    /// Whether the intent is still there for the next command.
    var isNoted = true
    batch.notes += staged.kept
    do {
      try staged.index?.commit()
      lastIndex = staged.index?.inode
      for file in staged.stale {
        batch.notes.append(
          file.isProven
            ? "\(file.problem) (a git commit, merge or pull that ran beside a write had left that "
              + "behind); the index has the branch's version again" : file.sentence)
      }
    } catch {
      isIndexed = false
      batch.notes.append(
        "the change is committed as \(tip.short), but git's index could not be brought in step "
          + "(\(error.message.escapingUnprintable)); before the next git commit let the next gitstate "
          + "command do so, such as: gitstate status")
    }
    do {
      let inStep = try updateFiles(&batch, tip: tip, staged, area)
      for path in try batch.beside?.update(staged.beside) ?? [] {
        batch.notes.append(
          "\(path.escapingUnprintable) was changed in the working tree during the write and was left as "
            + "it is; compare with git diff -- \(path.escapingUnprintable)")
      }
      try area.syncNames()
      if isIndexed, try keepIndex(batch, staged, area) {
        batch.notes.append(
          "another git program put an older index in place of the new one; the index has the branch's "
            + "version of \(batch.touchedNames.map { batch.folder.pathOf($0) }.joined(separator: " ")) "
            + "again")
      }
      switch (isIndexed, inStep) {
      case (true, let notes?): try notes.take(WriteIntent.path(location))
      case (true, nil): try WriteIntent.remove(at: location)
      case (false, var notes?): try notes.save()
      case (false, nil): break
      }
      isNoted = !isIndexed
      try restore(batch, staged, author, committer, area)
      for objects in published + [staged.objects] { try objects.release() }
      try repository.remember(staged.objects)
      LogIndex.follow(batch, location)
    } catch {
      let reason = StateError(error, .writeFailed, "not all that follows could be done").message
      let next =
        isNoted
        ? "; the next gitstate command completes it, such as: gitstate status (until then git commit could take the "
          + "change back)" : ""
      batch.notes.append(
        "the change is committed as \(tip.short) and is not to be made again, but \(reason)\(next)")
    }
  }

  /// Looks whether a git program that had read the index before has put what it read in its place.
  ///
  /// git does so within milliseconds after it gets the lock, or else too late for us: then the next
  /// command finds it (``StaleIndex``).
  ///
  /// - Returns: Whether it had to be mended.
  private func keepIndex(_ batch: GitWriteBatch, _ staged: Staged, _ area: StagingArea) throws
    -> Bool
  {
    guard let index = staged.index else { return false }
    let end = ContinuousClock.now + .milliseconds(100)
    while try index.isLockedByOthers(), ContinuousClock.now < end { Jitter.sleep() }
    guard try !index.isInPlace() else { return false }
    var isMended = false
    while true {
      let entries = try repository.indexEntries(in: batch.folder.path)
      // What else the index has by now is the user's.
      let behind = staged.note.files.filter { file in
        guard file.beside == nil else { return false }
        var indexed: ObjectID?
        if let entry = entries[file.path] {
          guard case .staged(let entry) = entry else { return false }
          indexed = entry.id
        }
        return indexed != file.new
          && indexed == batch.tipFolder[FileSystem.split(file.path).name]?.blob
      }
      guard !behind.isEmpty else { return isMended }
      isMended = true
      do {
        try staged.note.setIndex(behind, location, repository, area)
      } catch let error as GitError where error.isWorthAnotherTry && ContinuousClock.now < end {
        Jitter.sleep()
      }
    }
  }

  /// Looks for the new objects on disk, and writes again what a prune took before the branch named
  /// them.
  private func restore(
    _ batch: GitWriteBatch, _ staged: Staged, _ author: Signature, _ committer: Signature,
    _ area: StagingArea
  ) throws {
    // One that began since the objects were put in their place may not have seen the branch move.
    let isPruned = try waitForGarbageCollection(
      until: .now + options.lockTimeout, "its objects may go (see git fsck): ")
    let all = published + [staged.objects]
    guard try isPruned || !all.allSatisfy({ try $0.areInPlace }) else { return }
    let objects = all.flatMap(\.ids)
    guard try !repository.missing(objects).isEmpty else { return }
    var copy = batch
    _ = try writeCommits(&copy, author, committer, area, isAgain: true)
    let again = try repository.stageObjects(in: area)
    try area.flush()
    try again.publish(area)
    try area.syncAll(last: "\(location.commonDirectory)/objects/pack")
    let lost = try repository.missing(objects)
    guard lost.isEmpty else {
      throw StateError(
        .writeFailed,
        "objects of it are being removed by another program (\(lost[0].short)); stop git prune and "
          + "git gc --prune=now, then run: git fsck")
    }
  }

  /// Brings the working files up to date.
  ///
  /// - Returns: Their notes where these are yet to take the intent's place, which says the same; nil where they
  ///   are written.
  private func updateFiles(
    _ batch: inout GitWriteBatch, tip: ObjectID, _ staged: Staged, _ area: StagingArea
  ) throws -> InStepNotes? {
    guard var working = batch.working else { return nil }
    var haveAllFollowed = true
    for name in batch.touchedNames {
      let item = batch.folder[name]
      let path = batch.folder.pathOf(name)
      guard batch.followed.contains(FileName(name)) else {
        if let old = batch.tipFolder[name]?.blob, let commit = batch.tip {
          var note =
            batch.bases[FileName(name)] ?? working.notes[path]
            ?? InStepNotes.Note(commit: commit, blob: old)
          (note.isLeftBehind, note.recorded) = (true, tip)
          working.notes[path] = note
        }
        continue
      }
      let content = try item.map { try $0.bytes ?? repository.blob(try blob($0)) }
      // What it was changed from is what it had before the write, not what the index has by now.
      let former = InStepNotes.Note.leftBehind(
        of: batch.tip ?? tip, working.seenBlob(name) ?? batch.tipFolder[name]?.blob, recorded: tip)
      let isUpdated: Bool
      do {
        isUpdated = try working.update(name, to: content, staged.files[FileName(name)], area)
      } catch {
        working.notes[path] = former
        try working.notes.save()
        throw error
      }
      if isUpdated {
        working.notes[path] = item?.blob.map { InStepNotes.Note(commit: tip, blob: $0) }
      } else {
        haveAllFollowed = false
        working.notes[path] = former
        batch.leave(
          name,
          "\(path) was changed in the working tree during the write and was left as it is; the next write to it "
            + "takes the change over where they go together: compare with git diff -- \(path)")
      }
    }
    if haveAllFollowed, let notes = staged.inStep { return notes }
    try working.notes.save()
    batch.working = working
    return nil
  }
}
