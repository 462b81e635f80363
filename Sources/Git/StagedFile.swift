internal import CGit2
internal import Glibc

/// A file written under a temporary name, which takes its place by a rename.
///
/// It goes when it is dropped before that.
public final class StagedFile {
  /// Where it is to be.
  public let path: String
  /// Where it is until then.
  public let temporaryPath: String
  /// Its inode, which stays the same when it moves.
  public let inode: UInt64
  private var descriptor: Int32
  private var isStaged = true

  /// Writes a new file.
  ///
  /// - Parameters:
  ///   - temporaryPath: A name that is free.
  ///   - path: Where it is to be, on the same file system.
  ///   - content: All of it.
  ///   - mode: Its permissions, as in chmod(2).
  ///   - masksMode: Whether the process's umask applies to them.
  /// - Throws: ``GitError``; then there is no file.
  public init(
    at temporaryPath: String, for path: String, content: [UInt8], mode: UInt32,
    masksMode: Bool = true
  ) throws(GitError) {
    self.path = path
    self.temporaryPath = temporaryPath
    descriptor = try FileSystem.create(temporaryPath, mode: mode)
    do throws(GitError) {
      if !masksMode, fchmod(descriptor, mode) != 0 {
        throw FileSystem.error("set the permissions of", temporaryPath)
      }
      try FileSystem.write(content, to: descriptor, path: temporaryPath)
      inode = try Self.inode(descriptor, temporaryPath)
    } catch {
      close(descriptor)
      unlink(temporaryPath)
      throw error
    }
  }

  /// Makes a symbolic link.
  init(linkTo target: [UInt8], at temporaryPath: String, for path: String) throws(GitError) {
    self.path = path
    self.temporaryPath = temporaryPath
    descriptor = -1
    guard !target.contains(0) else {
      throw GitError(.badContent, "a link leads to a name with a NUL", context: path)
    }
    guard symlink((target + [0]).map { CChar(bitPattern: $0) }, temporaryPath) == 0 else {
      throw FileSystem.error("create", temporaryPath)
    }
    guard let status = try FileSystem.status(temporaryPath) else {
      throw GitError(.failed, "the link \(temporaryPath) has vanished", category: .system)
    }
    inode = UInt64(status.st_ino)
  }

  /// Takes over a file that something else has written.
  init(existing temporaryPath: String, for path: String) throws(GitError) {
    self.path = path
    self.temporaryPath = temporaryPath
    descriptor = open(temporaryPath, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileSystem.error("open", temporaryPath) }
    do throws(GitError) {
      inode = try Self.inode(descriptor, temporaryPath)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    // What cannot be removed is only a file in the way of nothing, and swept up later.
    if isStaged { unlink(temporaryPath) }
  }

  private static func inode(_ descriptor: Int32, _ path: String) throws(GitError) -> UInt64 {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileSystem.error("look at", path) }
    return UInt64(status.st_ino)
  }

  /// Starts to write the content to disk.
  func startWriteBack(_ method: SyncMethod) {
    guard method == .ordered, descriptor >= 0 else { return }
    // Only a head start: what fails here fails again in finish(_:).
    _ = gitstate_start_write_back(descriptor)
  }

  /// Waits until the content is on disk, and closes the file.
  func finish(_ method: SyncMethod) throws(GitError) {
    guard descriptor >= 0 else { return }
    defer {
      close(descriptor)
      descriptor = -1
    }
    try FileSystem.writeBack(descriptor, method, temporaryPath)
  }

  /// Takes the place of what is at the path, in one step.
  public func publish() throws(GitError) {
    try FileSystem.rename(temporaryPath, to: path)
    isStaged = false
  }

  /// Takes its place only if nothing is there.
  ///
  /// - Throws: ``GitError/Code/exists`` where something is.
  public func publishIfAbsent() throws(GitError) {
    if gitstate_rename_to_free(temporaryPath, path) != 0 {
      let problem = errno
      guard problem == EINVAL || problem == ENOSYS else {
        throw FileSystem.error(
          "create", path, code: problem == EEXIST ? .exists : .failed)
      }
      // A file system without that call has hard links.
      guard link(temporaryPath, path) == 0 else {
        throw FileSystem.error("create", path, code: errno == EEXIST ? .exists : .failed)
      }
      unlink(temporaryPath)
    }
    isStaged = false
  }
}

extension FileSystem {
  /// Waits until what was written to a file is on disk, as far as a method asks for it.
  static func writeBack(_ descriptor: Int32, _ method: SyncMethod, _ path: String)
    throws(GitError)
  {
    switch method {
    case .none: return
    case .ordered:
      guard gitstate_wait_for_write_back(descriptor) == 0 else { throw error("sync", path) }
    case .each:
      guard fsync(descriptor) == 0 else { throw error("sync", path) }
    }
  }
}
