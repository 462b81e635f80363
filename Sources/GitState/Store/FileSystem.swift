import Git
import Glibc
import Synchronization

/// The few calls to the file system that a write needs, each failing with what it was about.
enum FileSystem {
  /// What is at a path, a symbolic link not followed.
  enum Kind { case absent, file, folder, link, other }

  /// Looks at a path.
  ///
  /// What cannot be looked at is an error, never "absent".
  static func kind(of path: String) throws(StateError) -> Kind {
    try status(of: path).map { kind(ofMode: $0.st_mode) } ?? .absent
  }

  /// The status of a path, a symbolic link not followed; nil where nothing is there.
  static func status(of path: String) throws(StateError) -> stat? {
    var status = stat()
    if lstat(path, &status) == 0 { return status }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw failure("could not be looked at", path)
  }

  private static func kind(ofMode mode: mode_t) -> Kind {
    switch mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .other
    }
  }

  /// The content of a file; nil where there is none.
  static func read(_ path: String) throws(StateError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure("could not be read", path)
    }
    defer { Glibc.close(descriptor) }
    return try read(descriptor, path)
  }

  /// Where a symbolic link leads, as it is written there.
  static func target(of link: String) throws(StateError) -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &buffer, buffer.count)
    guard count >= 0 else { throw failure("could not be read", link) }
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
  }

  /// All that a descriptor has from where it stands.
  static func read(_ descriptor: Int32, _ path: String) throws(StateError) -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("could not be read", path) }
    // One more than the file should have, so that its end is seen without another round.
    var size = max(Int(status.st_size), 0) + 1
    var content: [UInt8] = []
    while true {
      var problem: Int32 = 0
      let part = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
        while filled < size {
          let count = Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, size - filled)
          if count > 0 {
            filled += count
          } else if count == 0 {
            return
          } else if errno != EINTR {
            problem = errno
            return
          }
        }
      }
      errno = problem
      guard problem == 0 else { throw failure("could not be read", path) }
      content = content.isEmpty ? part : content + part
      if part.count < size { return content }
      size = content.count
    }
  }

  /// Whether a file holds just some bytes.
  ///
  /// It is read in parts, which is quicker than to read all of it into memory first.
  static func holds(_ content: [UInt8], _ path: String) throws(StateError) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return false }
      throw failure("could not be read", path)
    }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("could not be read", path) }
    guard Int(status.st_size) == content.count else { return false }
    let size = min(content.count + 1, 64 << 10)
    let part = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 1)
    defer { part.deallocate() }
    var at = 0
    while true {
      let count = Glibc.read(descriptor, part, size)
      if count == 0 { return at == content.count }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw failure("could not be read", path)
      }
      let isSame = content.withUnsafeBytes { bytes in
        count <= bytes.count - at
          && bytes.baseAddress.map { memcmp($0 + at, part, count) == 0 } == true
      }
      guard isSame else { return false }
      at += count
    }
  }

  /// Puts a file in place of another in one step: whoever looks sees the old one or the new one.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - content: What it is to hold.
  ///   - mode: The new file's mode.
  ///   - isDurable: Whether the file survives a power cut once this returns.
  /// - Throws: `STATE_WRITE_FAILED`; the old file is there then, unharmed.
  static func replace(_ path: String, with content: [UInt8], mode: mode_t, isDurable: Bool)
    throws(StateError)
  {
    let temporary = temporaryPath(beside: path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure("could not be written", path) }
    do throws(StateError) {
      defer { Glibc.close(descriptor) }
      // The mode given to open is cut by the umask; a file that had a mode keeps it.
      guard fchmod(descriptor, mode) == 0 else { throw failure("could not be written", path) }
      try write(content, descriptor, path)
      if isDurable, fsync(descriptor) != 0 { throw failure("could not be made durable", path) }
      guard rename(temporary, path) == 0 else { throw failure("could not be replaced", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    if isDurable { try syncFolder(of: path) }
  }

  /// Adds to the end of a file; where there is none, nothing happens.
  static func append(to path: String, _ content: [UInt8]) throws(StateError) {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw failure("could not be written", path)
    }
    defer { Glibc.close(descriptor) }
    try write(content, descriptor, path)
  }

  /// The name that ``replace(_:with:mode:isDurable:)`` writes to before it renames.
  static let temporaryPrefix = ".gitstate-tmp-"

  /// A name for ``replace(_:with:mode:isDurable:)`` and the like to write to.
  static func temporaryPath(beside path: String) -> String {
    let (folder, _) = split(path)
    let number = temporaries.withLock { count in
      count += 1
      return count
    }
    return "\(folder)/\(temporaryPrefix)\(getpid())-\(number)"
  }

  private static let temporaries = Mutex(0)

  /// Writes all bytes.
  static func write(_ content: [UInt8], _ descriptor: Int32, _ path: String) throws(StateError) {
    var rest = content[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest.removeFirst(count)
      } else if errno != EINTR {
        throw failure("could not be written", path)
      }
    }
  }

  /// Makes the names in a path's folder survive a power cut.
  static func syncFolder(of path: String) throws(StateError) {
    let (folder, _) = split(path)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("could not be made durable", folder) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("could not be made durable", folder) }
  }

  /// Makes a folder and those above it that are missing.
  static func makeFolder(_ path: String, mode: mode_t) throws(StateError) {
    if mkdir(path, mode) == 0 { return }
    switch errno {
    case EEXIST: return
    case ENOENT:
      try makeFolder(split(path).folder, mode: mode)
      guard mkdir(path, mode) == 0 || errno == EEXIST else {
        throw failure("could not be created", path)
      }
    default: throw failure("could not be created", path)
    }
  }

  /// Removes a file, if it is there.
  static func remove(_ path: String) throws(StateError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw failure("could not be removed", path) }
  }

  /// Removes a folder that was made for nothing; one that is not empty stays.
  static func removeEmptyFolder(_ path: String) { rmdir(path) }

  /// Whether two files' contents are the same bytes.
  static func isSame(_ left: [UInt8]?, _ right: [UInt8]?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in
        guard left.count == right.count else { return false }
        guard let start = left.baseAddress, let otherStart = right.baseAddress else { return true }
        return start == otherStart || memcmp(start, otherStart, left.count) == 0
      }
    }
  }

  /// The names in a folder, sorted; none where there is no folder.
  static func names(in folder: String) throws(StateError) -> [String] {
    guard let stream = opendir(folder) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw failure("could not be read", folder)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw failure("could not be read", folder) }
        break
      }
      // d_name ends with NUL within its 256 bytes, by readdir's contract.
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// A path's folder and last part.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.index(after: slash)...]))
  }

  /// An absolute path without symbolic links, or nil where nothing is there.
  static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The error for what `errno` says now.
  static func failure(_ what: String, _ path: String) -> StateError {
    let number = errno
    let reason = String(cString: strerror(number)) + GitError.remedy(for: number)
    return StateError(
      what.contains("read") || what.contains("looked") ? .backendUnavailable : .writeFailed,
      "\(path.escapingUnprintable) \(what): \(reason)", file: path)
  }
}
