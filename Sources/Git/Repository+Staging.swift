internal import CGit2
internal import Glibc

/// Objects that are on disk under temporary names.
public struct StagedObjects {
  /// The files, in an order in which no object comes before what it names.
  fileprivate let files: [StagedFile]
  /// The objects that were written.
  public let ids: [ObjectID]

  /// Gives them their names.
  ///
  /// - Parameter area: Where they were staged.
  /// - Throws: ``GitError`` where a file cannot be put in its place.
  public func publish(_ area: StagingArea) throws(GitError) {
    for file in files {
      let folder = FileSystem.parent(file.path)
      if mkdir(folder, 0o777) == 0 {
        area.noteName(folder)
      } else if errno != EEXIST {
        throw FileSystem.error("create", folder)
      }
      try file.publish()
      area.noteName(file.path)
    }
  }

  /// Whether all of the files are where they were put.
  public var areInPlace: Bool {
    get throws(GitError) {
      for file in files where try FileSystem.status(file.path) == nil { return false }
      return true
    }
  }
}

extension Repository {
  /// How many bytes of new objects wait in memory.
  public var heldSize: Int { held?.size ?? 0 }

  /// How many new objects wait in memory.
  public var heldCount: Int { held?.ids.count ?? 0 }

  /// Objects that were to be written since the last staging and that the repository had already.
  ///
  /// Nothing may name them yet, so that another program may remove them before something does.
  public var reusedObjects: [ObjectID] { held?.reused ?? [] }

  /// Forgets the new objects that wait in memory.
  public func forgetHeldObjects() throws(GitError) { try held?.reset(forgetsReused: true) }

  /// Writes the objects that wait in memory to disk, under temporary names.
  ///
  /// A few become loose objects, many become one pack: libgit2 looks through all packs for each object
  /// that it does not find, so that one pack for each commit would be its ruin.
  ///
  /// - Parameter area: Where to write them.
  /// - Returns: What takes its place once the area is flushed.
  /// - Throws: ``GitError`` where they cannot be written.
  public func stageObjects(in area: StagingArea) throws(GitError) -> StagedObjects {
    guard let held, !held.ids.isEmpty else { return StagedObjects(files: [], ids: []) }
    let ids = held.ids
    var files: [StagedFile] = []
    if ids.count > Self.mostLooseObjects {
      files = try stagePack(ids, in: area)
    } else {
      for id in ids { files.append(try stage(id, held, in: area)) }
    }
    try held.reset(forgetsReused: false)
    return StagedObjects(files: files, ids: ids)
  }

  private static var mostLooseObjects: Int { 100 }

  private func stage(_ id: ObjectID, _ held: HeldObjects, in area: StagingArea) throws(GitError)
    -> StagedFile
  {
    let (file, status) = try held.withContent(of: id) { kind, data in
      // gitformat-loose: the type and size, a NUL, the content.
      let header = Array("\(kind) \(data.count)\0".utf8)
      var room = gitstate_deflate_bound(header.count + data.count)
      var status = Z_OK
      let file = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        // Level 1: what is packed later is compressed better then.
        status = gitstate_deflate(
          header, header.count, data.baseAddress, data.count, 1, buffer.baseAddress, &room)
        count = room
      }
      return (file, status)
    }
    guard status == Z_OK else {
      throw GitError(.failed, "cannot compress object \(id.short)", category: .zlib)
    }
    return try area.stage(file, for: looseFile(of: id), mode: 0o444)
  }

  /// Writes a pack of just these objects (`git_packbuilder_write`).
  private func stagePack(_ ids: [ObjectID], in area: StagingArea) throws(GitError) -> [StagedFile] {
    let builder = try Owned<PackBuilderResource> { git_packbuilder_new($0, handle.pointer) }
    _ = git_packbuilder_set_threads(builder.pointer, 0)
    for id in ids {
      var raw = id.raw
      try check(git_packbuilder_insert(builder.pointer, &raw, nil), id.hex)
    }
    let packs = commonDirectory + "/objects/pack"
    let folder = try area.reaches(packs) ? area.folder : packs
    // libgit2 syncs the pack and its index.
    try check(git_packbuilder_write(builder.pointer, folder, 0, nil, nil), folder)
    guard let name = text(git_packbuilder_name(builder.pointer)) else {
      throw GitError(.failed, "libgit2 wrote a pack without a name", category: .objectDatabase)
    }
    // A pack counts from when its index is there.
    return try ["pack", "idx"].map { ending throws(GitError) in
      let file = "pack-\(name).\(ending)"
      let staged = try StagedFile(existing: "\(folder)/\(file)", for: "\(packs)/\(file)")
      area.add(staged)
      return staged
    }
  }
}
