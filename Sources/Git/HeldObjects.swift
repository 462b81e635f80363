internal import CGit2

/// New objects of a repository that are kept in memory until they are staged.
///
/// libgit2 would write each to disk by itself, and sync each by itself.
final class HeldObjects {
  /// One of them.
  struct Object: Sendable {
    let id: ObjectID
    let type: git_object_t
    let content: [UInt8]
    /// An object that it is an edit of.
    let base: ObjectID?
  }

  /// libgit2's store in memory (`git_mempack_new`), from where it reads them; the object database owns
  /// it.
  private let store: UnsafeMutablePointer<git_odb_backend>
  /// What compresses them.
  let deflater = Deflater()
  /// What compresses large ones of them that are edits of others.
  let partedDeflater = PartedDeflater()
  /// Those that are packed already.
  private(set) var packs: [NewPack] = []
  /// What the last commit in them names, as far as it is new.
  private var lastOfPacks: [Object] = []
  /// The others, in an order in which none comes before what it names.
  private(set) var objects: [Object] = []
  private var places: [ObjectID: Int] = [:]
  /// Objects that are in packs here, or on disk by now, and are likely to be read next.
  private var shown: [ObjectID: Object] = [:]
  /// Where names are proven.
  private let thread = WorkThread()
  /// What proves the names of those that are added one by one, and of those in packs.
  private var proof: NameProof
  private var packProofs: [NameProof] = []
  /// How many bytes they have.
  private(set) var size = 0

  init(in database: borrowing Owned<ObjectDatabaseResource>) throws(GitError) {
    proof = NameProof(on: thread)
    var store: UnsafeMutablePointer<git_odb_backend>?
    try check(git_mempack_new(&store))
    guard let store else { throw GitError(.failed, "libgit2 returned no object store") }
    // Asked before those on disk.
    try check(git_odb_add_backend(database.pointer, store, 1000))
    self.store = store
  }

  /// Whether nothing waits to be staged.
  var isEmpty: Bool { packs.isEmpty && objects.isEmpty }

  /// Whether an object is held.
  func has(_ id: ObjectID) -> Bool { places[id] != nil || shown[id] != nil }

  /// An object that is held, where it is not just in a pack.
  subscript(id: ObjectID) -> Object? { places[id].map { objects[$0] } ?? shown[id] }

  /// Holds an object; one that the repository has, too, so that what is to last depends on nothing that
  /// another program may remove.
  func add(_ type: git_object_t, _ content: [UInt8], like base: ObjectID?) throws(GitError)
    -> ObjectID
  {
    let id = try proof.name(type, content)
    guard places[id] == nil else { return id }
    let object = Object(id: id, type: type, content: content, base: base)
    if shown[id] == nil { try show(object) }
    places[id] = objects.count
    objects.append(object)
    size += content.count
    return id
  }

  /// Begins to prove the name of an object that will be added.
  func expect(_ type: git_object_t, _ content: [UInt8]) { proof.expect(type, content) }

  /// Forgets what was expected and not added.
  func forgetExpected() { proof = NameProof(on: thread) }

  /// Holds packs.
  ///
  /// - Parameters:
  ///   - packs: The packs.
  ///   - objects: Those of their objects that libgit2 is to find, though no pack is on disk yet.
  ///   - proof: What proves the names of all of their objects.
  /// - Throws: ``GitError`` where libgit2's store does not take one.
  func add(_ packs: [NewPack], showing objects: [Object], _ proof: NameProof) throws(GitError) {
    for object in objects where !has(object.id) {
      try show(object)
      shown[object.id] = object
    }
    self.packs += packs
    lastOfPacks = objects
    packProofs.append(proof)
    size += packs.reduce(0) { $0 + $1.bytes.count }
  }

  private func show(_ object: Object) throws(GitError) {
    guard let write = store.pointee.write else {
      throw GitError(.failed, "libgit2's store in memory cannot be written", context: object.id.hex)
    }
    var raw = object.id.raw
    try check(
      write(store, &raw, object.content, object.content.count, object.type), object.id.hex)
  }

  /// What is to be waited for before anything has the names of these objects.
  var proofs: [NameProof] { packProofs + [proof] }

  /// Those that the next write is likely to read: the last commit and its trees.
  var next: [Object] {
    (objects.suffix(8) + lastOfPacks).filter {
      $0.type != GIT_OBJECT_BLOB && $0.content.count <= 1 << 16
    }
  }

  /// Forgets all objects that are held.
  ///
  /// - Parameter next: Objects that are on disk by now, but are likely to be read next.
  /// - Throws: ``GitError`` where libgit2's store fails.
  func reset(remembering next: [Object] = []) throws(GitError) {
    (packs, lastOfPacks, objects, places, shown, size) = ([], [], [], [:], [:], 0)
    (proof, packProofs) = (NameProof(on: thread), [])
    try check(git_mempack_reset(store))
    for object in next {
      try show(object)
      shown[object.id] = object
    }
  }
}
