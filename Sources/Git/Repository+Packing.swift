internal import CGit2
internal import Glibc

/// What packing did.
public struct PackingReport: Sendable {
  /// How many objects are in new packs; 0 where there was nothing to pack.
  public fileprivate(set) var packed = 0
  /// How many loose objects are gone, since a pack has them.
  public fileprivate(set) var removedLoose = 0
  /// How many packs are gone, since a new one has all that they had.
  public fileprivate(set) var removedPacks = 0

  fileprivate static func += (report: inout PackingReport, other: PackingReport) {
    report.packed += other.packed
    report.removedLoose += other.removedLoose
    report.removedPacks += other.removedPacks
  }
}

extension Repository {
  /// Whether so many objects are loose, or in so many packs, that they should be packed.
  ///
  /// As git counts: 6,700 loose objects (`gc.auto`), looking at one of 256 folders, or 50 packs
  /// (`gc.autoPackLimit`), of which only those count that can be joined.
  public func needsPacking() throws(GitError) -> Bool {
    let names = try FileSystem.names(in: commonDirectory + "/objects/17") ?? []
    if names.count(where: { $0.utf8.count == 38 }) > 27 { return true }
    return try !smallPacks(commonDirectory + "/objects").isEmpty
  }

  private static var mostPacks: Int { 50 }
  /// How many bytes small packs have together; each is in memory while it is joined.
  private static var mostJoined: Int { 1 << 30 }

  /// Puts loose objects into one pack, and removes what the pack has; joins small packs where there are
  /// many.
  ///
  /// Nothing that any program may be about to name is lost: objects only move from their own files into
  /// a pack that is on disk by then. It may run beside writers, but not beside itself.
  ///
  /// - Parameters:
  ///   - folder: A folder of its own on the file system of the objects.
  ///   - isFull: Whether all objects of the repository go into one pack, which takes long. Packs that are kept
  ///     (`.keep`) stay.
  /// - Returns: What was done.
  /// - Throws: ``GitError``; no object is lost then.
  public func pack(in folder: String, isFull: Bool) throws(GitError) -> PackingReport {
    try FileSystem.makeFolders(folder)
    let objects = commonDirectory + "/objects"
    let left = try FileSystem.names(in: folder) ?? []
    for name in left {
      // A pack that was moved, and was cut off before its index was.
      if name.hasSuffix(".idx"), !left.contains(name.dropLast(4) + ".pack"),
        try FileSystem.status("\(objects)/pack/\(name)") == nil
      {
        try FileSystem.remove("\(objects)/pack/\(name.dropLast(4)).pack")
      }
      try FileSystem.remove("\(folder)/\(name)")
    }
    let loose = try looseObjects(objects)
    if isFull {
      let old = try ownPacks(objects)
      guard !loose.isEmpty || old.count > 1 else { return PackingReport() }
      return try repack(loose, old, in: folder)
    }
    var report = PackingReport()
    if !loose.isEmpty { report += try repack(loose, [], in: folder) }
    let small = try smallPacks(objects)
    if small.count > 1 { report += try join(small, in: folder) }
    return report
  }

  /// Makes one pack of loose objects and packs, with deltas as libgit2 finds them.
  private func repack(_ loose: [ObjectID], _ packs: [String], in folder: String) throws(GitError)
    -> PackingReport
  {
    let builder = try Owned<PackBuilderResource> { git_packbuilder_new($0, handle.pointer) }
    _ = git_packbuilder_set_threads(builder.pointer, 0)
    for id in try loose + objectsInPacks(packs) {
      var raw = id.raw
      try check(git_packbuilder_insert(builder.pointer, &raw, nil), id.hex)
    }
    let count = git_packbuilder_object_count(builder.pointer)
    // libgit2 syncs the pack and its index.
    try check(git_packbuilder_write(builder.pointer, folder, 0o444, nil, nil), folder)
    guard let name = text(git_packbuilder_name(builder.pointer)) else {
      throw GitError(.failed, "libgit2 wrote a pack without a name", category: .objectDatabase)
    }
    return try replace(loose, packs, by: "pack-\(name)", of: count, in: folder)
  }

  /// Makes one pack of several.
  private func join(_ packs: [String], in folder: String) throws(GitError) -> PackingReport {
    let paths = packs.map { "\(commonDirectory)/objects/pack/\($0)" }
    guard let joined = try PackJoin.join(paths, in: folder) else {
      return try repack([], packs, in: folder)
    }
    return try replace([], packs, by: joined.name, of: joined.count, in: folder)
  }

