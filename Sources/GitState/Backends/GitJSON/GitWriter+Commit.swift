import Git

extension GitWriter {
  /// Refuses to write files that git ignores or would convert.
  func checkPaths(_ batch: GitWriteBatch) throws {
    guard batch.working != nil else { return }
    for name in batch.touchedNames {
      let path = batch.folder.pathOf(name)
      guard let bytes = batch.folder[name]?.bytes else { continue }
      if batch.tipFolder[name] == nil, try repository.isIgnored(path) {
        throw StateError(
          .writeFailed,
          "nothing was written: git ignores \(path), so its history would not be shared; take it "
            + "out of .gitignore (git check-ignore -v \(path) tells the line)", file: path)
      }
      for attribute in ["filter", "working-tree-encoding"] {
        guard case .value(let value) = try repository.attribute(attribute, of: path) else {
          continue
        }
        throw converted(path, "\(attribute)=\(value)")
      }
      guard try repository.contentAfterCheckin(bytes, path: path) == bytes,
        try repository.contentAfterCheckout(bytes, path: path) == bytes
      else { throw converted(path, "line ends or ident") }
    }
  }

  private func converted(_ path: String, _ filter: String) -> StateError {
    StateError(
      .writeFailed,
      "nothing was written: git would convert \(path) (\(filter.escapingUnprintable)), so it would "
        + "not come back as it is; add this line to .gitattributes: "
        + "\(path) -text -ident !filter !working-tree-encoding", file: path)
  }

  /// Writes the batch's commits and moves the branch to the last one.
  func commit(_ batch: inout GitWriteBatch) throws {
    guard !batch.steps.isEmpty else { return }
    let author = try repository.signature(.author)
    let committer = try repository.signature(.committer)
    let tip = try writeCommits(&batch, author, committer)

    var intent = WriteIntent(
      reference: batch.branch, old: batch.tip, new: tip,
      gitDirectory: batch.working == nil ? nil : location.gitDirectory,
      workingDirectory: batch.working?.root, files: try files(of: batch))
    try intent.save(at: location, isDurable: isDurable)
    do {
      guard batch.working != nil else {
        try moveBranch(batch, to: tip, committer)
        finish(&batch, tip, author, committer)
        return
      }
      let index = try prepareIndex(batch, tip: tip, &intent)
      try moveBranch(batch, to: tip, committer)
      finish(&batch, tip, author, committer, index: index)
    } catch {
      // The branch did not move, so there is nothing to finish.
      try WriteIntent.remove(at: location)
      throw error
    }
  }

  /// Does what is left once the branch has moved.
  ///
  /// From then on the write is done, so nothing in here fails it: what goes wrong is said beside the
  /// answer, and the note of the intent stays for the next write to finish.
  private func finish(
    _ batch: inout GitWriteBatch, _ tip: ObjectID, _ author: Signature, _ committer: Signature,
    index: consuming PendingIndex
  ) {
    let isIndexed: Bool
    do {
      try index.commit()
      isIndexed = true
    } catch {
      isIndexed = false
      let paths = batch.touchedNames.map { batch.folder.pathOf($0) }.joined(separator: " ")
      batch.notes.append(
        "the change is committed as \(tip.short), but git's index could not be brought in step "
          + "(\(error.message.escapingUnprintable)); do so before the next git commit with: "
          + "git reset -q -- \(paths)")
    }
    finish(&batch, tip, author, committer, keepsIntent: !isIndexed)
  }

  private func finish(
    _ batch: inout GitWriteBatch, _ tip: ObjectID, _ author: Signature, _ committer: Signature,
    keepsIntent: Bool = false
  ) {
    do {
      try restore(batch, tip, author, committer)
      try updateFiles(&batch, tip: tip)
      if !keepsIntent { try WriteIntent.remove(at: location) }
    } catch {
      let reason = StateError(error, .writeFailed, "not all that follows could be done").message
      batch.notes.append("the change is committed as \(tip.short), but \(reason)")
    }
  }

  /// Writes blobs, trees and commits, which nothing names yet.
  ///
  /// - Returns: The last commit.
  private func writeCommits(
    _ batch: inout GitWriteBatch, _ author: Signature, _ committer: Signature
  ) throws -> ObjectID {
    var parent = batch.tip
    var folder = batch.tipFolder
    for index in batch.steps.indices {
      let step = batch.steps[index]
      let id = try write(step, from: folder, on: parent, author, committer)
      batch.setCommit(id, ofStep: index)
      folder = step.folder
      parent = id
    }
    guard let parent else { throw StateError(.writeFailed, "there is nothing to commit") }
    return parent
  }

  private func write(
    _ step: GitWriteBatch.Step, from folder: DeploymentFolder, on parent: ObjectID?,
    _ author: Signature, _ committer: Signature
  ) throws -> ObjectID {
    if let joins = step.joins, joins.isFastForward { return joins.other.id }
    let changes = try folder.names(thatDifferIn: step.folder).map { name in
      (
        path: folder.pathOf(name),
        entry: try step.folder[name].map { (id: try blob($0), mode: $0.mode) }
      )
    }
    let root = try parent.map { try repository.commit($0).tree }
    let tree = try repository.writeTree(root, replacing: changes + (step.joins?.paths ?? []))
    var stepAuthor = author
    if let time = step.authorTime {
      stepAuthor = Signature(name: author.name, email: author.email, time: max(0, time), offset: 0)
    }
    return try repository.writeCommit(
      tree: tree, parents: [parent, step.joins?.other.id].compactMap(\.self), author: stepAuthor,
      committer: committer,
      message: step.message)
  }

