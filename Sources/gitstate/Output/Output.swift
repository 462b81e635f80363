import GitState
import Glibc
import LosslessJSON

/// Where results and notes go: results to standard output, all else to standard error.
enum Output {
  /// Prints a line of a result.
  static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// A number of things in words: `1 contract`, `2 contracts`.
  static func count(_ number: Int, _ thing: String) -> String {
    number.counted(thing)
  }

  /// A time in milliseconds, with as many decimals as tell anything.
  static func milliseconds(_ time: Double) -> String {
    let factor = time < 10 ? 1000.0 : 10
    return "\((time * factor).rounded() / factor) ms"
  }

  /// Prints one JSON document.
  static func writeJSON(_ json: JSONValue) {
    var style = JSONStyle.pretty
    style.finalNewline = true
    write(json.serialized(style), to: STDOUT_FILENO)
  }

  /// Prints a line that is no result.
  static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// Shows progress on one line of a terminal, over and over; elsewhere nothing.
  static func progress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1, !Terminal.isDumb else { return }
    write("\r\u{1B}[K\(text)", to: STDERR_FILENO)
  }

  /// Ends a line of progress.
  static func endProgress() { progress("") }

  /// Writes bytes as they are.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest.removeFirst(count)
      } else if errno != EINTR {
        let reason = String(cString: strerror(errno))
        if descriptor != STDERR_FILENO {
          note(
            "gitstate: the result is not lost, but it could not be printed: \(reason); a change that was asked for "
              + "is made, see gitstate log")
        }
        exit(Failure.Status.failed)
      }
    }
  }

  private static func write(_ text: String, to descriptor: Int32) {
    write(Array(text.utf8), to: descriptor)
  }
}

/// Words in colour, where the output is a terminal and nobody asked for none.
struct Palette {
  private let isColoured: Bool

  init(_ options: GlobalOptions) {
    let noColor = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    isColoured = !options.noColor && !noColor && !Terminal.isDumb && isatty(STDOUT_FILENO) == 1
  }

  func bold(_ text: String) -> String { coloured(text, "1") }
  func faint(_ text: String) -> String { coloured(text, "2") }
  /// What must not be missed.
  func alarm(_ text: String) -> String { coloured(text, "1;97;41") }

  /// A kind of change; a redeployment stands out, since it must never happen by accident.
  func kind(_ kind: ContractChange.Kind) -> String {
    // Without colours, too.
    let text = (kind == .redeployed ? "REDEPLOYED" : kind.rawValue).padded(to: 10)
    return switch kind {
    case .added: coloured(text, "32")
    case .removed: coloured(text, "31")
    case .redeployed: alarm(text)
    case .upgraded: coloured(text, "36")
    case .renamed, .modified: coloured(text, "33")
    }
  }

  private func coloured(_ text: String, _ code: String) -> String {
    isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}

extension String {
  /// The text with spaces behind it, up to a width in characters.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
}

/// Values of records as people read them.
enum ValueText {
  /// A text without its quotation marks, anything else as compact JSON.
  ///
  /// An empty text is `""`, so that it can be seen; what is huge is cut, and says so.
  static func of(_ value: JSONValue, field: String = "") -> String {
    of([value], field: field)[0] ?? ""
  }

  /// Values of a field that are shown beside each other: those that are cut show where they differ.
  static func of(_ values: [JSONValue?], field: String = "") -> [String?] {
    ValueExcerpt.texts(of: values, field: field).map { text in
      text.map { $0.isEmpty ? "\"\"" : $0.escapingUnprintable }
    }
  }
}
