/// Text from the state in a language of markup, where it must be text and nothing else.
enum Markup {
  /// Text for HTML, between tags and in attributes.
  static func html(_ text: String) -> String { escaped(text) { _ in nil } }

  /// Text in which what HTML and control characters mean is taken away, and more as the language needs.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - special: What stands for a character that means something in the language alone.
  /// - Returns: The text to print.
  static func escaped(_ text: String, _ special: (Unicode.Scalar) -> String?) -> String {
    var result = ""
    for character in text.escapingUnprintable.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default:
        if let special = special(character) {
          result += special
        } else {
          result.unicodeScalars.append(character)
        }
      }
    }
    return result
  }
}
