import Git

/// What is said when a write has waited for other programs in vain.
extension GitWriter {
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
      holders.isEmpty
      ? "and no process has it open; unless a program on another machine has it, take it away once it is a "
        + "minute old with: gitstate locks --remove"
      : "held by \(holders.escapingUnprintable); try again when that is done, or give it more time "
        + "(--lock-timeout)"
    return StateError(
      .lockTimeout,
      "nothing was written: \(lock.path.escapingUnprintable) is in the way, \(lock.age) s old, \(reason)",
      file: lock.path, underlying: error)
  }
}
