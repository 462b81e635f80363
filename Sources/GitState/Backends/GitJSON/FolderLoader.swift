import Git

/// Reads deployment folders out of commits, parsing only files that the cache does not have.
struct FolderLoader {
  let cache: FileCache

  /// The deployments folder of a commit; an empty one before the first commit.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where it cannot be read or is no folder.
  func folder(
    _ path: String, of commit: ObjectID?, in repository: borrowing Repository
  ) throws -> DeploymentFolder {
    guard let commit else { return DeploymentFolder(path: path) }
    let root = try repository.commit(commit).tree
    return try folder(path, ofTree: root, in: repository)
  }

  /// The deployments folder below a root tree.
  func folder(
    _ path: String, ofTree root: ObjectID, in repository: borrowing Repository
  ) throws -> DeploymentFolder {
    guard let entry = try entry(at: path, in: root, repository) else {
      return DeploymentFolder(path: path)
    }
    var items: [FileName: DeploymentFolder.Item] = [:]
    var unknown: [TreeEntry] = []
    for file in try repository.tree(entry.id).entries where Self.isState(file) {
      if let content = file.mode == .link ? Self.link(file) : cache.content(file.cacheKey) {
        items[FileName(file.shownName)] = DeploymentFolder.Item(
          content: content, blob: file.id, mode: file.mode)
      } else {
        unknown.append(file)
      }
    }
    // Only now: where the cache cannot hold the whole folder, a file that is put in pushes out one
    // that would have been asked for next, and so on to the last.
    for file in unknown {
      let content = try content(file, repository)
      cache.insert(content, for: file.cacheKey)
      items[FileName(file.shownName)] = DeploymentFolder.Item(
        content: content, blob: file.id, mode: file.mode)
    }
    if try repository.tree(entry.id)[FolderSettings.name] != nil {
      _ = try FolderSettings.read(repository, tree: root, folder: path)
    }
    return DeploymentFolder(path: path, items: items)
  }

  /// The folder's entry, of which every part must be a real folder.
  private func entry(at path: String, in root: ObjectID, _ repository: borrowing Repository) throws
    -> TreeEntry?
  {
    var tree = root
    var found: TreeEntry?
    for part in path.split(separator: "/") {
      found = try repository.tree(tree)[String(part)]
      guard let entry = found else { return nil }
      guard entry.mode == .tree else {
        throw StateError(
          .backendUnavailable,
          "the deployments folder \(path) is \(entry.mode.description) in the commit and must be a "
            + "real folder; name another with: git config gitstate.deployments DIR", file: path)
      }
      tree = entry.id
    }
    return found
  }

  private static func isState(_ entry: TreeEntry) -> Bool {
    entry.name.hasSuffix(".json") && entry.name != FolderSettings.name
      && [FileMode.blob, .executable, .link].contains(entry.mode)
  }

  private static func link(_ file: TreeEntry) -> FileContent {
    .broken(
      StateError(
        .backendUnavailable,
        "\(file.name) is a symbolic link; put the file itself there and commit it",
        file: file.name))
  }

  /// Reads and parses a file; what comes of it depends on nothing but its ``TreeEntry/cacheKey``.
  private func content(_ file: TreeEntry, _ repository: borrowing Repository) throws -> FileContent
  {
    guard try repository.blobSize(file.id) <= DeploymentFile.maximumSize else {
      return .broken(
        StateError(
          .backendUnavailable,
          "\(file.name) is larger than \(DeploymentFile.maximumSize >> 20) MiB; move what is no "
            + "deployment state out of the folder", file: file.name))
    }
    let content = DeploymentFile.parse(
      name: file.shownName, bytes: try repository.blob(file.id))
    if case .foreign = content { return content }
    guard file.hasUTF8Name else {
      return .broken(
        StateError(
          .backendUnavailable,
          "\(file.shownName) has a name that is not UTF-8; give it another one with git mv",
          file: file.shownName))
    }
    return content
  }
}

extension TreeEntry {
  fileprivate var cacheKey: FileCache.Key { FileCache.Key(blob: id, name: rawName) }

  /// Whether the name is text.
  fileprivate var hasUTF8Name: Bool { name.utf8.elementsEqual(rawName) }

  /// The name, bytes that are no text as `\xFF`, so that two names stay two.
  fileprivate var shownName: String {
    guard !hasUTF8Name else { return name }
    return rawName.reduce(into: "") { text, byte in
      text +=
        byte < 0x80 ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16, uppercase: true)
    }
  }
}

extension FileMode {
  /// The mode in words.
  fileprivate var description: String {
    switch self {
    case .link: "a symbolic link"
    case .submodule: "a submodule"
    default: "a file"
    }
  }
}
