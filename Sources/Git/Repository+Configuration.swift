internal import CGit2

extension Repository {
  /// A setting as git sees it: the environment's first, then the repository's, the user's, the
  /// system's; a key without a value is the empty text.
  ///
  /// - Parameter key: For example `core.autocrlf`.
  /// - Returns: The value; nil where nothing sets the key.
  /// - Throws: ``GitError`` where configuration cannot be read.
  public func configuration(_ key: String) throws(GitError) -> String? {
    if let value = try environment.configuration(key) { return value }
    return try Self.string(key, in: try liveConfiguration())
  }

  /// Of each list of settings the first that has a value that is not empty, all at one moment.
  func configuration(firstOfEach lists: [[String]]) throws(GitError) -> [String?] {
    let snapshot = try configurationSnapshot()
    var values: [String?] = []
    for keys in lists {
      var found: String?
      for key in keys where found == nil {
        var value = try environment.configuration(key)
        if value == nil { value = try Self.string(key, in: snapshot) }
        if let value, !value.isEmpty { found = value }
      }
      values.append(found)
    }
    return values
  }

  /// A setting that is true or false; a number other than 0, and a key without a value, are true.
  public func configurationBool(_ key: String) throws(GitError) -> Bool? {
    if let value = try environment.configuration(key) {
      var result: Int32 = 0
      try check(git_config_parse_bool(&result, try withoutNUL(value)), key)
      return result != 0
    }
    let configuration = try liveConfiguration()
    var result: Int32 = 0
    do throws(GitError) {
      try check(git_config_get_bool(&result, configuration.pointer, try withoutNUL(key)), key)
      return result != 0
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }

  /// Writes a setting into the repository's own configuration file.
  ///
  /// - Parameters:
  ///   - key: For example `gitstate.branch`.
  ///   - value: The new value; nil removes the setting.
  /// - Throws: ``GitError/Code/locked`` where another program is changing the file.
  public func setConfiguration(_ key: String, _ value: String?) throws(GitError) {
    let key = try withoutNUL(key)
    let all = try Owned<ConfigurationResource>(key) { git_repository_config($0, handle.pointer) }
    let local = try Owned<ConfigurationResource>(key) {
      git_config_open_level($0, all.pointer, GIT_CONFIG_LEVEL_LOCAL)
    }
    if let value {
      try check(git_config_set_string(local.pointer, key, try withoutNUL(value)), key)
      return
    }
    do throws(GitError) {
      try check(git_config_delete_entry(local.pointer, key), key)
    } catch {
      guard error.code == .notFound else { throw error }
    }
  }

  /// All settings, each with its key as libgit2 writes it, in the order in which they were read.
  func configurationEntries() throws(GitError) -> [(key: String, value: String)] {
    let configuration = try configurationSnapshot()
    let iterator = try Owned<ConfigurationIteratorResource>(gitDirectory) {
      git_config_iterator_new($0, configuration.pointer)
    }
    var entries: [(key: String, value: String)] = []
    while true {
      var entry: UnsafeMutablePointer<git_config_entry>?
      let status = git_config_next(&entry, iterator.pointer)
      if status == GIT_ITEROVER.rawValue {
        git_error_clear()
        return entries
      }
      try check(status, gitDirectory)
      if let key = text(entry?.pointee.name) {
        entries.append((key, text(entry?.pointee.value) ?? ""))
      }
    }
  }

  /// The configuration as it is whenever a setting is asked for, which for one setting is cheaper than all
  /// of it at one moment.
  private func liveConfiguration() throws(GitError) -> Owned<ConfigurationResource> {
    try Owned(gitDirectory) { git_repository_config($0, handle.pointer) }
  }

  /// The configuration at one moment, so that strings in it stay valid.
  private func configurationSnapshot() throws(GitError) -> Owned<ConfigurationResource> {
    try Owned(gitDirectory) { git_repository_config_snapshot($0, handle.pointer) }
  }

  /// The value of a key; nil only where no file has it.
  static func string(
    _ key: String, in configuration: borrowing Owned<ConfigurationResource>
  ) throws(GitError) -> String? {
    var entry: UnsafeMutablePointer<git_config_entry>?
    do throws(GitError) {
      try check(git_config_get_entry(&entry, configuration.pointer, try withoutNUL(key)), key)
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
    defer { git_config_entry_free(entry) }
    return text(entry?.pointee.value) ?? ""
  }

  /// Adds the file of `GIT_CONFIG_GLOBAL` to a repository that has just been opened.
  ///
  /// libgit2 keeps one configuration per repository, so attributes and filters see it, too.
  static func addGlobalConfiguration(
    of environment: Environment, to handle: borrowing Owned<RepositoryResource>
  ) throws(GitError) {
    guard environment.nonEmpty("GIT_CONFIG_GLOBAL") != nil else { return }
    let configuration = try Owned<ConfigurationResource> { [pointer = handle.pointer] in
      git_repository_config($0, pointer)
    }
    try addGlobalFile(of: environment, to: configuration, repository: handle.pointer)
  }

  static func addGlobalFile(
    of environment: Environment, to configuration: borrowing Owned<ConfigurationResource>,
    repository: OpaquePointer?
  ) throws(GitError) {
    guard let path = environment.nonEmpty("GIT_CONFIG_GLOBAL"), path != "/dev/null" else { return }
    // With force, it replaces the file found as ~/.gitconfig.
    try check(
      git_config_add_file_ondisk(
        configuration.pointer, try withoutNUL(path), GIT_CONFIG_LEVEL_GLOBAL, repository, 1), path)
  }
}
