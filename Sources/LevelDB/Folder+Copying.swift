import Glibc

extension Folder {
  /// Copies files of the folder to another one, in which they are not yet.
  borrowing func copy(_ files: [Entry], to target: String) throws(LevelDBError) {
    let number = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else {
      throw LevelDBError(
        errno: errno, "cannot open '\(target)' for a copy of '\(shownPath)'", path: shownPath)
    }
    let targetFolder = Descriptor(adopting: number)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    defer { buffer.deallocate() }
    for file in files {
      try copy(file.name, to: targetFolder, through: buffer)
    }
  }

  private borrowing func copy(
    _ name: String, to targetFolder: borrowing Descriptor,
    through buffer: UnsafeMutableRawBufferPointer
  ) throws(LevelDBError) {
    let readingFailed = "cannot read '\(shownPath)/\(name)'"
    let writingFailed = "cannot copy '\(shownPath)/\(name)' to a temporary folder (see TMPDIR)"
    guard let source = Descriptor.reading(name, in: descriptor.number, flags: O_NOFOLLOW) else {
      throw LevelDBError(errno: errno, readingFailed, path: shownPath)
    }
    let number = openat(targetFolder.number, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw LevelDBError(errno: errno, writingFailed, path: shownPath) }
    let target = Descriptor(adopting: number)
    while true {
      let count = source.read(into: buffer)
      guard count >= 0 else { throw LevelDBError(errno: errno, readingFailed, path: shownPath) }
      if count == 0 { break }
      guard target.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
        throw LevelDBError(errno: errno, writingFailed, path: shownPath)
      }
    }
    let failure = target.closed()
    guard failure == 0 else { throw LevelDBError(errno: failure, writingFailed, path: shownPath) }
  }
}
