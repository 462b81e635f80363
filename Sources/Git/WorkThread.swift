internal import CGit2
internal import Dispatch
internal import Synchronization

/// A thread of its own that does one thing after the other, beside whoever hands them to it.
///
/// Beside means on another processor. When Linux wakes a thread it looks for a processor that has nothing to do, but
/// not where all of a few were busy a moment ago: then the thread waits on the processor of whoever woke it, for
/// milliseconds, while another one is idle. A queue of libdispatch has no thread that could be told where to run.
final class WorkThread: Sendable {
  /// What is to be done, which the thread keeps when nobody else does any more.
  private final class Line: Sendable {
    /// The thread's number; 0 before it runs.
    let thread = Atomic<pid_t>(0)
    private let items = Mutex<[(@Sendable () -> Void)?]>([])
    private let added = DispatchSemaphore(value: 0)

    /// Adds something to do; nil ends the thread.
    func add(_ item: (@Sendable () -> Void)?) {
      items.withLock { $0.append(item) }
      added.signal()
    }

    func run() {
      thread.store(gettid(), ordering: .relaxed)
      while true {
        added.wait()
        guard let item = items.withLock({ $0.removeFirst() }) else { return }
        item()
      }
    }
  }

  private let line = Line()
  private let isStarted = Mutex(false)

  deinit { line.add(nil) }

  /// Adds something to do, and does not wait; where the system gives no thread, it is done at once.
  func async(_ work: @escaping @Sendable () -> Void) {
    if starts() { line.add(work) } else { work() }
  }

  /// Waits until all that was added is done.
  func finish() {
    let isDone = DispatchSemaphore(value: 0)
    async { isDone.signal() }
    isDone.wait()
  }

  /// Keeps the thread off the processor that the caller runs on now, until this is called again.
  func leaveProcessorToCaller() {
    let thread = line.thread.load(ordering: .relaxed)
    if thread != 0 { gitstate_keep_off_processor(thread, sched_getcpu()) }
  }

  private func starts() -> Bool {
    isStarted.withLock { isStarted in
      if !isStarted {
        do {
          try DetachedThread.start { [line] in line.run() }
          isStarted = true
        } catch {
          // Then the caller does it.
        }
      }
      return isStarted
    }
  }
}
