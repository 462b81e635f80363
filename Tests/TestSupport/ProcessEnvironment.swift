import Foundation

/// What this process, in which the tests run, was told about git by whoever started it.
enum ProcessEnvironment {
  /// Keeps the library under test away from the user's git: from the configuration, from identities
  /// and dates in variables, and from the repository that a git hook names in `GIT_DIR` when it runs
  /// the tests.
  ///
  /// Once, before the first test that has a folder: libgit2 has not been started then, and no other
  /// test reads these variables.
  static let isIsolated: Void = {
    for name in ProcessInfo.processInfo.environment.keys
    where name.hasPrefix("GIT_") || name == "EMAIL" {
      unsetenv(name)
    }
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1)
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1)
  }()
}
