import Git
import Glibc

/// What a write that was cut off has left, and how it is finished.
extension GitWriter {
  private static func lockPath(_ location: StateLocation) -> String {
    location.privateDirectory + "/lock"
  }

  /// Does something with the right to write, once what earlier holders of it left is removed.
  func withLock<Result>(until deadline: ContinuousClock.Instant, _ body: () throws -> Result) throws
    -> Result
  {
    try FileSystem.makeFolder(location.privateDirectory, mode: 0o700)
    let lock = try WriterLock(Self.lockPath(location), until: deadline)
    var isSwept = false
    do {
      if lock.wasLeft || !hasSwept { try sweep() }
      (isSwept, hasSwept) = (true, true)
      let result = try body()
      lock.unlock(isSwept: true)
      return result
    } catch {
      lock.unlock(isSwept: isSwept)
      throw error
    }
  }

  /// Finishes what a write that was cut off has left, if nobody is writing now.
  ///
  /// For whoever may only want to read: it waits for nobody, and where it fails the next write does it, or
  /// says what is in the way. ``leftNote`` has what was done.
  func finishLeftWrite() {
    do {
      try withLock(until: .now) { leftNote = try recover() }
    } catch {
      // See above.
      return
    }
  }

  /// Whether there is a note of a write, or the lock names a holder: one that is at work, or was cut off.
  ///
  /// Only what is this user's: files that an administrator's look makes would be in the user's way.
  static func mayBeCutOff(at location: StateLocation) -> Bool {
    do {
      if let note = try FileSystem.status(of: WriteIntent.path(location)) {
        return note.st_uid == geteuid()
      }
      guard let lock = try FileSystem.status(of: lockPath(location)) else { return false }
      return lock.st_size > 0 && lock.st_uid == geteuid()
    } catch {
      // A write meets the same and tells it.
      return false
    }
  }

  /// Finishes or takes back what a write that was cut off had begun.
  ///
  /// Call it with the lock held.
  ///
  /// - Returns: A sentence about what was done; nil where there was nothing to do.
  func recover() throws -> String? {
    guard let intent = try WriteIntent.left(at: location) else { return nil }
    return try intent.recover(at: location, repository, stagingArea())
  }

  /// Removes temporary files of a write that was cut off.
  ///
  /// A writer does so before its first write, since after a power cut nothing tells that there was one, and
  /// where the last holder of the lock did not give it back.
  private func sweep() throws {
    try stagingArea().sweep()
    try repository.releaseLeftPacks()
    var folders: Set = [location.privateDirectory, location.worktreeDirectory]
    if let root = location.workingDirectory { folders.insert("\(root)/\(location.folder)") }
    for folder in folders where try FileSystem.kind(of: folder) == .folder {
      for name in try FileSystem.names(in: folder)
      where name.hasPrefix(FileSystem.temporaryPrefix) {
        try FileSystem.remove("\(folder)/\(name)")
      }
    }
  }
}
