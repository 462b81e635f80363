internal import CGit2
internal import Synchronization

/// libgit2 as a whole: its start, its version, and the settings that hold for the whole process.
public enum Library {
  /// The version of libgit2 that this process runs with, for example `1.5.1`.
  public static var version: String {
    var major: Int32 = 0
    var minor: Int32 = 0
    var revision: Int32 = 0
    // Fills three numbers; cannot fail.
    git_libgit2_version(&major, &minor, &revision)
    return "\(major).\(minor).\(revision)"
  }

  /// Starts libgit2, once for the process; every entry into this module calls it first.
  ///
  /// It is never shut down: handles may live until the process ends. Starting costs about 5 ms, nearly
  /// all of it for transfers (see ``putOffTransfers(_:)``), which is why it is not done before something
  /// needs git.
  public static func initialise() throws(GitError) {
    try started.get()
  }

  /// How a program starts libgit2 without what only transfers need.
  public struct DeferredStart: Sendable {
    /// `git_libgit2_init`, but the system's certificates and libssh2 wait.
    let start: @Sendable () -> Int32
    /// The file of certificates that was not read; nil where none was put off.
    let certificates: @Sendable () -> String?
    /// Starts libssh2; 0 where it is ready.
    let startSSH: @Sendable () -> Int32

    /// A start of these parts.
    public init(
      start: @escaping @Sendable () -> Int32, certificates: @escaping @Sendable () -> String?,
      startSSH: @escaping @Sendable () -> Int32
    ) {
      (self.start, self.certificates, self.startSSH) = (start, certificates, startSSH)
    }
  }

  /// Lets the certificates and libssh2 wait for the first transfer.
  ///
  /// For a program that uses libgit2 through this module alone, before anything else: until then
  /// libgit2 itself would trust no server.
  public static func putOffTransfers(_ start: DeferredStart) {
    deferred.withLock { $0 = start }
  }

  private static let deferred = Mutex<DeferredStart?>(nil)

  /// The file of certificates that libgit2 was to read at its start and did not.
  static var certificatesPutOff: String? {
    deferred.withLock { $0 }?.certificates()
  }

  /// Starts what ``putOffTransfers(_:)`` has put off but for the certificates.
  static func prepareTransfers() throws(GitError) {
    try initialise()
    try transfers.get()
  }

  private static let transfers: Result<Void, GitError> =
    (deferred.withLock { $0 }?.startSSH() ?? 0) == 0
    ? .success(()) : .failure(GitError(.failed, "libssh2 could not be started", category: .ssh))

  private static let started: Result<Void, GitError> = {
    do throws(GitError) {
      // Returns how often libgit2 was started.
      try check(deferred.withLock { $0 }?.start() ?? git_libgit2_init())
      // What libgit2 itself writes (what a fetch brings, settings, new branches) is synced, always.
      // The commits of a writer come by another way, see StagingArea.
      try check(gitstate_enable_fsync(1))
      try followEnvironment(Environment(nil))
      return .success(())
    } catch {
      return .failure(error)
    }
  }()

  /// Looks for configuration only where the variables of the git program say.
  ///
  /// libgit2 itself reads neither `GIT_CONFIG_NOSYSTEM` nor `GIT_CONFIG_GLOBAL`. The file that the
  /// latter names is added to each repository when it is opened.
  private static func followEnvironment(_ environment: Environment) throws(GitError) {
    if environment.isTrue("GIT_CONFIG_NOSYSTEM") {
      try setSearchPath("", for: [GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_PROGRAMDATA])
    }
    if environment["GIT_CONFIG_GLOBAL"] != nil {
      try setSearchPath("", for: [GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG])
    }
  }

  /// Makes libgit2 look for the system's and the user's configuration in one folder only.
  ///
  /// For tests, which must not depend on the machine they run on. Holds for the whole process, for
  /// repositories that are opened afterwards.
  ///
  /// - Parameter path: A folder that may hold a `.gitconfig`; empty for none at all.
  /// - Throws: ``GitError`` where libgit2 cannot start.
  public static func useConfiguration(searchPath path: String) throws(GitError) {
    try initialise()
    try setSearchPath(
      path,
      for: [
        GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
        GIT_CONFIG_LEVEL_GLOBAL,
      ])
  }

  private static func setSearchPath(
    _ path: String, for levels: [git_config_level_t]
  ) throws(GitError) {
    let path = try withoutNUL(path)
    for level in levels {
      try check(gitstate_set_search_path(level, path), path)
    }
  }
}
