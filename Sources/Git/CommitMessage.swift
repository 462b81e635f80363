/// A commit message cut into subject, body and trailers, by git's rules.
struct CommitMessage {
  private let lines: [Substring]

  init(_ message: String) {
    // "\r\n" is one Character, so lines are cut at it as well.
    let lines = message.split(omittingEmptySubsequences: false) { $0.isNewline }
    let start = lines.firstIndex { !Self.isBlank($0) } ?? lines.endIndex
    let end = lines.lastIndex { !Self.isBlank($0) }.map { $0 + 1 } ?? start
    self.lines = Array(lines[start..<end])
  }

  private static func isBlank(_ line: Substring) -> Bool {
    line.allSatisfy(\.isWhitespace)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return text[first...last]
  }

  private var endOfSubject: Int { lines.firstIndex(where: Self.isBlank) ?? lines.endIndex }

  var subject: String {
    lines[..<endOfSubject].map(Self.trimmed).joined(separator: " ")
  }

  var body: String {
    lines[endOfSubject...].drop(while: Self.isBlank).joined(separator: "\n")
  }

  /// The last paragraph, if it is not the first and holds trailers only, or one of git's own
  /// trailers and at most three times as many other lines (git-interpret-trailers(1)).
  var trailers: [(key: String, value: String)] {
    let paragraph = lines.lastIndex(where: Self.isBlank).map { $0 + 1 } ?? 0
    guard paragraph > 0 else { return [] }
    var found: [(key: String, value: String)] = []
    var trailerLines = 0
    var otherLines = 0
    var hasOwn = false
    var continues = false
    for line in lines[paragraph...] {
      if line.first?.isWhitespace == true {
        // Belongs to the line before it; alone it is text.
        if continues, let last = found.indices.last {
          found[last].value += " " + Self.trimmed(line)
        } else if trailerLines == 0 {
          otherLines += 1
        }
      } else if let trailer = Self.trailer(line) {
        found.append(trailer)
        trailerLines += 1
        continues = true
        hasOwn = hasOwn || line.hasPrefix("Signed-off-by: ")
      } else if line.hasPrefix("(cherry picked from commit ") {
        trailerLines += 1
        continues = false
        hasOwn = true
      } else {
        otherLines += 1
        continues = false
      }
    }
    let isBlock =
      trailerLines > 0 && (otherLines == 0 || (hasOwn && trailerLines * 3 >= otherLines))
    return isBlock ? found : []
  }

  /// A line of letters, digits and `-`, then `:`, then the value.
  private static func trailer(_ line: Substring) -> (key: String, value: String)? {
    guard let colon = line.firstIndex(of: ":") else { return nil }
    let key = trimmed(line[..<colon])
    let isKey = key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    guard !key.isEmpty, isKey else { return nil }
    return (String(key), String(trimmed(line[line.index(after: colon)...])))
  }
}
