/// What an entry of a tree or index is; the raw values are git's modes.
public enum FileMode: UInt32, Hashable, Sendable {
  /// A file.
  case blob = 0o100644
  /// A file that may be executed.
  case executable = 0o100755
  /// A symbolic link; its target is the blob's content.
  case link = 0o120000
  /// A folder.
  case tree = 0o040000
  /// A commit of another repository.
  case submodule = 0o160000
}

/// One name in a tree.
public struct TreeEntry: Hashable, Sendable {
  /// The name's bytes, which need not be UTF-8.
  public let rawName: [UInt8]
  /// What it is.
  public let mode: FileMode
  /// The object that it names.
  public let id: ObjectID

  /// An entry with a name in any encoding.
  public init(rawName: [UInt8], mode: FileMode, id: ObjectID) {
    self.rawName = rawName
    self.mode = mode
    self.id = id
  }

  /// An entry with a name in UTF-8.
  public init(name: String, mode: FileMode, id: ObjectID) {
    self.init(rawName: Array(name.utf8), mode: mode, id: id)
  }

  /// The name; bytes that are not UTF-8 are replaced.
  public var name: String { String(decoding: rawName, as: UTF8.self) }
}

/// A folder of the repository as it was read: a plain value that outlives the repository.
public struct Tree: Hashable, Sendable {
  /// The tree's name.
  public let id: ObjectID
  /// The entries, in git's order.
  public let entries: [TreeEntry]

  /// A tree of these entries.
  public init(id: ObjectID, entries: [TreeEntry]) {
    self.id = id
    self.entries = entries
  }

  /// The entry whose name has these UTF-8 bytes.
  ///
  /// - Complexity: O(*n*) in the number of entries: git's order is not that of names alone.
  public subscript(name: String) -> TreeEntry? {
    entries.first { $0.rawName.elementsEqual(name.utf8) }
  }
}
