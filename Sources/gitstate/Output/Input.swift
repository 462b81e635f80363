import GitState
import Glibc

/// The content of a file, or of standard input where the name is `-`.
func readInput(_ name: String) throws(StateError) -> [UInt8] {
  let descriptor = name == "-" ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC)
  defer { if descriptor > STDIN_FILENO { close(descriptor) } }
  var content: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count > 0 {
      content += buffer[..<count]
    } else if count == 0 {
      return content
    } else if errno != EINTR {
      throw StateError(
        .invalidArgument,
        "\(name.escapingUnprintable) could not be read: \(String(cString: strerror(errno)))",
        file: name)
    }
  }
}

/// The time of day.
enum Clock {
  /// Milliseconds since 1970.
  static var milliseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
