import LosslessJSON

extension ChangeSet {
  /// The changes as one HTML file without outside resources; it reads on a phone and prints.
  ///
  /// What comes from the state is escaped, so that it is text and nothing else.
  public var html: String {
    let title = isEmpty ? "No contract changed" : summary
    var body = "<h1>\(Self.escaped(title))</h1>\n"
    for (network, changes) in changesByNetwork {
      body += "<section>\n<h2>\(Self.escaped(network))</h2>\n"
      for change in changes { body += Self.article(change) }
      body += "</section>\n"
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Self.escaped(title))</title>
      <style>\(Self.style)</style>
      </head>
      <body>
      \(body)</body>
      </html>
      """
  }

  private static let style = """
    body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem;\
    color:#1b1b1b;background:#fff}\
    h1{font-size:1.3rem}h2{font-size:1.1rem;border-bottom:1px solid #ccc}\
    article{margin:1rem 0;break-inside:avoid}h3{font-size:1rem;margin:0;overflow-wrap:anywhere}\
    .kind{padding:.1rem .4rem;border-radius:.3rem;background:#e8e8e8}\
    .redeployed .kind{background:#b00020;color:#fff}.added .kind{background:#d7f0d7}\
    .removed .kind{background:#f7d4d4}.upgraded .kind{background:#d3e8f7}\
    dl{margin:.3rem 0 0 1rem}dt{color:#666}dd{margin:0 0 .3rem;font-family:monospace;\
    overflow-wrap:anywhere}del{color:#b00020}ins{color:#006400;text-decoration:none}
    """

  private static func article(_ change: ContractChange) -> String {
    let kind = change.kind.rawValue
    var text = "<article class=\"\(kind)\"><h3><span class=\"kind\">\(kind)</span> "
    text += "\(escaped(change.key.name))</h3>\n<dl>\n"
    for field in change.fields {
      let old = field.old.map { "<del>\(shown($0))</del> " } ?? ""
      let new = field.new.map { "<ins>\(shown($0))</ins>" } ?? ""
      text += "<dt>\(escaped(field.path))</dt><dd>\(old)\(new)</dd>\n"
    }
    return text + "</dl></article>\n"
  }

  private static func shown(_ value: JSONValue) -> String {
    escaped(value.string ?? value.text(.compact))
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.escapingUnprintable {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
    return result
  }
}
