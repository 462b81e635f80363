internal import CGit2

/// A kind of libgit2 handle, and the function that frees it.
protocol Resource {
  static func free(_ pointer: OpaquePointer)
}

/// A libgit2 handle that is freed when its owner goes.
///
/// It is not `Sendable`, as libgit2's handles must not be used by two threads at a time.
struct Owned<Kind: Resource>: ~Copyable {
  let pointer: OpaquePointer

  /// Takes what a libgit2 function puts into its `out` parameter.
  init(
    _ context: @autoclosure () -> String? = nil,
    _ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(GitError) {
    var pointer: OpaquePointer?
    try check(make(&pointer), context())
    guard let pointer else {
      throw GitError(.failed, "libgit2 succeeded but returned no object", context: context())
    }
    self.pointer = pointer
  }

  deinit { Kind.free(pointer) }
}

enum RepositoryResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_repository_free(pointer) }
}

enum ObjectDatabaseResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_odb_free(pointer) }
}

enum DatabaseObjectResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_odb_object_free(pointer) }
}

enum ObjectResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_object_free(pointer) }
}

enum CommitResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_commit_free(pointer) }
}

enum TreeResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_tree_free(pointer) }
}

enum ReferenceResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_reference_free(pointer) }
}

enum ReferenceIteratorResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_reference_iterator_free(pointer) }
}

enum RevisionWalkResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_revwalk_free(pointer) }
}

enum ConfigurationResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_config_free(pointer) }
}

enum ConfigurationIteratorResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_config_iterator_free(pointer) }
}

enum IndexResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_index_free(pointer) }
}

enum ConflictIteratorResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_index_conflict_iterator_free(pointer) }
}

enum RemoteResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_remote_free(pointer) }
}

enum PackBuilderResource: Resource {
  static func free(_ pointer: OpaquePointer) { git_packbuilder_free(pointer) }
}
