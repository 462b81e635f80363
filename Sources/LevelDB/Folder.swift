import Glibc

/// An open folder, of which errors speak by the path that people know.
struct Folder: ~Copyable, Sendable {
  /// Which folder this is, whatever path leads to it.
  struct Identity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
  }

  /// A file of the folder, as far as a change of it would show.
  struct Entry: Hashable, Sendable {
    let name: String
    let inode: UInt64
    let size: Int64
    let modifiedSeconds: Int
    let modifiedNanoseconds: Int
  }

  let descriptor: Descriptor
  let identity: Identity
  let shownPath: String

  /// Opens a folder for looking at it; a symbolic link to one will do.
  init(_ location: Location) throws(LevelDBError) {
    let path = location.shownPath
    try Self.checkPath(location)
    guard let descriptor = Descriptor.reading(location.path, in: AT_FDCWD, flags: O_DIRECTORY)
    else {
      switch errno {
      case ENOENT:
        throw LevelDBError(code: .notFound, message: "there is no folder '\(path)'", path: path)
      case ENOTDIR:
        throw LevelDBError(code: .notFound, message: "'\(path)' is not a folder", path: path)
      case let number:
        throw LevelDBError(errno: number, "cannot open the folder '\(path)'", path: path)
      }
    }
    guard let status = descriptor.status() else {
      throw LevelDBError(errno: errno, "cannot look at the folder '\(path)'", path: path)
    }
    identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    self.descriptor = consume descriptor
    shownPath = path
  }

  /// Refuses a path that C would cut short.
  static func checkPath(_ location: Location) throws(LevelDBError) {
    guard !location.path.isEmpty, !location.path.utf8.contains(0) else {
      throw LevelDBError(
        code: .invalidArgument, message: "the path is empty or has a NUL character in it",
        path: location.shownPath)
    }
  }

  /// The regular files that LevelDB reads data from, sorted by name; LOCK and LOG are not data.
  borrowing func databaseFiles() throws(LevelDBError) -> [Entry] {
    var entries: [Entry] = []
    for name in try names() where Self.isDatabaseFile(name) {
      var status = stat()
      guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        throw LevelDBError(errno: errno, "cannot look at '\(shownPath)/\(name)'", path: shownPath)
      }
      guard status.st_mode & S_IFMT == S_IFREG else { continue }
      entries.append(
        Entry(
          name: name, inode: UInt64(status.st_ino), size: Int64(status.st_size),
          modifiedSeconds: status.st_mtim.tv_sec, modifiedNanoseconds: status.st_mtim.tv_nsec))
    }
    return entries
  }

  /// The names of all that is in the folder, sorted, `readdir(3)`.
  borrowing func names() throws(LevelDBError) -> [String] {
    // A descriptor of its own, because `closedir` closes it and reading moves its position.
    let own = Descriptor.reading(".", in: descriptor.number, flags: O_DIRECTORY)
    let number = own?.released() ?? -1
    guard number >= 0, let stream = fdopendir(number) else {
      let failure = errno
      if number >= 0 { close(number) }
      throw LevelDBError(errno: failure, "cannot read the folder '\(shownPath)'", path: shownPath)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else {
          throw LevelDBError(errno: errno, "cannot read the folder '\(shownPath)'", path: shownPath)
        }
        return names.sorted()
      }
      // POSIX terminates `d_name` with a NUL.
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  /// Whether LevelDB's `ParseFileName` knows the name as one of a file with data.
  static func isDatabaseFile(_ name: String) -> Bool {
    func isNumber(_ text: Substring) -> Bool {
      !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }
    }
    if name == "CURRENT" { return true }
    let manifest = "MANIFEST-"
    if name.hasPrefix(manifest) { return isNumber(name.dropFirst(manifest.count)) }
    return [".ldb", ".sst", ".log"].contains { name.hasSuffix($0) && isNumber(name.dropLast(4)) }
  }
}
