import Git
import Glibc

/// A `git gc` of another program that may remove what was written a moment ago.
///
/// By itself git spares what is younger than two weeks. With `--prune=now` it does not: it looks at what the
/// branches name, and then removes all other objects, also those that a branch has come to name in the
/// meantime. So nothing is put in its way; and where it began unseen, what it took is written again once
/// it is done. (git's note of it, `gc.pid`, comes before its look at the branches.)
struct GarbageCollection {
  /// Its process.
  let process: pid_t

  /// What such a program does right now; nil where there is none.
  ///
  /// - Throws: ``GitError`` where git's configuration cannot be read.
  static func pruning(at location: StateLocation, _ repository: borrowing Repository) throws
    -> GarbageCollection?
  {
    guard let note = try FileSystem.read(location.commonDirectory + "/gc.pid") else { return nil }
    // The process and the machine, as in `1234 host`.
    let words = note.split { $0 == 0x20 || $0 == 0x0A }.map { String(decoding: $0, as: UTF8.self) }
    guard words.count > 1, let process = pid_t(words[0]), words[1] == hostName,
      kill(process, 0) == 0 || errno == EPERM
    else { return nil }
    // Where it cannot be read the program has just ended, or is not to be seen: not known to be gc.
    guard let command = try? FileSystem.read("/proc/\(process)/cmdline"), !command.isEmpty else {
      return nil
    }
    let arguments = command.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    guard arguments.contains("gc") || arguments[0].hasSuffix("git-gc") else { return nil }
    var expiry = try repository.configuration("gc.pruneExpire")
    for argument in arguments {
      if argument.hasPrefix("--prune=") { expiry = String(argument.dropFirst(8)) }
      if argument == "--no-prune" { expiry = "never" }
    }
    switch expiry?.lowercased() {
    case nil, "", "never", "false", "2.weeks.ago": return nil
    default: return GarbageCollection(process: process)
    }
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension GitWriter {
  /// Waits until no other program removes young objects.
  ///
  /// - Parameters:
  ///   - deadline: When to give up.
  ///   - outcome: What became of the write, as the error is to begin.
  /// - Returns: Whether there was such a program.
  /// - Throws: `LOCK_TIMEOUT` where it is still at work then.
  func waitForGarbageCollection(until deadline: ContinuousClock.Instant, _ outcome: String) throws
    -> Bool
  {
    var isFound = false
    while let collection = try GarbageCollection.pruning(at: location, repository) {
      isFound = true
      guard ContinuousClock.now < deadline else {
        throw StateError(
          .lockTimeout,
          "\(outcome)a git gc that spares no young objects (process \(collection.process)) is at work "
            + "in this repository",
          file: location.commonDirectory + "/gc.pid")
      }
      Jitter.sleep()
    }
    return isFound
  }
}

/// Reads, and looks again for a moment where an object is not there.
///
/// A writer whose objects a garbage collection took writes them again as soon as that is done, and whoever
/// reads in between should not hear of it.
func lookingAgain<Result>(_ body: () throws(StateError) -> Result) throws(StateError) -> Result {
  let deadline = ContinuousClock.now + .milliseconds(300)
  while true {
    do {
      return try body()
    } catch {
      guard let git = error.underlying as? GitError, git.code == .notFound,
        error.code == .backendUnavailable, !git.message.contains("--unshallow"),
        ContinuousClock.now < deadline
      else { throw error }
      Jitter.sleep()
    }
  }
}
