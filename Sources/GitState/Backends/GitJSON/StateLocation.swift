import Git
import LosslessJSON

/// Where in a repository the state lives.
struct StateLocation: Sendable {
  /// What to open the repository by: the git directory, or the file `.git` that names it, where it does not know
  /// its working tree by itself.
  let repository: String
  /// The git directory: the one of the worktree, where it is one of several.
  let gitDirectory: String
  /// The directory that all worktrees share.
  let commonDirectory: String
  /// The root of the working tree; nil in a bare repository.
  let workingDirectory: String?
  /// The deployments folder from the repository's root.
  let folder: String
  /// The branch that has the state, as a full reference; nil where it is HEAD's, whichever that is.
  let branch: String?

  /// What belongs to this clone and is nobody's state: locks, journals, notes.
  var privateDirectory: String { commonDirectory + "/gitstate" }
  /// What belongs to this worktree.
  var worktreeDirectory: String { gitDirectory + "/gitstate" }

  /// What is known of it already.
  init(
    gitDirectory: String, commonDirectory: String, workingDirectory: String?, folder: String,
    branch: String?
  ) {
    repository = gitDirectory
    self.gitDirectory = gitDirectory
    self.commonDirectory = commonDirectory
    self.workingDirectory = workingDirectory
    self.folder = folder
    self.branch = branch
  }

  /// Finds it, from options, git's configuration and the working tree.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where there is no repository; `INVALID_ARGUMENT` where the folder or
  ///   the branch cannot be meant.
  init(_ options: GitBackendOptions) throws(StateError) {
    guard let start = FileSystem.resolved(options.directory) else {
      throw StateError(
        .backendUnavailable, "there is no folder \(options.directory.quoted)",
        file: options.directory)
    }
    let found = try convertingGitErrors(
      .backendUnavailable, "the git repository at \(start.escapingUnprintable) cannot be used"
    ) { try Repository.discover(from: start) }
    guard let found else {
      throw StateError(
        .backendUnavailable,
        "there is no git repository in \(start.escapingUnprintable) or above it; make one with: "
          + "gitstate init", file: start)
    }
    do {
      self.repository = found
      let repository = try Repository(opening: found)
      gitDirectory = repository.gitDirectory
      commonDirectory = repository.commonDirectory
      workingDirectory = repository.workingDirectory
      let configured = try repository.configuration("gitstate.deployments")
      if let named = options.deployments ?? configured {
        folder = try Self.normalized(named)
      } else if let root = repository.workingDirectory {
        folder = try Self.nearestFolder(from: start, root: root)
      } else {
        folder = "deployments"
      }
      branch = try Self.branch(options.branch, repository, folder)
    } catch {
      throw StateError(
        error, .backendUnavailable,
        "the git repository \(found.escapingUnprintable) cannot be used")
    }
  }

  /// A path without empty and dot parts that stays in the repository.
  static func normalized(_ path: String) throws(StateError) -> String {
    let parts = path.split(separator: "/").filter { $0 != "." }
    guard !path.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."),
      !parts.contains(where: { $0.lowercased() == ".git" })
    else {
      throw StateError(
        .invalidArgument,
        "\(path.quoted) cannot be the deployments folder: give a path below the repository's root")
    }
    return parts.joined(separator: "/")
  }

  /// `deployments` in a folder or in the nearest one above it that has it, up to the root.
  private static func nearestFolder(from start: String, root: String) throws(StateError) -> String {
    let name = "deployments"
    guard start == root || start.hasPrefix(root + "/") else { return name }
    var parts = start.dropFirst(root.count).split(separator: "/").map(String.init)
    while true {
      let candidate = (parts + [name]).joined(separator: "/")
      if try FileSystem.kind(of: "\(root)/\(candidate)") != .absent { return candidate }
      guard !parts.isEmpty else { return name }
      parts.removeLast()
    }
  }

  private static func branch(
    _ option: String?, _ repository: borrowing Repository, _ folder: String
  ) throws -> String? {
    guard
      let name = try option ?? repository.configuration("gitstate.branch")
        ?? branchOfSettings(repository, folder)
    else { return nil }
    return try reference(ofBranch: name)
  }

  /// A branch's full reference.
  ///
  /// - Throws: `INVALID_ARGUMENT` where no branch can be called so.
  static func reference(ofBranch name: String) throws -> String {
    let full = name.hasPrefix("refs/") ? name : "refs/heads/\(name)"
    guard full.hasPrefix("refs/heads/"), try Repository.isValidReferenceName(full) else {
      throw StateError(
        .invalidArgument, "\(name.quoted) cannot be the name of the branch that has the state")
    }
    return full
  }

  private static func branchOfSettings(_ repository: borrowing Repository, _ folder: String) throws
    -> String?
  {
    guard let head = try repository.head().target else { return nil }
    return try FolderSettings.read(
      repository, tree: try repository.commit(head).tree, folder: folder
    ).branch
  }
}

/// The team's settings, committed as `.gitstate.json` in the deployments folder.
struct FolderSettings: Sendable {
  static let name = ".gitstate.json"

  /// The branch that has the state, where the settings name one.
  var branch: String?

  /// Reads them; where there are none, the defaults hold.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where they cannot be read, or are of a format yet to come.
  static func read(_ repository: borrowing Repository, tree: ObjectID, folder: String) throws
    -> FolderSettings
  {
    let root = try document(repository, tree: tree, folder: folder)
    return FolderSettings(branch: root?["branch"]?.string)
  }

  /// The whole file; nil where there is none.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where it cannot be read, or is of a format yet to come.
  static func document(_ repository: borrowing Repository, tree: ObjectID, folder: String) throws
    -> JSONObject?
  {
    let path = "\(folder)/\(name)"
    guard let entry = try repository.entry(at: path, in: tree), entry.mode != .tree else {
      return nil
    }
    let root: JSONObject?
    do {
      root = try JSONValue(parsing: try repository.blob(entry.id)).object
    } catch let error as JSONParseError {
      throw StateError(
        .backendUnavailable,
        "\(path) is broken: \(error.message) (line \(error.line), column \(error.column)); mend it "
          + "and commit it", file: path, line: error.line, column: error.column, underlying: error)
    }
    let format = root?["format"]?.number?.int64
    guard let root, root["format"] == nil || format == 1 else {
      throw StateError(
        .backendUnavailable,
        "\(path) is of a format that this gitstate does not know; use a newer one", file: path)
    }
    return root
  }
}
