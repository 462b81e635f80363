internal import Glibc

/// The few calls to the operating system that libgit2 has no face for.
enum FileSystem {
  /// The error for a failed system call, read from `errno`, which must not have changed since.
  static func error(_ action: String, _ path: String, code: GitError.Code = .failed) -> GitError {
    let number = errno
    let code = code == .failed && [ENOSPC, EDQUOT, EFBIG].contains(number) ? .noSpace : code
    let reason = String(cString: strerror(number)) + GitError.remedy(for: number)
    return GitError(code, "cannot \(action) \(path): \(reason)", category: .system, context: path)
  }

  /// What is at a path, without following a link; nil only where nothing is.
  static func status(_ path: String) throws(GitError) -> stat? {
    var status = stat()
    if lstat(try withoutNUL(path), &status) == 0 { return status }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw error("look at", path)
  }

  /// Whether a folder, or a link to one, is at a path.
  static func isFolder(_ path: String) throws(GitError) -> Bool {
    var status = stat()
    if stat(try withoutNUL(path), &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    if errno == ENOENT || errno == ENOTDIR { return false }
    throw error("look at", path)
  }

  /// A path that is absolute and free of links, dots and a slash at its end.
  static func realPath(_ path: String) throws(GitError) -> String {
    guard let real = realpath(try withoutNUL(path), nil) else {
      let code: GitError.Code = errno == ENOENT || errno == ENOTDIR ? .notFound : .failed
      throw error("find", path, code: code)
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// The names in a folder, unsorted; nil only where there is no such folder.
  static func names(in path: String) throws(GitError) -> [String]? {
    guard let folder = opendir(try withoutNUL(path)) else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw error("list", path)
    }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        if errno == 0 { return names }
        throw error("list", path)
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }

  /// The content of a file; nil only where there is none.
  static func content(_ path: String) throws(GitError) -> [UInt8]? {
    let file = open(try withoutNUL(path), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw error("open", path)
    }
    defer { close(file) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count == 0 { return content }
      if count > 0 {
        content += buffer[..<count]
      } else if errno != EINTR {
        throw error("read", path)
      }
    }
  }

  /// Why a file cannot be opened for reading; nil where it can, and where there is none.
  static func reasonUnreadable(_ path: String) throws(GitError) -> String? {
    let file = open(try withoutNUL(path), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      return errno == ENOENT ? nil : String(cString: strerror(errno))
    }
    close(file)
    return nil
  }

  /// The first line of a file, without white space at its end; nil only where there is no file.
  static func firstLine(_ path: String) throws(GitError) -> String? {
    guard let content = try content(path) else { return nil }
    let line = content.prefix { $0 != UInt8(ascii: "\n") }
    let end = line.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }
    return String(decoding: line[..<(end.map { $0 + 1 } ?? line.startIndex)], as: UTF8.self)
  }

  /// Makes a file that must not be there yet; the caller closes it.
  static func create(_ path: String, mode: mode_t) throws(GitError) -> Int32 {
    let file = open(try withoutNUL(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else {
      throw error("create", path, code: errno == EEXIST ? .exists : .failed)
    }
    return file
  }

  /// Writes all bytes to an open file.
  static func write(_ bytes: [UInt8], to file: Int32, path: String) throws(GitError) {
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file, $0.baseAddress.map { $0 + start }, $0.count - start)
      }
      if count >= 0 {
        start += count
      } else if errno != EINTR {
        throw error("write", path)
      }
    }
  }

  /// Syncs a file or folder to disk.
  static func sync(_ path: String) throws(GitError) {
    let file = open(try withoutNUL(path), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw error("open", path) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw error("sync", path) }
  }

  /// Renames a file, over one that may be there.
  static func rename(_ old: String, to new: String) throws(GitError) {
    guard Glibc.rename(old, new) == 0 else {
      throw error("rename \(old) to", new, code: errno == EXDEV ? .otherFileSystem : .failed)
    }
  }

  /// Removes a file; that there is none is no error.
  static func remove(_ path: String) throws(GitError) {
    guard unlink(path) == 0 || errno == ENOENT else { throw error("remove", path) }
  }

  /// A path without slashes at its end, as libgit2 puts one there.
  static func withoutSlash(_ path: String) -> String {
    var path = path[...]
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path = path.dropLast() }
    return String(path)
  }

  /// The folder that holds a path; `/` for itself.
  static func parent(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A name in a folder as a path.
  static func join(_ folder: String, _ name: String) -> String {
    folder.utf8.last == UInt8(ascii: "/") ? folder + name : folder + "/" + name
  }
}
