import LosslessJSON

/// Text from the state in Markdown, where it must be text and nothing else.
enum Markdown {
  /// Text as code, in which no forge looks for people and issues.
  static func code(_ text: String) -> String { "<code>\(escaped(text))</code>" }

  /// A value as the cell of a table; empty where there is none.
  static func cell(_ value: JSONValue?) -> String {
    guard let value else { return "" }
    let text = value.string ?? value.text(.compact)
    return text.isEmpty ? "" : code(text)
  }

  /// Text that no Markdown reader takes for markup, on one line.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.escapingUnprintable.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "@": result += "&#64;"
      case "|": result += "&#124;"
      case "\\", "`", "*", "_", "[", "]", "(", ")", "#", "!", "~", "+", "-", ".", "$":
        result += "\\\(character)"
      default: result.unicodeScalars.append(character)
      }
    }
    // It would be a link's: https://example.org.
    return result.replacing("://", with: "&#58;//")
  }
}
