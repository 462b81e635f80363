import ArgumentParser
import GitState
import Glibc
import Synchronization

/// The options of commands that talk to another repository.
struct RemoteArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How many seconds a server may be silent before it is given up.", valueName: "seconds"))
  var timeout = 30.0

  func validate() throws {
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError("--timeout is a number of seconds, more than 0 and up to 86400")
    }
  }

  /// What the library needs to know; progress and questions only where there is a terminal.
  func options(_ global: GlobalOptions) -> RemoteOptions {
    var options = RemoteOptions(timeout: .seconds(timeout))
    if Terminal.isThere { options.ask = { question in Terminal.ask(question) } }
    if !global.quiet, !global.json { options.progress = { step in TransferText.show(step) } }
    return options
  }
}

/// The remote that a command is about, and how it is talked to.
struct RemoteTarget: ParsableArguments {
  @Argument(help: "The remote; default: the branch's own, or origin, or the only one.")
  var remote: String?

  @OptionGroup var arguments: RemoteArguments

  /// What the library needs to know.
  func options(_ global: GlobalOptions) -> RemoteOptions { arguments.options(global) }
}

/// The terminal that the user sits at, wherever standard input and output go.
enum Terminal {
  /// Whether it says of itself that it can nothing but print lines.
  static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? false }

  /// Whether somebody can be asked; git's variable for "never" counts here, too.
  static var isThere: Bool {
    let prompt = getenv("GIT_TERMINAL_PROMPT").map { String(cString: $0) }
    guard prompt != "0", prompt != "false" else { return false }
    let file = open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    close(file)
    return isatty(STDERR_FILENO) == 1
  }

  /// Asks, and shows no secret while it is typed in.
  static func ask(_ question: RemoteOptions.Question) -> String? {
    let file = open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let (text, isSecret) =
      switch question {
      case .userName(let server): ("User name at \(server): ", false)
      case .password(let user, let server): ("Password or token of \(user) at \(server): ", true)
      case .passphrase(let path): ("Passphrase of \(path): ", true)
      }
    Output.endProgress()
    Output.write(Array(text.escapingUnprintable.utf8), to: file)
    var before = termios()
    let isHidden = isSecret && tcgetattr(file, &before) == 0
    if isHidden {
      var hidden = before
      hidden.c_lflag &= ~tcflag_t(ECHO)
      tcsetattr(file, TCSANOW, &hidden)
    }
    defer {
      if isHidden {
        tcsetattr(file, TCSANOW, &before)
        Output.write([UInt8(ascii: "\n")], to: file)
      }
    }
    var answer: [UInt8] = []
    var byte: UInt8 = 0
    while read(file, &byte, 1) == 1, byte != UInt8(ascii: "\n") { answer.append(byte) }
    return answer.isEmpty ? nil : String(decoding: answer, as: UTF8.self)
  }
}

/// A transfer's progress on one line.
enum TransferText {
  private static let last = Mutex<ContinuousClock.Instant?>(nil)

  /// Whether there is something to see, and the line was not written just now.
  private static func isDue(_ objects: Int, _ total: Int, _ bytes: Int) -> Bool {
    // A small change is over before anybody could read it.
    guard total > 200 || bytes > 1 << 20 else { return false }
    return last.withLock { last in
      let now = ContinuousClock.now
      if let last, now - last < .milliseconds(100), objects < total { return false }
      last = now
      return true
    }
  }

  static func show(_ progress: RemoteOptions.Progress) {
    switch progress {
    case .receiving(let objects, let total, let bytes):
      guard isDue(objects, total, bytes) else { return }
      Output.progress("Receiving \(objects) of \(total) objects, \(bytes >> 10) KiB")
    case .sending(let objects, let total, let bytes):
      guard isDue(objects, total, bytes) else { return }
      Output.progress("Sending \(objects) of \(total) objects, \(bytes >> 10) KiB")
    case .message: break
    }
  }
}
