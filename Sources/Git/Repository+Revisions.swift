internal import CGit2

extension Repository {
  /// The commit that a revision names, in any form that git takes (`git_revparse_single`).
  ///
  /// - Parameter revision: For example `HEAD~1`, `main@{1}`, `v1.0`, or the start of an ID.
  /// - Returns: The commit; a tag is followed to it.
  /// - Throws: ``GitError/Code/notFound`` for an unknown revision, ``GitError/Code/ambiguous``,
  ///   ``GitError/Code/invalidSpec`` for a malformed one, ``GitError/Code/peel`` where it names
  ///   something that is no commit.
  public func commitID(ofRevision revision: String) throws(GitError) -> ObjectID {
    let object = try object(ofRevision: revision)
    do throws(GitError) {
      let commit = try Owned<ObjectResource>(revision) {
        git_object_peel($0, object.pointer, GIT_OBJECT_COMMIT)
      }
      guard let id = git_object_id(commit.pointer)?.pointee else {
        throw GitError(.unreadable, "the commit has no ID", context: revision)
      }
      return ObjectID(id)
    } catch {
      guard [.peel, .invalidSpec, .ambiguous].contains(error.code) else { throw error }
      let type = text(git_object_type2string(git_object_type(object.pointer))) ?? "object"
      throw error.with(
        code: .peel, message: "\"\(revision)\" names a \(type), not a commit", context: revision)
    }
  }

  private func object(ofRevision revision: String) throws(GitError) -> Owned<ObjectResource> {
    let spec = try withoutNUL(revision)
    do throws(GitError) {
      return try Owned(revision) { git_revparse_single($0, handle.pointer, spec) }
    } catch {
      throw Self.explained(error, revision: revision)
    }
  }

  private static func explained(_ error: GitError, revision: String) -> GitError {
    switch error.code {
    case .notFound:
      error.with(message: "no revision \"\(revision)\" here: \(error.message)")
    case .ambiguous:
      error.with(message: "\"\(revision)\" fits several objects: \(error.message)")
    case .invalidSpec:
      error.with(message: "\"\(revision)\" is not the name of one revision: \(error.message)")
    default: error
    }
  }
}
