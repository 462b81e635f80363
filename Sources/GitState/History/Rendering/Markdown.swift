import LosslessJSON

/// Text from the state in Markdown, where it must be text and nothing else.
enum Markdown {
  /// Text as code, in which no forge looks for people and issues.
  static func code(_ text: String) -> String { "<code>\(escaped(text))</code>" }

  /// A value's text as the cell of a table; empty where there is none.
  static func cell(_ text: String?) -> String {
    text.map { $0.isEmpty ? "" : code($0) } ?? ""
  }

  /// A value as the cell of a table; empty where there is none.
  static func cell(_ value: JSONValue?) -> String { cell(value.map { ValueExcerpt.text(of: $0) }) }

  /// Text that no Markdown reader takes for markup, on one line.
  static func escaped(_ text: String) -> String {
    let escaped = Markup.escaped(text) { character in
      switch character {
      case "@": "&#64;"
      case "|": "&#124;"
      case "\\", "`", "*", "_", "[", "]", "(", ")", "#", "!", "~", "+", "-", ".", "$":
        "\\\(character)"
      default: nil
      }
    }
    // It would be a link's: https://example.org.
    return escaped.replacing("://", with: "&#58;//")
  }
}
