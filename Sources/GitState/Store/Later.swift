import Dispatch
import Glibc

/// Gives back what takes a while to give back, beside whatever comes next.
enum Later {
  private static let queue = DispatchQueue(label: "gitstate.later")
  /// From how many bytes on it is worth another thread.
  static let smallest = 64 << 10

  /// Lets go of values that nobody else has any more, such as the parts of a parsed file.
  static func release(_ values: some Sendable) {
    queue.async { withExtendedLifetime(values) {} }
  }

  /// Opens a large file that is about to be replaced, since the system frees what it holds when it is closed.
  ///
  /// - Parameters:
  ///   - path: Where it is.
  ///   - size: How large it is.
  /// - Returns: What ``close(_:)`` takes; nil where nothing would be won, or it cannot be opened.
  static func open(_ path: String, size: Int) -> Int32? {
    guard size >= smallest else { return nil }
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    return descriptor >= 0 ? descriptor : nil
  }

  /// Closes a file.
  static func close(_ descriptor: Int32?) {
    guard let descriptor else { return }
    queue.async { Glibc.close(descriptor) }
  }
}
