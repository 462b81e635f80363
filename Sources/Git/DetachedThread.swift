internal import Glibc

/// A thread of its own, which nobody waits for and which ends with the process.
public enum DetachedThread {
  private final class Job: Sendable {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }

  /// Starts one.
  ///
  /// - Parameters:
  ///   - yields: Whether it runs only as far as other work leaves processors idle (a nice value of 19).
  ///   - work: What it does.
  /// - Throws: ``GitError`` where the system gives no thread.
  public static func start(yields: Bool = false, _ work: @escaping @Sendable () -> Void)
    throws(GitError)
  {
    let job = Job {
      // A peer that has gone must be an error of the call, not the end of this process.
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      // Linux has it for each thread; where it cannot be had, the work is done all the same.
      if yields { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }
      work()
    }
    var thread = pthread_t()
    let payload = Unmanaged.passRetained(job)
    let status = pthread_create(
      &thread, nil,
      { payload in
        if let payload { Unmanaged<Job>.fromOpaque(payload).takeRetainedValue().work() }
        return nil
      }, payload.toOpaque())
    guard status == 0 else {
      payload.release()
      throw GitError(
        .failed, "a thread could not be started: \(String(cString: strerror(status)))",
        category: .system)
    }
    pthread_detach(thread)
  }
}
