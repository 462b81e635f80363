import Glibc

/// An open file or folder, closed with its owner.
struct Descriptor: ~Copyable, Sendable {
  let number: Int32

  /// Takes over a descriptor that a system call has returned.
  init(adopting number: Int32) {
    self.number = number
  }

  deinit {
    close(number)
  }

  /// Closes the file and returns 0 or the error number: `close(2)` may be the first to tell that
  /// a write failed.
  consuming func closed() -> Int32 {
    let number = number
    discard self
    return close(number) == 0 ? 0 : errno
  }

  /// Gives the descriptor to a new owner.
  consuming func released() -> Int32 {
    let number = number
    discard self
    return number
  }

  /// `O_NOATIME` of Linux, which glibc's headers show to programs that define `_GNU_SOURCE` only.
  private static let leavesAccessTime: Int32 = 0o1000000

  /// Opens a file of a folder for reading, `openat(2)`.
  ///
  /// Leaves the access time alone where the system lets us (`O_NOATIME` is the owner's privilege),
  /// and never waits for the other end of a pipe.
  ///
  /// - Returns: Nil on failure, with `errno` set.
  static func reading(_ name: String, in folder: Int32, flags: Int32 = 0) -> Descriptor? {
    let common = O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags
    var number = openat(folder, name, common | leavesAccessTime)
    if number < 0, errno == EPERM {
      number = openat(folder, name, common)
    }
    return number < 0 ? nil : Descriptor(adopting: number)
  }

  /// `fstat(2)`; nil on failure, with `errno` set.
  borrowing func status() -> stat? {
    var status = stat()
    return fstat(number, &status) == 0 ? status : nil
  }

  /// Fills as much of a buffer as the file has, `read(2)`; -1 on failure, with `errno` set.
  borrowing func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      let count = Glibc.read(number, buffer.baseAddress, buffer.count)
      if count >= 0 || errno != EINTR { return count }
    }
  }

  /// Writes a whole buffer, `write(2)`; false on failure, with `errno` set.
  borrowing func writeAll(_ buffer: UnsafeRawBufferPointer) -> Bool {
    var rest = buffer[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = Glibc.write(number, part.baseAddress, part.count)
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        return false
      }
    }
    return true
  }
}
