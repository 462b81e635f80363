internal import CGit2

extension Repository {
  /// Makes a repository in a folder, which is made as well where it is missing.
  ///
  /// - Parameters:
  ///   - path: The working tree's folder, or the git directory of a bare repository.
  ///   - bare: Whether to make one without a working tree.
  ///   - initialBranch: The branch that HEAD names; nil for `init.defaultBranch` or git's default.
  ///   - environment: The variables to follow; those of this process if nil.
  /// - Returns: The git directory.
  /// - Throws: ``GitError/Code/exists`` where there is a repository, or anything named `.git`.
  @discardableResult
  public static func create(
    at path: String, bare: Bool, initialBranch: String? = nil,
    environment: [String: String]? = nil
  ) throws(GitError) -> String {
    try Library.initialise()
    let path = FileSystem.withoutSlash(try withoutNUL(path))
    let hasDotGit = try FileSystem.status(FileSystem.join(path, ".git")) != nil
    let isBareAlready = try isGitDirectory(path)
    guard !hasDotGit, !isBareAlready else {
      throw GitError(
        .exists, "\(path) has a git repository already", category: .repository, context: path)
    }
    var options = git_repository_init_options()
    try check(
      git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION)))
    options.flags = GIT_REPOSITORY_INIT_NO_REINIT.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
    if bare { options.flags |= GIT_REPOSITORY_INIT_BARE.rawValue }

    var branch = "master"
    if let initialBranch {
      branch = initialBranch
    } else if let configured = try defaultBranch(Environment(environment)), !configured.isEmpty {
      branch = configured
    }
    var isValid: Int32 = 0
    try check(git_branch_name_is_valid(&isValid, try withoutNUL(branch)), branch)
    guard isValid == 1 else {
      throw GitError(.invalidSpec, "\(branch) is not a name for a branch", context: branch)
    }
    let handle: Owned<RepositoryResource> = try Self.create(at: path, branch: branch, options)
    return FileSystem.withoutSlash(text(git_repository_path(handle.pointer)) ?? path)
  }

  private static func create(
    at path: String, branch: String, _ options: git_repository_init_options
  ) throws(GitError) -> Owned<RepositoryResource> {
    try Owned(path) { out in
      branch.withCString { branch in
        var options = options
        options.initial_head = branch
        return git_repository_init_ext(out, path, &options)
      }
    }
  }

  /// What `init.defaultBranch` says outside of a repository.
  private static func defaultBranch(_ environment: Environment) throws(GitError) -> String? {
    let key = "init.defaultBranch"
    if let value = try environment.configuration(key) { return value }
    let configuration = try Owned<ConfigurationResource> { git_config_open_default($0) }
    try addGlobalFile(of: environment, to: configuration, repository: nil)
    return try Self.string(key, in: configuration)
  }
}