  private func blob(_ item: DeploymentFolder.Item) throws -> ObjectID {
    if let blob = item.blob { return blob }
    return try repository.writeBlob(item.bytes ?? [])
  }

  /// Looks for the new objects on disk, and writes again what a prune took before the branch named
  /// them.
  private func restore(
    _ batch: GitWriteBatch, _ tip: ObjectID, _ author: Signature, _ committer: Signature
  ) throws {
    let objects = try batch.steps.flatMap { step in
      try step.commit.map { try repository.objects(of: $0, batch.folder.path) } ?? []
    }
    guard try !repository.missing(objects).isEmpty else { return }
    var copy = batch
    _ = try writeCommits(&copy, author, committer)
    let lost = try repository.missing(objects)
    guard lost.isEmpty else {
      throw StateError(
        .writeFailed,
        "objects of it are being removed by another program (\(lost[0].short)); stop git prune and "
          + "git gc --prune=now, then run: git fsck")
    }
  }

  private func moveBranch(_ batch: GitWriteBatch, to tip: ObjectID, _ committer: Signature) throws {
    let subject = batch.steps.last?.message.prefix { $0 != "\n" } ?? ""
    do {
      try repository.compareAndSwap(
        reference: batch.branch, from: batch.tip, to: tip,
        logMessage: "commit\(batch.tip == nil ? " (initial)" : ""): \(subject)",
        committer: committer)
    } catch {
      // libgit2 fails as well where the branch has moved, but its folder could not be synced.
      guard try repository.target(ofReference: batch.branch) == tip else { throw error }
      try settle(batch, tip, committer)
    }
  }

  /// Makes a move durable that libgit2 made and then failed to sync, or takes it back.
  private func settle(_ batch: GitWriteBatch, _ tip: ObjectID, _ committer: Signature) throws {
    do {
      if isDurable {
        try FileSystem.syncFolder(of: "\(location.commonDirectory)/\(batch.branch)")
      }
    } catch {
      guard let old = batch.tip else { throw error }
      try repository.compareAndSwap(
        reference: batch.branch, from: tip, to: old, logMessage: "gitstate: not durable, undone",
        committer: committer)
      throw error
    }
  }

  // MARK: Index and working files

  private func files(of batch: GitWriteBatch) throws -> [WriteIntent.File] {
    try batch.touchedNames.map { name in
      WriteIntent.File(
        path: batch.folder.pathOf(name), old: try batch.working?.seenBlob(name),
        new: try batch.folder[name].map(blob), mode: batch.folder[name]?.mode ?? .blob,
        isFollowed: batch.followed.contains(FileName(name)))
    }
  }

  private func prepareIndex(_ batch: GitWriteBatch, tip: ObjectID, _ intent: inout WriteIntent)
    throws -> PendingIndex
  {
    let changes = try batch.touchedNames.map { name in
      (
        path: batch.folder.pathOf(name),
        entry: try batch.folder[name].map { (id: try blob($0), mode: $0.mode) }
      )
    }
    let (location, isDurable) = (self.location, self.isDurable)
    var note = intent
    let index = try repository.prepareIndex(
      setting: changes, baseTree: try repository.commit(tip).tree,
      willHold: { inode, isFinished in
        note.indexLocks.append(inode)
        if isFinished { note.finishedIndex = inode }
        try note.save(at: location, isDurable: isDurable && isFinished)
      })
    intent = note
    return index
  }

  /// Brings the working files up to date.
  private func updateFiles(_ batch: inout GitWriteBatch, tip: ObjectID) throws {
    guard var working = batch.working else { return }
    for name in batch.touchedNames {
      let item = batch.folder[name]
      let path = batch.folder.pathOf(name)
      guard batch.followed.contains(FileName(name)) else {
        if let old = batch.tipFolder[name]?.blob, let commit = batch.tip {
          var note =
            batch.bases[FileName(name)] ?? working.notes[path]
            ?? InStepNotes.Note(commit: commit, blob: old)
          note.isLeftBehind = true
          working.notes[path] = note
        }
        continue
      }
      let content = try item.map { try $0.bytes ?? repository.blob(try blob($0)) }
      if try working.update(name, to: content) {
        working.notes[path] = try item.map { InStepNotes.Note(commit: tip, blob: try blob($0)) }
      } else {
        batch.leave(
          name,
          "\(path) was changed in the working tree during the write and was left as it is; "
            + "compare with git diff -- \(path)")
      }
    }
    try working.notes.save()
    batch.working = working
  }
}

extension Repository {
  /// A commit's own objects: itself, its tree, the deployments folder and the files in it.
  fileprivate func objects(of commit: ObjectID, _ folder: String) throws -> [ObjectID] {
    var tree = try self.commit(commit).tree
    var objects = [commit, tree]
    for part in folder.split(separator: "/") {
      guard let entry = try self.tree(tree)[String(part)] else { return objects }
      objects.append(entry.id)
      tree = entry.id
    }
    return objects
      + (try self.tree(tree).entries.filter { $0.mode != .submodule && $0.mode != .tree }.map(\.id))
  }
}
