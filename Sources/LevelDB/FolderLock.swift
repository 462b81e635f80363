import Glibc

extension Folder {
  // What LevelDB's lock on the file LOCK tells, `fcntl(2)`. Closing any descriptor of LOCK drops all
  // of this process's locks on it, so these functions are called only under FolderUse's table, which
  // says that nothing else in this process uses the folder.

  /// Takes the lock without waiting, shared (only reads LOCK) or exclusive (makes LOCK if needed).
  ///
  /// - Returns: LOCK, locked until it is closed; nil if there is none, so that nobody has the folder
  ///   open.
  borrowing func takeLock(exclusive: Bool) throws(LevelDBError) -> Descriptor? {
    let file: Descriptor
    if exclusive {
      // As LevelDB's `PosixEnv::LockFile` does.
      let number = openat(descriptor.number, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard number >= 0 else { throw lockFailure(errno) }
      file = Descriptor(adopting: number)
    } else {
      guard let opened = Descriptor.reading("LOCK", in: descriptor.number) else {
        if errno == ENOENT { return nil }
        throw lockFailure(errno)
      }
      file = consume opened
    }
    var request = Self.wholeFile(exclusive ? F_WRLCK : F_RDLCK)
    guard fcntl(file.number, F_SETLK, &request) == 0 else {
      let failure = errno
      guard failure == EAGAIN || failure == EACCES else { throw lockFailure(failure) }
      throw openElsewhere(holder: Self.holder(of: file, against: exclusive ? F_WRLCK : F_RDLCK))
    }
    return file
  }

  /// Throws ``LevelDBError/Code/locked`` if another process has the folder open, leaving no trace.
  borrowing func checkUnlocked() throws(LevelDBError) {
    guard let file = Descriptor.reading("LOCK", in: descriptor.number) else {
      if errno == ENOENT { return }
      throw lockFailure(errno)
    }
    if let holder = Self.holder(of: file, against: F_WRLCK) {
      throw openElsewhere(holder: holder)
    }
  }

  /// The process whose lock is in the way, `F_GETLK`; 0 or less where the system cannot name it.
  private static func holder(of file: borrowing Descriptor, against type: Int32) -> pid_t? {
    var request = wholeFile(type)
    guard fcntl(file.number, F_GETLK, &request) == 0, request.l_type != Int16(F_UNLCK) else {
      return nil
    }
    return request.l_pid
  }

  private static func wholeFile(_ type: Int32) -> flock {
    flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
  }

  private borrowing func openElsewhere(holder: pid_t?) -> LevelDBError {
    let who: String
    if let holder, holder > 0 {
      who = "another process (pid \(holder))"
    } else {
      who = "another process"
    }
    return LevelDBError(
      code: .locked,
      message: "\(who) has the LevelDB folder '\(shownPath)' open; stop it and try again",
      path: shownPath)
  }

  private borrowing func lockFailure(_ number: Int32) -> LevelDBError {
    LevelDBError(
      errno: number, "cannot see by '\(shownPath)/LOCK' whether another process has it open",
      path: shownPath)
  }
}