  /// Puts a pack that is on disk in its place, and removes what it has.
  private func replace(
    _ loose: [ObjectID], _ packs: [String], by new: String, of count: Int, in folder: String
  ) throws(GitError) -> PackingReport {
    let place = commonDirectory + "/objects/pack"
    try FileSystem.rename("\(folder)/\(new).pack", to: "\(place)/\(new).pack")
    do throws(GitError) {
      try FileSystem.rename("\(folder)/\(new).idx", to: "\(place)/\(new).idx")
    } catch {
      // Of no use without it, unless it is the very pack that was there before.
      if try FileSystem.status("\(place)/\(new).idx") == nil {
        try FileSystem.remove("\(place)/\(new).pack")
      }
      throw error
    }
    try FileSystem.sync(place)
    // Only now that the pack is durable does anything go.
    for id in loose { try FileSystem.remove(looseFile(of: id)) }
    let gone = packs.filter { $0 != new }
    // It names packs that go (gitformat-pack, "multi-pack-index"); git makes another one when asked.
    if !gone.isEmpty { try FileSystem.remove("\(place)/multi-pack-index") }
    for pack in gone {
      // The index first: a pack without one is not looked into.
      for ending in ["idx", "pack", "rev", "bitmap", "mtimes"] {
        try FileSystem.remove("\(place)/\(pack).\(ending)")
      }
    }
    return PackingReport(packed: count, removedLoose: loose.count, removedPacks: gone.count)
  }

  private func looseObjects(_ objects: String) throws(GitError) -> [ObjectID] {
    var ids: [ObjectID] = []
    for number in 0..<256 {
      let digits = String(number, radix: 16)
      let prefix = digits.utf8.count == 1 ? "0" + digits : digits
      for name in try FileSystem.names(in: "\(objects)/\(prefix)") ?? [] {
        guard let id = ObjectID(hex: prefix + name) else { continue }
        // What a power cut left empty is no object; it stays for git fsck to name.
        guard let status = try FileSystem.status("\(objects)/\(prefix)/\(name)"), status.st_size > 0
        else { continue }
        ids.append(id)
      }
    }
    return ids
  }

  /// The repository's own packs that nobody asked to keep, by name.
  private func ownPacks(_ objects: String) throws(GitError) -> [String] {
    let names = Set(try FileSystem.names(in: objects + "/pack") ?? [])
    return names.filter { $0.hasPrefix("pack-") && $0.hasSuffix(".idx") }
      .map { String($0.dropLast(4)) }
      .filter {
        names.contains($0 + ".pack") && !names.contains($0 + ".keep")
          && !names.contains($0 + ".promisor")
      }
      .sorted()
  }

  /// The packs that can be joined, where they are many.
  private func smallPacks(_ objects: String) throws(GitError) -> [String] {
    let packs = try ownPacks(objects)
    guard packs.count > Self.mostPacks else { return [] }
    var sizes: [(pack: String, size: Int)] = []
    for pack in packs {
      let status = try FileSystem.status("\(objects)/pack/\(pack).pack")
      sizes.append((pack, status.map { Int($0.st_size) } ?? 0))
    }
    let small = Self.joinable(sizes)
    return small.count > Self.mostPacks ? small.sorted() : []
  }

  /// Of packs the small ones: up to the last that is at most twice as large as those before it together, so
  /// that a large one is not written again for every few small ones, and those that are left grow so fast that
  /// they are few (as with `git repack --geometric`).
  static func joinable(_ packs: [(pack: String, size: Int)]) -> [String] {
    let packs = packs.sorted { ($0.size, $0.pack) < ($1.size, $1.pack) }
    var (sum, count) = (0, 0)
    for (number, (_, size)) in packs.enumerated() {
      guard sum + size <= mostJoined else { break }
      if size <= 2 * max(sum, 1 << 19) { count = number + 1 }
      sum += size
    }
    return packs.prefix(count).map(\.pack)
  }

  /// The objects that some packs have (`git_odb_foreach` over a store of just these packs).
  private func objectsInPacks(_ packs: [String]) throws(GitError) -> [ObjectID] {
    var ids: [ObjectID] = []
    for pack in packs {
      let path = "\(commonDirectory)/objects/pack/\(pack).idx"
      var backend: UnsafeMutablePointer<git_odb_backend>?
      try check(git_odb_backend_one_pack(&backend, path), path)
      let store = try Owned<ObjectDatabaseResource>(path) { git_odb_new($0) }
      try check(git_odb_add_backend(store.pointer, backend, 1), path)
      _ = try withUnsafeMutablePointer(to: &ids) { pointer throws(GitError) in
        try check(
          git_odb_foreach(
            store.pointer,
            { id, payload in
              guard let id, let payload else { return -1 }
              payload.assumingMemoryBound(to: [ObjectID].self).pointee.append(ObjectID(id.pointee))
              return 0
            }, pointer), path)
      }
    }
    return ids
  }
}
