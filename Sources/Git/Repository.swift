internal import CGit2

/// A git repository, opened.
///
/// It may be used by one thread at a time, which is why it is neither copyable nor `Sendable`; each
/// thread opens its own. Everything that it returns is a plain value and outlives it.
public struct Repository: ~Copyable {
  let handle: Owned<RepositoryResource>
  /// The object store; libgit2 keeps one for each repository.
  let database: Owned<ObjectDatabaseResource>
  /// New objects that wait to be staged; nil where each is written at once.
  let held: HeldObjects?
  /// Where configuration that the environment gives is looked up.
  let environment: Environment

  /// The folder of HEAD and the index: absolute, without a slash at its end.
  public let gitDirectory: String
  /// The folder of the objects, branches and configuration, which linked worktrees share.
  public let commonDirectory: String
  /// The folder of the checked-out files; nil in a bare repository.
  public let workingDirectory: String?
  /// Whether there is no working tree.
  public let isBare: Bool
  /// Whether this is a working tree made by `git worktree add`.
  public let isLinkedWorktree: Bool

  /// Opens the repository at a path, without a search in the folders above it.
  ///
  /// - Parameters:
  ///   - path: A git directory, or a folder that has one as `.git`.
  ///   - environment: The variables to follow (`GIT_CONFIG_GLOBAL`, `GIT_CONFIG_COUNT`,
  ///     `GIT_DIR` with `GIT_WORK_TREE`); those of this process if nil.
  ///   - holdsObjects: Whether new objects are kept in memory, where only this repository sees them,
  ///     until ``stageObjects(in:)``.
  ///   - isWithoutWorkingTree: Whether to look at the git directory alone, as at a bare repository.
  /// - Throws: ``GitError/Code/owner`` where it belongs to another user and is not trusted,
  ///   ``GitError/Code/notFound`` where there is no repository.
  public init(
    opening path: String, environment: [String: String]? = nil, holdsObjects: Bool = false,
    isWithoutWorkingTree: Bool = false
  ) throws(GitError) {
    let environment = Environment(environment)
    let handle = try Self.open(path, isBare: isWithoutWorkingTree)
    try Self.refuseUnreadableConfiguration(of: handle, path)
    try Self.addGlobalConfiguration(of: environment, to: handle)
    if !isWithoutWorkingTree { try Self.setWorkTree(of: environment, for: handle) }
    let database = try Owned<ObjectDatabaseResource>(path) {
      git_repository_odb($0, handle.pointer)
    }
    held = holdsObjects ? try HeldObjects(in: database) : nil
    self.database = database
    self.environment = environment
    gitDirectory = FileSystem.withoutSlash(text(git_repository_path(handle.pointer)) ?? path)
    commonDirectory = FileSystem.withoutSlash(
      text(git_repository_commondir(handle.pointer)) ?? path)
    workingDirectory = text(git_repository_workdir(handle.pointer)).map(FileSystem.withoutSlash)
    isBare = git_repository_is_bare(handle.pointer) == 1
    isLinkedWorktree = git_repository_is_worktree(handle.pointer) == 1
    self.handle = handle
  }

  /// Whether the history was cut by a clone with a depth.
  ///
  /// A commit at the cut names parents that the repository does not have.
  public var isShallow: Bool { git_repository_is_shallow(handle.pointer) == 1 }

  /// Opens what is at a path, telling apart what libgit2 does not (`git_repository_open_ext`).
  static func open(_ path: String, isBare: Bool = false) throws(GitError)
    -> Owned<RepositoryResource>
  {
    try Library.initialise()
    let path = try withoutNUL(path)
    let bare = isBare ? GIT_REPOSITORY_OPEN_BARE.rawValue : 0
    do throws(GitError) {
      return try Owned(path) {
        git_repository_open_ext($0, path, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue | bare, nil)
      }
    } catch {
      // Without a `safe.directory` in the configuration libgit2 1.5 answers "not found" for a
      // repository of another user.
      if error.code == .owner || error.code == .notFound,
        let ownerError = try Self.ownerError(at: path)
      {
        throw ownerError
      }
      throw error
    }
  }

  /// libgit2 takes a configuration file that it may not read for one that is not there.
  private static func refuseUnreadableConfiguration(
    of handle: borrowing Owned<RepositoryResource>, _ path: String
  ) throws(GitError) {
    let folder = FileSystem.withoutSlash(text(git_repository_commondir(handle.pointer)) ?? path)
    let file = folder + "/config"
    guard let reason = try FileSystem.reasonUnreadable(file) else { return }
    throw GitError(
      .failed, "git's settings in \(file) cannot be read: \(reason)", category: .configuration,
      context: file)
  }

  /// Lets a working tree that the environment names replace the configured one, as git does.
  private static func setWorkTree(
    of environment: Environment, for handle: borrowing Owned<RepositoryResource>
  ) throws(GitError) {
    guard let directory = environment.nonEmpty("GIT_DIR"),
      let workTree = environment.nonEmpty("GIT_WORK_TREE"),
      let opened = text(git_repository_path(handle.pointer)),
      try FileSystem.realPath(directory) == FileSystem.realPath(opened)
    else { return }
    try check(
      git_repository_set_workdir(handle.pointer, try FileSystem.realPath(workTree), 0), workTree)
  }
}
