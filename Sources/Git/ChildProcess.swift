internal import CGit2
internal import Glibc

/// A program that runs beside this one, with a socket as its standard input and output.
///
/// A socket, since writing to a pipe whose reader has gone would end this process by a signal.
final class ChildProcess {
  private let process: pid_t
  private var socket: Int32
  private var errors: Int32
  private var hasEnded = false
  private var hasErrorsEnded = false
  private(set) var errorText: [UInt8] = []

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - arguments: The program, looked for in `PATH`, and its arguments.
  ///   - changes: Variables to set, or nil to take away.
  /// - Throws: ``GitError/Code/notFound`` where there is no such program.
  init(_ arguments: [String], environment changes: [String: String?] = [:]) throws(GitError) {
    var pair: [Int32] = [-1, -1]
    var pipe: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      throw FileSystem.error("start", arguments[0])
    }
    guard socketpair(AF_UNIX, kind, 0, &pipe) == 0 else {
      for file in pair { close(file) }
      throw FileSystem.error("start", arguments[0])
    }
    defer {
      close(pair[1])
      close(pipe[1])
    }
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO)
    // A network thread has signals blocked that the program wants.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var started = pid_t()
    let variables = Self.environment(changes)
    let program = arguments[0]
    let status = Self.withCStrings(arguments) { arguments in
      Self.withCStrings(variables) { variables in
        posix_spawnp(
          &started, program, &actions,
          &attributes, arguments, variables)
      }
    }
    (socket, errors, process) = (pair[0], pipe[0], started)
    guard status == 0 else {
      close(pair[0])
      close(pipe[0])
      hasEnded = true
      throw GitError(
        status == ENOENT ? .notFound : .failed,
        "the program \(arguments[0]) could not be started: \(String(cString: strerror(status)))",
        category: .system, context: arguments[0])
    }
  }

  deinit {
    if socket >= 0 { close(socket) }
    close(errors)
  }

  private static func environment(_ changes: [String: String?]) -> [String] {
    var result = changes.compactMap { name, value in value.map { "\(name)=\($0)" } }
    guard var next = gitstate_environment() else { return result }
    while let variable = next.pointee {
      let text = String(cString: variable)
      if changes[String(text.prefix { $0 != "=" })] == nil { result.append(text) }
      next += 1
    }
    return result
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
  }

  /// Writes all bytes, as long as somebody wants to go on.
  func write(_ bytes: UnsafeRawBufferPointer, goesOn: () -> Bool) throws(GitError) {
    var rest = bytes
    while !rest.isEmpty {
      try wait(for: POLLOUT, goesOn: goesOn)
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let count = send(socket, rest.baseAddress, rest.count, flags)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno != EINTR, errno != EAGAIN {
        throw failure("it ended early")
      }
    }
  }

  /// Reads what there is, at least a byte; 0 at the end.
  func read(_ buffer: UnsafeMutableRawBufferPointer, goesOn: () -> Bool) throws(GitError) -> Int {
    while true {
      try wait(for: POLLIN, goesOn: goesOn)
      let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      if count >= 0 { return count }
      if errno == ECONNRESET { return 0 }
      guard errno == EINTR || errno == EAGAIN else { throw failure("it ended early") }
    }
  }

  /// Tells the program that its input is at its end.
  func endInput() { shutdown(socket, Int32(SHUT_WR)) }

  private func wait(for events: Int32, goesOn: () -> Bool) throws(GitError) {
    while true {
      guard goesOn() else { throw GitError(.timedOut, "the operation was given up") }
      var files = [
        pollfd(fd: socket, events: Int16(events), revents: 0),
        // A negative one is passed over.
        pollfd(fd: hasErrorsEnded ? -1 : errors, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&files, nfds_t(files.count), 100) >= 0 || errno == EINTR else {
        throw FileSystem.error("wait for", "a program")
      }
      if files[1].revents != 0 { hasErrorsEnded = !readErrors() }
      if files[0].revents != 0 { return }
    }
  }

  /// - Returns: Whether there was anything.
  @discardableResult
  private func readErrors() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(errors, &buffer, buffer.count)
    if count > 0, errorText.count < 1 << 16 { errorText += buffer[..<count] }
    return count > 0
  }

  /// What the program said when it failed, in one line.
  func failure(_ otherwise: String) -> GitError {
    var files = [pollfd(fd: errors, events: Int16(POLLIN), revents: 0)]
    // The program's last words may come a moment after its output's end.
    while poll(&files, 1, 200) > 0, readErrors() {}
    let lines = String(decoding: errorText, as: UTF8.self).split(whereSeparator: \.isNewline)
    return GitError(
      .failed, lines.isEmpty ? otherwise : lines.joined(separator: " "), category: .network)
  }

  /// The programs that a program has started, and those that they have, as far as `/proc` shows them.
  ///
  /// Not a process group of their own: in the background, a helper could not ask at the terminal.
  private static func descendants(of process: pid_t) -> [pid_t] {
    var parents: [pid_t: pid_t] = [:]
    // Without /proc nobody can be found.
    for name in (try? FileSystem.names(in: "/proc")) ?? [] {
      guard let id = pid_t(name), let line = try? FileSystem.firstLine("/proc/\(id)/stat") else {
        continue
      }
      // The name, in brackets, may have anything in it; the state and the parent follow.
      let fields = line[(line.lastIndex(of: ")") ?? line.startIndex)...].split(separator: " ")
      if fields.count > 2 { parents[id] = pid_t(fields[2]) }
    }
    var (found, next) = ([pid_t](), [process])
    while let parent = next.popLast() {
      let children = parents.filter { $0.value == parent }.map(\.key)
      found += children
      next += children
    }
    return found
  }

  /// Closes the connection and waits a moment for the program to end.
  ///
  /// - Parameters:
  ///   - kills: Whether to end it, if it does not by itself.
  ///   - patience: How often to look whether it has: at first often, then every 10 ms.
  /// - Returns: The exit status; nil where it still runs or was ended by a signal.
  @discardableResult
  func end(kills: Bool, patience: Int = 200) -> Int32? {
    guard !hasEnded else { return nil }
    if socket >= 0 { close(socket) }
    socket = -1
    var status: Int32 = 0
    for attempt in 0..<max(1, patience) {
      if waitpid(process, &status, WNOHANG) == process {
        hasEnded = true
        return status & 0x7f == 0 ? (status >> 8) & 0xff : nil
      }
      // Most end at once.
      usleep(attempt < 20 ? 500 : 10_000)
    }
    guard kills else { return nil }
    // What it has started would hang on without it, as a helper does that git has started.
    let others = Self.descendants(of: process)
    kill(process, SIGKILL)
    for other in others { kill(other, SIGKILL) }
    waitpid(process, &status, 0)
    hasEnded = true
    return nil
  }
}

