internal import CGit2
internal import Glibc

extension Repository {
  /// Finds the repository that a folder belongs to, as the git program does.
  ///
  /// The search goes up from the folder to the root of its file system, or to a folder of
  /// `GIT_CEILING_DIRECTORIES`. `GIT_DIR` names the repository without a search.
  ///
  /// - Parameters:
  ///   - path: A folder.
  ///   - environment: The variables to follow; those of this process if nil.
  /// - Returns: The git directory, to open; the file `.git` that names it, where the directory by itself does not
  ///   know its working tree (`git init --separate-git-dir`); nil only when it is proven that there is none.
  /// - Throws: An error where a `.git` is there but cannot be opened, and where it belongs to
  ///   another user (``GitError/Code/owner``).
  public static func discover(
    from path: String, environment: [String: String]? = nil
  ) throws(GitError) -> String? {
    let environment = Environment(environment)
    if let directory = environment.nonEmpty("GIT_DIR") {
      return try proven(try FileSystem.realPath(directory))
    }
    let crossesFileSystems = environment.isTrue("GIT_DISCOVERY_ACROSS_FILESYSTEM")
    // As bytes, since Swift takes two spellings of a letter for one.
    let ceilings = (environment.nonEmpty("GIT_CEILING_DIRECTORIES") ?? "").split(separator: ":")
      .map { Array(FileSystem.withoutSlash(String($0)).utf8) }

    var folder = try FileSystem.realPath(path)
    let device = try FileSystem.status(folder)?.st_dev
    while true {
      let candidate = FileSystem.join(folder, ".git")
      if try FileSystem.status(candidate) != nil { return try proven(candidate) }
      if try isGitDirectory(folder) { return try proven(folder) }
      let parent = FileSystem.parent(folder)
      if parent == folder { return nil }
      if ceilings.contains(Array(parent.utf8)) { return nil }
      if !crossesFileSystems, try FileSystem.status(parent)?.st_dev != device { return nil }
      folder = parent
    }
  }

  /// The git directory of a repository that is there: opening it proves that it can be used.
  private static func proven(_ path: String) throws(GitError) -> String {
    do throws(GitError) {
      let handle = try open(path)
      let directory = FileSystem.withoutSlash(text(git_repository_path(handle.pointer)) ?? path)
      guard let status = try FileSystem.status(path), status.st_mode & S_IFMT == S_IFREG,
        git_repository_is_worktree(handle.pointer) == 0
      else { return directory }
      // libgit2 would take the folder that the directory is in for its working tree.
      let itself = try open(directory)
      let isKnown =
        text(git_repository_workdir(handle.pointer)) == text(git_repository_workdir(itself.pointer))
      return isKnown ? directory : path
    } catch {
      guard error.code == .notFound else { throw error }
      throw error.with(
        code: .unreadable, message: "\(path) is there but is not a git repository that can be read",
        context: path)
    }
  }

  /// Whether a folder looks like a git directory: HEAD, and objects and refs, or where they are.
  static func isGitDirectory(_ folder: String) throws(GitError) -> Bool {
    guard try FileSystem.status(FileSystem.join(folder, "HEAD")) != nil else { return false }
    if try FileSystem.status(FileSystem.join(folder, "commondir")) != nil { return true }
    guard try FileSystem.isFolder(FileSystem.join(folder, "objects")) else { return false }
    return try FileSystem.isFolder(FileSystem.join(folder, "refs"))
  }

  /// The error for a repository that belongs to somebody else, if one at this path does.
  static func ownerError(at path: String) throws(GitError) -> GitError? {
    let path = FileSystem.withoutSlash(path)
    let isGitFolder = path.hasSuffix("/.git")
    let folder = isGitFolder ? FileSystem.parent(path) : path
    let allowed = [geteuid()] + sudoUser()
    for candidate in [FileSystem.join(folder, ".git"), folder] {
      guard let status = try FileSystem.status(candidate), !allowed.contains(status.st_uid) else {
        continue
      }
      let owner = userName(status.st_uid)
      return GitError(
        .owner,
        "the repository at \(folder) belongs to \(owner), so git does not trust it; if you do: "
          + "git config --global --add safe.directory \(folder)",
        category: .repository, context: folder)
    }
    return nil
  }

  /// The user who called sudo, whose repositories root may use.
  private static func sudoUser() -> [uid_t] {
    guard geteuid() == 0, let value = Environment(nil)["SUDO_UID"], let id = uid_t(value) else {
      return []
    }
    return [id]
  }

  private static func userName(_ id: uid_t) -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 1 << 14)
    guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil,
      let name = text(entry.pw_name)
    else { return "user \(id)" }
    return "\(name) (user \(id))"
  }
}
