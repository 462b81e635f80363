internal import CGit2

/// New objects of a repository that are kept in memory until they are staged.
///
/// libgit2 would write each to disk by itself, and sync each by itself.
final class HeldObjects {
  /// libgit2's store in memory (`git_mempack_new`); the object database owns it.
  private let store: UnsafeMutablePointer<git_odb_backend>
  private(set) var ids: [ObjectID] = []
  private(set) var reused: [ObjectID] = []
  private var known: Set<ObjectID> = []
  private(set) var size = 0

  init(in database: borrowing Owned<ObjectDatabaseResource>) throws(GitError) {
    var store: UnsafeMutablePointer<git_odb_backend>?
    try check(git_mempack_new(&store))
    guard let store else { throw GitError(.failed, "libgit2 returned no object store") }
    // Asked before those on disk, and so written to.
    try check(git_odb_add_backend(database.pointer, store, 1000))
    self.store = store
  }

  /// Notes an object that was just written, or that the repository had before.
  func note(_ id: ObjectID, size: Int) {
    guard known.insert(id).inserted else { return }
    var raw = id.raw
    guard store.pointee.exists?(store, &raw) == 1 else {
      reused.append(id)
      return
    }
    ids.append(id)
    self.size += size
  }

  /// Gives an object's type and content to a body.
  ///
  /// Straight from memory: `git_odb_read` would hash it once more.
  func withContent<Result>(
    of id: ObjectID, _ body: (_ kind: String, _ content: UnsafeRawBufferPointer) -> Result
  ) throws(GitError) -> Result {
    var raw = id.raw
    var data: UnsafeMutableRawPointer?
    var size = 0
    var type = GIT_OBJECT_INVALID
    guard let read = store.pointee.read else {
      throw GitError(.failed, "libgit2's store in memory cannot be read", context: id.hex)
    }
    try check(read(&data, &size, &type, store, &raw), id.hex)
    defer { git_odb_backend_data_free(store, data) }
    return body(
      text(git_object_type2string(type)) ?? "", UnsafeRawBufferPointer(start: data, count: size))
  }

  /// Forgets all objects that are held; those that were reused only where asked to.
  func reset(forgetsReused: Bool) throws(GitError) {
    ids = []
    size = 0
    if forgetsReused {
      reused = []
      known = []
    }
    try check(git_mempack_reset(store))
  }
}
