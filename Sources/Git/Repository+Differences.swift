/// A path that two trees have differently.
public struct TreeDifference: Sendable {
  /// The path from the root, names separated by `/`.
  public let path: String
  /// What the first tree has there; nil where nothing.
  public let old: TreeEntry?
  /// What the second tree has there; nil where nothing.
  public let new: TreeEntry?
}

extension Repository {
  /// The files, links and submodules that two trees have differently, by path.
  ///
  /// - Parameters:
  ///   - old: The first tree; nil for the empty one.
  ///   - new: The second tree; nil for the empty one.
  /// - Returns: The differences; trees that both have are not read.
  /// - Throws: ``GitError/Code/invalidSpec`` for a name that is no UTF-8, ``GitError`` where a tree
  ///   cannot be read.
  public func differences(from old: ObjectID?, to new: ObjectID?) throws(GitError)
    -> [TreeDifference]
  {
    var found: [TreeDifference] = []
    try compare(old, new, folder: "", &found)
    return found
  }

  private func compare(
    _ old: ObjectID?, _ new: ObjectID?, folder: String, _ found: inout [TreeDifference]
  ) throws(GitError) {
    if old == new { return }
    var pairs: [[UInt8]: (old: TreeEntry?, new: TreeEntry?)] = [:]
    if let old {
      for entry in try tree(old).entries { pairs[entry.rawName, default: (nil, nil)].old = entry }
    }
    if let new {
      for entry in try tree(new).entries { pairs[entry.rawName, default: (nil, nil)].new = entry }
    }
    for name in pairs.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let pair = pairs[name] else { continue }
      if pair.old?.id == pair.new?.id, pair.old?.mode == pair.new?.mode { continue }
      let text = String(decoding: name, as: UTF8.self)
      guard text.utf8.elementsEqual(name) else {
        throw GitError(
          .invalidSpec, "\"\(folder)\(text)\" has a name that is not UTF-8", category: .tree,
          context: text)
      }
      let path = folder + text
      let trees = [pair.old, pair.new].map { $0?.mode == .tree ? $0?.id : nil }
      if trees[0] != nil || trees[1] != nil {
        try compare(trees[0], trees[1], folder: path + "/", &found)
      }
      let files = [pair.old, pair.new].map { $0?.mode == .tree ? nil : $0 }
      if files[0] != nil || files[1] != nil {
        found.append(TreeDifference(path: path, old: files[0], new: files[1]))
      }
    }
  }
}
