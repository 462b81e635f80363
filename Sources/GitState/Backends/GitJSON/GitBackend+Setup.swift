import Git

/// A repository that is ready for state.
public struct RepositorySetup: Sendable {
  /// The working tree's root, or the git directory of a bare repository.
  public let repository: String
  /// Whether it was made just now.
  public let isCreated: Bool
  /// The branch that was chosen; nil where it is HEAD's, whichever that is.
  public let branch: String?
  /// The deployments folder from the repository's root.
  public let deployments: String
}

extension GitBackend {
  /// Makes a repository ready for state, or makes one.
  ///
  /// Doing it again changes nothing.
  ///
  /// - Parameters:
  ///   - directory: The folder; where no repository has it, one is made right there.
  ///   - branch: The branch that is to have the state, kept in the configuration.
  ///   - deployments: The deployments folder from the repository's root, kept in the configuration.
  /// - Returns: What is ready.
  /// - Throws: `BACKEND_UNAVAILABLE` where there is a repository that cannot be used.
  public static func prepare(_ directory: String, branch: String?, deployments: String?)
    throws(StateError) -> RepositorySetup
  {
    let folder = try deployments.map(StateLocation.normalized)
    return try convertingGitErrors(
      .backendUnavailable, "the repository in \(directory.escapingUnprintable) cannot be prepared"
    ) {
      // Before anything is made or kept: a bad name in the configuration would stop every command.
      _ = try branch.map(StateLocation.reference)
      guard let start = FileSystem.resolved(directory) else {
        throw StateError(
          .backendUnavailable, "there is no folder \(directory.quoted)", file: directory)
      }
      var found = try Repository.discover(from: start)
      let isCreated = found == nil
      if isCreated { found = try Repository.create(at: start, bare: false) }
      let repository = try Repository(opening: found ?? start)
      if let folder { try repository.setConfiguration("gitstate.deployments", folder) }
      if let branch { try repository.setConfiguration("gitstate.branch", branch) }
      let location = try StateLocation(GitBackendOptions(directory: start))
      return RepositorySetup(
        repository: repository.workingDirectory ?? repository.gitDirectory, isCreated: isCreated,
        branch: location.branch.map { String($0.dropFirst("refs/heads/".count)) },
        deployments: location.folder)
    }
  }
}