/// Programs that git's users have set up, run to their end.
public enum HelperProgram {
  /// Runs a program with a text as its input.
  ///
  /// - Parameters:
  ///   - arguments: The program, looked for in `PATH`, and its arguments.
  ///   - input: Its standard input.
  ///   - environment: Variables to set, or nil to take away.
  ///   - timeout: When it is ended.
  /// - Returns: Its exit status, nil where it was ended, and its standard output.
  /// - Throws: ``GitError/Code/notFound`` where there is no such program,
  ///   ``GitError/Code/timedOut``.
  public static func run(
    _ arguments: [String], input: String = "", environment: [String: String?] = [:],
    timeout: Duration = .seconds(120)
  ) throws(GitError) -> (status: Int32?, output: String) {
    let outcome = try outcome(
      of: arguments, input: input, environment: environment, timeout: timeout)
    return (outcome.status, outcome.output)
  }

  /// Runs a program with a text as its input, and tells what it complained of as well.
  ///
  /// - Parameters:
  ///   - arguments: The program, looked for in `PATH`, and its arguments.
  ///   - input: Its standard input.
  ///   - environment: Variables to set, or nil to take away.
  ///   - timeout: When it is ended.
  /// - Returns: Its exit status, nil where it was ended, its standard output, and the lines of its
  ///   standard error as one.
  /// - Throws: As ``run(_:input:environment:timeout:)``.
  public static func outcome(
    of arguments: [String], input: String = "", environment: [String: String?] = [:],
    timeout: Duration = .seconds(120)
  ) throws(GitError) -> (status: Int32?, output: String, errors: String) {
    let deadline = ContinuousClock.now + timeout
    let child = try ChildProcess(arguments, environment: environment)
    do throws(GitError) {
      let goesOn = { ContinuousClock.now < deadline }
      let failure = Array(input.utf8).withUnsafeBytes { bytes -> GitError? in
        do throws(GitError) {
          try child.write(bytes, goesOn: goesOn)
          return nil
        } catch {
          return error
        }
      }
      // A program that does not read its input may still have an answer.
      if let failure, failure.code == .timedOut { throw failure }
      child.endInput()
      var output: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        let result = buffer.withUnsafeMutableBytes { bytes -> Result<Int, GitError> in
          do throws(GitError) {
            return .success(try child.read(bytes, goesOn: goesOn))
          } catch {
            return .failure(error)
          }
        }
        let count = try result.get()
        if count == 0 { break }
        output += buffer[..<count]
      }
      let errors = child.failure("").message
      let status = child.end(kills: true)
      return (status, String(decoding: output, as: UTF8.self), errors)
    } catch {
      child.end(kills: true, patience: 1)
      throw error
    }
  }
}
