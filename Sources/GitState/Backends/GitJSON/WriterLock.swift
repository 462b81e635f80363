import Glibc
import LosslessJSON

/// The right to write to a repository's state, held by one process at a time.
///
/// A `flock` on a file in the common git directory: it ends with the process, however that ends, so
/// whoever holds it knows that no earlier holder is at work. The file says who has it.
struct WriterLock: ~Copyable {
  private let descriptor: Int32
  /// Whether the last holder ended without giving it back, so that files of its may be left.
  let wasLeft: Bool

  /// Waits for the lock.
  ///
  /// - Parameters:
  ///   - path: The lock file, which is created where it is missing.
  ///   - deadline: When to give up.
  ///   - refusal: What an error says before it names the holder.
  /// - Throws: `LOCK_TIMEOUT` with the holder's name; nothing was written then.
  init(
    _ path: String, until deadline: ContinuousClock.Instant,
    refusal: String = "nothing was written: another gitstate is writing to this repository"
  ) throws(StateError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.failure("could not be opened for writing", path) }
    do throws(StateError) {
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        guard errno == EWOULDBLOCK || errno == EINTR else {
          throw FileSystem.failure("could not be locked", path)
        }
        guard ContinuousClock.now < deadline else {
          throw StateError(
            .lockTimeout,
            "\(refusal) (\(Self.holder(descriptor, path))); try again, or give it more time "
              + "(--lock-timeout)", file: path)
        }
        Jitter.sleep()
      }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    self.descriptor = descriptor
    // Where it cannot be told, there may be some.
    var byte: UInt8 = 0
    wasLeft = pread(descriptor, &byte, 1, 0) != 0
    // Only a name for others to read: where it cannot be written, the lock holds all the same.
    _ = try? Self.writeHolder(descriptor, path, over: wasLeft)
  }

  deinit { Glibc.close(descriptor) }

  /// Lets the next one write.
  ///
  /// - Parameter isSwept: Whether what earlier holders left was removed.
  consuming func unlock(isSwept: Bool = false) {
    // Where it fails, the file names a holder that is gone, which the next one overwrites.
    if isSwept || !wasLeft { _ = ftruncate(descriptor, 0) }
  }

  private static func writeHolder(_ descriptor: Int32, _ path: String, over wasLeft: Bool)
    throws(StateError)
  {
    let holder: JSONValue = [
      "process": .number(JSONNumber(Int64(getpid()))),
      "since": .string(DeploymentDate.iso8601(milliseconds: SystemClock.milliseconds)),
    ]
    guard !wasLeft || ftruncate(descriptor, 0) == 0 else {
      throw FileSystem.failure("could not be written", path)
    }
    try FileSystem.write(holder.serialized(.compact), descriptor, path)
  }

  /// The number of the process that a lock file names; nil where it names none, as when it was given back.
  static func process(at path: String) throws(StateError) -> Int64? {
    guard let content = try FileSystem.read(path) else { return nil }
    // Another program may be writing it just now.
    return (try? JSONValue(parsing: content))?.object?["process"]?.number?.int64
  }

  private static func holder(_ descriptor: Int32, _ path: String) -> String {
    guard lseek(descriptor, 0, SEEK_SET) == 0,
      let content = try? FileSystem.read(descriptor, path),
      let holder = try? JSONValue(parsing: content).object,
      let process = holder["process"]?.number, let since = holder["since"]?.string
    else { return "its process is not known" }
    return "process \(process.text), since \(since.escapingUnprintable)"
  }
}

/// Waiting for others, a little differently each time, so that two who collide do not go on to.
enum Jitter {
  /// Sleeps for one to six milliseconds.
  ///
  /// Call it on a queue of our own, never on the pool.
  static func sleep() {
    usleep(1000 + UInt32.random(in: 0..<5000))
  }
}

/// The time of day.
enum SystemClock {
  /// Milliseconds since 1970.
  static var milliseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
