import GitState
import Glibc

/// The content of a file, or of standard input where the name is `-`.
func readInput(_ name: String) throws(StateError) -> [UInt8] {
  let descriptor = name == "-" ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw unreadable(name) }
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
      throw unreadable(name)
    }
  }
}

/// What messages call a file that the user named.
func inputName(_ name: String) -> String { name == "-" ? "standard input" : name }

extension GlobalOptions {
  /// The records of a document in a file or in standard input.
  ///
  /// - Parameters:
  ///   - file: The file, from the folder that `-C` names, or `-`.
  ///   - undone: What is not done where the document cannot be read, as in "nothing was written".
  /// - Returns: The records, in the document's order.
  /// - Throws: Where the file cannot be read, or anything in it is no record.
  func records(in file: String, orNothingIs undone: String) throws(StateError) -> [Contract] {
    let bytes = try readInput(file == "-" ? file : inFolder(file))
    do {
      return try ContractDocument.contracts(parsing: bytes, name: inputName(file))
    } catch {
      var error = error
      error.message = "nothing was \(undone): \(error.message)"
      if file == "-" { error.file = nil }
      throw error
    }
  }
}

/// The error for a file that the user named, from what `errno` says now.
private func unreadable(_ name: String) -> StateError {
  let reason = String(cString: strerror(errno))
  return StateError(
    .invalidArgument, "\(inputName(name).escapingUnprintable) could not be read: \(reason)",
    file: name == "-" ? nil : name)
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
