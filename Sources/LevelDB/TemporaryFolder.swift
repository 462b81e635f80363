import Glibc

/// A folder of our own for copies of files, removed with the value.
struct TemporaryFolder: ~Copyable, Sendable {
  let path: String

  /// Makes a folder that only its owner may enter, below `TMPDIR` or else `/tmp`, `mkdtemp(3)`.
  ///
  /// - Parameter source: The folder it is for, which an error names.
  /// - Throws: ``LevelDBError/Code/ioError``.
  init(for source: String) throws(LevelDBError) {
    var parent = "/tmp"
    if let variable = getenv("TMPDIR"), variable.pointee != 0 { parent = String(cString: variable) }
    var template = Array("\(parent)/gitstate-leveldb-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw LevelDBError(
        errno: errno, "cannot make a folder below '\(parent)' for a copy of '\(source)'",
        path: source)
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    // Files only, as put there by us and LevelDB. A failure has nobody to be told to; what stays is
    // readable by its owner alone.
    if let stream = opendir(path) {
      let number = dirfd(stream)
      while let entry = readdir(stream) {
        _ = withUnsafePointer(to: &entry.pointee.d_name) { name in
          name.withMemoryRebound(to: CChar.self, capacity: 256) { unlinkat(number, $0, 0) }
        }
      }
      closedir(stream)
    }
    rmdir(path)
  }
}
