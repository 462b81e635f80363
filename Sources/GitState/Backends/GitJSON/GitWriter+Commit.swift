import Git
import Glibc

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
      let conversion = try repository.conversion(of: path)
      guard !conversion.isNone else { continue }
      if let program = conversion.program { throw converted(path, program) }
      // libgit2 does not say what a checkout makes of it.
      if conversion.expandsIdent, Self.hasIdent(bytes) { throw converted(path, "ident") }
      guard FileSystem.isSame(try repository.contentAfterCheckin(bytes, path: path), bytes),
        FileSystem.isSame(try repository.contentAfterCheckout(bytes, path: path), bytes)
      else { throw converted(path, "line ends or ident") }
    }
  }

  /// Whether git's `ident` would find something to expand.
  private static func hasIdent(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var at = 0
      while let start = bytes.baseAddress, at + 3 <= bytes.count,
        let found = memchr(start + at, 0x24, bytes.count - at - 2)
      {
        at = UnsafeRawPointer(found) - start
        if bytes[at + 1] == UInt8(ascii: "I"), bytes[at + 2] == UInt8(ascii: "d") { return true }
        at += 1
      }
      return false
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
    let author = try batch.encoding?.author ?? repository.signature(.author)
    let committer = try batch.encoding?.committer ?? repository.signature(.committer)
    signer = try CommitSigner(repository, committer: committer)
    try publish(&batch, author, committer, try stagingArea())
    remember(batch)
  }

  /// Makes blobs, trees and commits, which nothing names yet.
  ///
  /// With `isAgain` it was done before, and some of the objects may be gone since.
  ///
  /// - Returns: The last commit.
  func writeCommits(
    _ batch: inout GitWriteBatch, _ author: Signature, _ committer: Signature,
    _ area: StagingArea, isAgain: Bool = false
  ) throws -> ObjectID {
    if isAgain { try repository.forgetHeldObjects() }
    published = []
    if !isAgain, let last = try takeEncoded(&batch) { return last }
    var parent = batch.tip
    var folder = batch.tipFolder
    var blobs: [FileName: (bytes: [UInt8], id: ObjectID)] = [:]
    for index in batch.steps.indices {
      for name in batch.steps[index].names {
        guard let item = batch.steps[index].folder[name], let bytes = item.bytes else { continue }
        if isAgain {
          _ = try repository.writeBlob(bytes)
          continue
        }
        guard item.blob == nil else { continue }
        if let known = blobs[FileName(name)], FileSystem.isSame(known.bytes, bytes) { continue }
        let base = blobs[FileName(name)]?.id ?? folder[name]?.blob
        blobs[FileName(name)] = (bytes, try repository.writeBlob(bytes, like: base))
      }
      batch.setBlobs(blobs, ofStep: index)
      let step = batch.steps[index]
      let id = try write(step, from: folder, on: parent, author, committer)
      batch.setCommit(id, ofStep: index)
      folder = step.folder
      parent = id
      if repository.heldSize > Self.mostHeldBytes || repository.heldCount > Self.mostHeldObjects {
        let objects = try repository.stageObjects(in: area, keepsPacks: true)
        try area.flush()
        try objects.publish(area)
        published.append(objects)
      }
    }
    guard let parent else { throw StateError(.writeFailed, "there is nothing to commit") }
    return parent
  }

  private static var mostHeldBytes: Int { 64 << 20 }
  private static var mostHeldObjects: Int { 20_000 }

  private func write(
    _ step: GitWriteBatch.Step, from folder: DeploymentFolder, on parent: ObjectID?,
    _ author: Signature, _ committer: Signature
  ) throws -> ObjectID {
    if let joins = step.joins, joins.isFastForward { return joins.other.id }
    let changes = try step.names.map { name in
      (
        path: folder.pathOf(name),
        entry: try step.folder[name].map { (id: try blob($0), mode: $0.mode) }
      )
    }
    let root = try parent.map { try repository.commit($0).tree }
    let tree = try repository.writeTree(root, replacing: changes + (step.joins?.paths ?? []))
    let stepAuthor = step.author(author)
    let parents = [parent, step.joins?.other.id].compactMap(\.self)
    if let signer {
      return try repository.writeCommit(
        tree: tree, parents: parents, author: stepAuthor, committer: committer,
        message: step.message, sign: signer.sign)
    }
    return try repository.writeCommit(
      tree: tree, parents: parents, author: stepAuthor, committer: committer, message: step.message)
  }

  func blob(_ item: DeploymentFolder.Item) throws -> ObjectID {
    if let blob = item.blob { return blob }
    return try repository.writeBlob(item.bytes ?? [])
  }

  /// Keeps what was written as parsed, so that neither the next read nor the next write parses it.
  private func remember(_ batch: GitWriteBatch) {
    lastFolder = nil
    // What a merge brings is read as all that comes from elsewhere.
    let isOurs = batch.steps.allSatisfy { $0.joins == nil }
    if isOurs, let commit = batch.steps.last?.commit, batch.folder.isCommitted {
      lastFolder = (commit, batch.folder)
    }
    for name in batch.touchedNames {
      guard let item = batch.folder[name], let blob = item.blob else { continue }
      loader.cache.insert(item.content, for: FileCache.Key(blob: blob, name: Array(name.utf8)))
    }
  }
}
