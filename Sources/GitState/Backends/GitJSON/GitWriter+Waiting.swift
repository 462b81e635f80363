import Git
import Glibc

/// Why a write does not go beside a merge or rebase; `git pull` begins one and ends it at once.
struct PassingOperation: Error {
  let error: StateError
  /// What is under way.
  let kind: RepositoryOperation.Kind
  /// When it began, in milliseconds since 1970.
  let since: Int64?

  /// Whether it began so short ago that it may be over in a moment.
  var isYoung: Bool {
    guard let since else { return false }
    return (0..<2000).contains(SystemClock.milliseconds - since)
  }
}

/// Waiting for git programs, and what is said when that was in vain.
extension GitWriter {
  /// Waits a moment for a merge or the like to end.
  ///
  /// - Throws: Why the write is refused, where the operation waits for the user, or lasts too long.
  func wait(for operation: PassingOperation) throws {
    if operation.isYoung, ContinuousClock.now < deadline {
      Jitter.sleep()
      return
    }
    guard let program = RunningProgram.atWork(in: location) else {
      // Who sees that git has given up may be about to end what it left.
      guard let seen = lastSeenAtWork, ContinuousClock.now < min(seen + .seconds(2), deadline)
      else {
        throw namingStaleFiles(operation.error)
      }
      Jitter.sleep()
      return
    }
    lastSeenAtWork = .now
    guard ContinuousClock.now < deadline else {
      throw StateError(
        .lockTimeout,
        "nothing was written: a \(operation.kind.rawValue) is under way, and \(program.shown) is at work on "
          + "it; try again when it is done")
    }
    // To look at all processes takes longer than to look at one file.
    usleep(50_000)
  }

  /// A refusal since another program kept a lock, or was faster each time, until the time was up.
  func timedOut(_ error: GitError) -> StateError {
    let lock: GitLock?
    do throws(StateError) {
      lock = try LockFiles(location).locks().first {
        $0.path == error.context || error.message.contains($0.path)
      }
    } catch {
      // What is known without it is said.
      lock = nil
    }
    guard let lock else {
      return StateError(
        .lockTimeout,
        "nothing was written: another program kept the repository busy "
          + "(\(error.message.escapingUnprintable)); try again when it is done",
        file: error.context, underlying: error)
    }
    let holders = lock.holders.joined(separator: ", ")
    let reason =
      if let owner = lock.owner, holders.isEmpty {
        "of the user \(owner), whose programs cannot be seen; ask that user, or look as root: gitstate locks"
      } else if holders.isEmpty {
        "and no process has it open; unless a program in another container or on another machine has it, "
          + "take it away once it is a minute old with: gitstate locks --remove"
      } else {
        "held by \(holders.escapingUnprintable); try again when that is done, or give it more time "
          + "(--lock-timeout)"
      }
    return StateError(
      .lockTimeout,
      "nothing was written: \(lock.path.escapingUnprintable) is in the way, \(lock.age) s old, \(reason)",
      file: lock.path, underlying: error)
  }
}
