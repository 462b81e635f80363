/// A migration that is under way on a clone, found without looking into the repository's objects.
///
/// Where git's side cannot be read, or not even be opened, LevelDB still has the state.
struct FoundMigration {
  let location: StateLocation
  let state: MigrationState

  /// Looks in a folder and the ones above it, as git does.
  ///
  /// - Throws: What keeps a file from being read, or a note that is damaged.
  init?(from directory: String) throws(StateError) {
    guard let start = FileSystem.resolved(directory) else { return nil }
    var folder = start
    while true {
      if let found = try Self.repository(folder) {
        let notes = MigrationFolder(privateDirectory: found.common + "/gitstate")
        // After the last phase LevelDB is out of date.
        guard let state = try notes.state(), state.phase != .complete else { return nil }
        self.state = state
        location = StateLocation(
          gitDirectory: found.git, commonDirectory: found.common, workingDirectory: found.root,
          folder: state.folder, branch: state.branch)
        return
      }
      guard folder != "/" else { return nil }
      let parent = FileSystem.split(folder).folder
      folder = parent.isEmpty ? "/" : parent
    }
  }

  private static func repository(_ folder: String) throws(StateError) -> (
    git: String, common: String, root: String?
  )? {
    let dotGit = folder + "/.git"
    switch try FileSystem.kind(of: dotGit) {
    case .folder: return (dotGit, dotGit, folder)
    case .file:
      // A linked worktree: the file names its git directory, and that the common one.
      guard let git = try line(dotGit, after: "gitdir: ", in: folder) else { return nil }
      return (git, try line(git + "/commondir", after: "", in: git) ?? git, folder)
    default:
      guard try FileSystem.kind(of: folder + "/HEAD") == .file,
        try FileSystem.kind(of: folder + "/objects") == .folder
      else { return nil }
      return (folder, folder, nil)
    }
  }

  /// The path that a file names.
  private static func line(_ file: String, after prefix: String, in folder: String)
    throws(StateError) -> String?
  {
    guard let content = try FileSystem.read(file) else { return nil }
    let text = String(decoding: content, as: UTF8.self).split(separator: "\n").first ?? ""
    guard text.hasPrefix(prefix) else { return nil }
    let path = String(text.dropFirst(prefix.count))
    return FileSystem.resolved(path.hasPrefix("/") ? path : "\(folder)/\(path)")
  }
}
