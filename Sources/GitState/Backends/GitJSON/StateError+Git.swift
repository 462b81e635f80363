import Git

extension StateError {
  /// A failure of git's, in our terms.
  ///
  /// - Parameters:
  ///   - error: What was thrown.
  ///   - code: The code where the failure has none of its own.
  ///   - action: What was being done, as in "the branch could not be read".
  init(_ error: any Error, _ code: Code, _ action: String) {
    if let error = error as? StateError {
      self = error
      return
    }
    guard let git = error as? GitError else {
      self.init(code, "\(action): \(error)", underlying: error)
      return
    }
    let context =
      git.context.flatMap { git.message.contains($0) ? nil : $0 }
      .map { " (\($0.escapingUnprintable))" } ?? ""
    // libgit2 names the extension of an index that it cannot read (git's index-format.txt).
    let remedy =
      if git.message.contains("extension: 'link'") {
        "; git's index is split: git update-index --no-split-index joins it"
      } else if git.message.contains("extension: 'sdir'") {
        "; git's index is sparse: git sparse-checkout reapply --no-sparse-index makes it whole"
      } else if ["failed to read index", "invalid data in index"].contains(
        where: git.message.hasPrefix)
      {
        "; git's index is damaged: move the file away, and git reset makes it anew, without what was staged"
      } else if [.objectDatabase, .object, .zlib].contains(git.category),
        !git.message.contains("--unshallow")
      {
        "; git fsck shows what is lost or damaged, and another clone or a backup has it"
      } else {
        ""
      }
    self.init(
      code, "\(action): \(git.message.escapingUnprintable)\(context)\(remedy)", underlying: git)
  }
}

/// Runs a body and gives whatever it throws as a ``StateError``.
func convertingGitErrors<Result: ~Copyable>(
  _ code: StateError.Code, _ action: @autoclosure () -> String, _ body: () throws -> Result
) throws(StateError) -> Result {
  do {
    return try body()
  } catch {
    throw StateError(error, code, action())
  }
}
