internal import CGit2
internal import Glibc

/// Objects that are on disk under temporary names.
public struct StagedObjects {
  /// The files, in an order in which no object comes before what it names.
  fileprivate let files: [StagedFile]
  /// What their names are proven by before anything has them.
  fileprivate let proofs: [NameProof]
  /// The objects that were written.
  public let ids: [ObjectID]
  /// Those of them that the next write is likely to read.
  fileprivate let next: [HeldObjects.Object]

  /// Gives them their names.
  ///
  /// - Parameter area: Where they were staged.
  /// - Throws: ``GitError`` where a file cannot be put in its place, or an object is an attack on SHA-1.
  public func publish(_ area: StagingArea) throws(GitError) {
    for proof in proofs { try proof.finish() }
    for file in files {
      var tries = 0
      while true {
        do throws(GitError) {
          try Self.publish(file, area)
          break
        } catch {
          // git removes the folders of objects that it finds empty, also one that has just been made.
          tries += 1
          guard tries < 10, try FileSystem.status(FileSystem.parent(file.path)) == nil else {
            throw error
          }
        }
      }
    }
  }

  private static func publish(_ file: StagedFile, _ area: StagingArea) throws(GitError) {
    do throws(GitError) {
      try file.publish()
    } catch {
      // Of the 256 folders most are there already.
      let folder = FileSystem.parent(file.path)
      guard try FileSystem.status(folder) == nil else { throw error }
      guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
        throw FileSystem.error("create", folder)
      }
      area.noteName(folder)
      try file.publish()
    }
    area.noteName(file.path)
  }

  /// Lets other programs pack the objects again, once a reference names them.
  ///
  /// - Throws: ``GitError`` where a note that a pack is to stay cannot be removed.
  public func release() throws(GitError) {
    for file in files where file.path.hasSuffix(".keep") { try FileSystem.remove(file.path) }
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
  public var heldCount: Int { held?.objects.count ?? 0 }

  /// Forgets the new objects that wait in memory, and those that ``beginNaming(_:)`` was told of.
  public func forgetHeldObjects() throws(GitError) {
    guard let held else { return }
    if held.isEmpty { held.forgetExpected() } else { try held.reset() }
  }

  /// Keeps commits and trees in memory that a reference names by now, until the next ones come.
  public func remember(_ objects: StagedObjects) throws(GitError) {
    try held?.reset(remembering: objects.next)
  }

  /// Writes the objects that wait in memory to disk, under temporary names.
  ///
  /// A few become loose objects, many become one pack: libgit2 looks through all packs for each object
  /// that it does not find, so that one pack for each commit would be its ruin.
  ///
  /// - Parameters:
  ///   - area: Where to write them.
  ///   - mostLoose: More than so many objects become a pack.
  ///   - keepsPacks: Whether packs are to stay until ``StagedObjects/release()``: `git repack -a -d` removes
  ///     what it found when it began, and a reference that did not name it then comes too late.
  /// - Returns: What takes its place once the area is flushed.
  /// - Throws: ``GitError`` where they cannot be written.
  public func stageObjects(
    in area: StagingArea, mostLoose: Int = 32, keepsPacks: Bool = false
  ) throws(GitError) -> StagedObjects {
    guard let held else { return StagedObjects(files: [], proofs: [], ids: [], next: []) }
    var files: [StagedFile] = []
    for pack in held.packs { files += try stage(pack, keepsPacks, in: area) }
    if held.objects.count > mostLoose {
      files += try stage(pack(of: held), keepsPacks, in: area)
    } else {
      for object in held.objects { files.append(try stage(object, held, in: area)) }
    }
    let ids = held.packs.flatMap(\.ids) + held.objects.map(\.id)
    let (next, proofs) = (held.next, held.proofs)
    try held.reset()
    return StagedObjects(files: files, proofs: proofs, ids: ids, next: next)
  }

  private func stage(
    _ object: HeldObjects.Object, _ held: HeldObjects, in area: StagingArea
  ) throws(GitError) -> StagedFile {
    let header = ObjectID.header(object.type, size: object.content.count)
    var file: [UInt8] = []
    if object.content.count >= PartedDeflater.smallest {
      try held.partedDeflater.append(header, object, to: &file)
    } else {
      try held.deflater.append(header, object.content, to: &file)
    }
    return try area.stage(file, for: looseFile(of: object.id), mode: 0o444)
  }

  /// A pack of just these objects.
  private func pack(of held: HeldObjects) throws(GitError) -> NewPack {
    var writer = PackWriter(held.deflater)
    for object in held.objects {
      try writer.add(object, like: object.base.flatMap { held[$0] })
    }
    return writer.finish()
  }

  /// What a note says that a pack of ours is to stay for a moment.
  private static var keepNote: [UInt8] { Array("gitstate write\n".utf8) }

  /// Removes the notes that packs are to stay which a write that was cut off has left, and such packs as got no index.
  ///
  /// Only for whoever keeps others from writing.
  public func releaseLeftPacks() throws(GitError) {
    let folder = commonDirectory + "/objects/pack"
    for name in try FileSystem.names(in: folder) ?? [] where name.hasSuffix(".keep") {
      guard try FileSystem.content("\(folder)/\(name)") == Self.keepNote else { continue }
      let pack = "\(folder)/\(name.dropLast(".keep".count))"
      if try FileSystem.status(pack + ".idx") == nil { try FileSystem.remove(pack + ".pack") }
      try FileSystem.remove("\(folder)/\(name)")
    }
  }

  private func stage(
    _ pack: NewPack, _ isKept: Bool, in area: StagingArea
  ) throws(GitError) -> [StagedFile] {
    let path = "\(commonDirectory)/objects/pack/\(pack.name)"
    let note = isKept ? [try area.stage(Self.keepNote, for: path + ".keep", mode: 0o444)] : []
    // A pack counts from when its index is there.
    return note + [
      try area.stage(pack.bytes, for: path + ".pack", mode: 0o444),
      try area.stage(pack.index, for: path + ".idx", mode: 0o444),
    ]
  }
}
