import LosslessJSON

extension ChangeSet {
  /// The changes as one HTML file without outside resources; it reads on a phone and prints.
  ///
  /// What comes from the state is escaped, so that it is text and nothing else.
  public var html: String {
    let title = isEmpty ? "No contract changed" : summary
    var body = "<h1>\(Markup.html(title))</h1>\n"
    let ends = [from, to].map { $0.map { "<code>\(Markup.html($0))</code>" } }
    if let new = ends[1] ?? (ends[0] == nil ? nil : "files that are not committed") {
      body += "<p class=\"ends\">\(ends[0] ?? "nothing") &rarr; \(new)</p>\n"
    }
    return Self.page(title, body + htmlSections)
  }

  /// What changed, as it stands in a page: redeployments first, then each network's changes.
  var htmlSections: String {
    var body = ""
    let redeployed = redeployed
    if !redeployed.isEmpty {
      let names = redeployed.prefix(20).map {
        "<code>\(Markup.html("\($0.network)/\($0.key.name)"))</code>"
      }
      let rest = redeployed.count > 20 ? " and \(redeployed.count - 20) more" : ""
      body +=
        "<p class=\"alarm\"><strong>\(redeployed.count) redeployed:</strong> the live address is "
        + "another one. \(names.joined(separator: ", "))\(rest)</p>\n"
    }
    let networks = networks
    if networks.count > 1 || changes.count > 3 {
      let rows = networks.map { network in
        "<tr><td><a href=\"#c\(network.chainID)\">\(Markup.html(network.title))</a></td>"
          + "<td>\(network.counts)</td></tr>"
      }
      body += "<table>\n\(rows.joined(separator: "\n"))\n</table>\n"
    }
    for network in networks {
      body +=
        "<section id=\"c\(network.chainID)\">\n<h2>\(Markup.html(network.title)) "
        + "<small>\(network.counts)</small></h2>\n"
      for change in network.changes { body += Self.article(change, isBrief: isLong) }
      for file in network.files {
        body += Self.article("file", Markup.html(file.file), file.fields)
      }
      body += "</section>\n"
    }
    return body
  }

  /// A whole HTML file.
  static func page(_ title: String, _ body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>\(Markup.html(title))</title>
    <style>
    \(style)
    </style>
    </head>
    <body>
    \(body)</body>
    </html>
    """
  }

  private static let style = """
    :root{color-scheme:light dark}
    body{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem;\
    color:#1b1b1b;background:#fff}
    h1{font-size:1.35rem;margin:0 0 .3rem}
    h2{font-size:1.1rem;border-bottom:1px solid #ccc;padding-bottom:.2rem;margin-top:1.6rem}
    h2 small{font-weight:normal;color:#666}
    h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
    code,dd{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.88rem;overflow-wrap:anywhere}
    .ends{color:#666;margin:.2rem 0}
    .alarm{background:#b00020;color:#fff;padding:.5rem .8rem;border-radius:.3rem}
    table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0;vertical-align:top}
    section>p{margin:.3rem 0;overflow-wrap:anywhere}
    article{margin:.8rem 0;padding-left:.7rem;border-left:3px solid #ccc;break-inside:avoid}
    .kind{font-size:.85rem;padding:.1rem .45rem;border-radius:.3rem;background:#e8e8e8;color:#1b1b1b}
    .redeployed{border-color:#b00020}.redeployed .kind{background:#b00020;color:#fff}
    .added .kind{background:#d7f0d7}.removed .kind{background:#f7d4d4}
    .upgraded .kind{background:#d3e8f7}
    dl{margin:.25rem 0 0;display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.1rem .9rem}
    dt{color:#666}dd{margin:0}
    del{color:#b00020;display:block}ins{color:#006400;text-decoration:none;display:block}
    @media(max-width:40rem){dl{display:block}dd{margin:0 0 .3rem .8rem}}
    @media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}\
    dt,.ends,h2 small{color:#a0a0a0}del{color:#ff8a80}ins{color:#81d584}a{color:#8ab4f8}}
    @media print{body{max-width:none;color:#000;background:#fff}.alarm{border:2px solid #b00020;\
    color:#b00020;background:#fff}}
    """

  private static func article(_ change: ContractChange, isBrief: Bool) -> String {
    let old = change.oldName.map { "\(Markup.html($0)) &rarr; " } ?? ""
    if isBrief, [.added, .removed].contains(change.kind) {
      let address = change.liveAddress.map { " <code>\(Markup.html($0))</code>" } ?? ""
      return "<p class=\"\(change.kind)\"><span class=\"kind\">\(change.kind.rawValue)</span> "
        + "\(Markup.html(change.key.name))\(address)</p>\n"
    }
    return article(change.kind.rawValue, old + Markup.html(change.key.name), change.fields)
  }

  private static func article(_ kind: String, _ title: String, _ fields: [FieldChange]) -> String {
    var text = "<article class=\"\(kind)\"><h3><span class=\"kind\">\(kind)</span> \(title)</h3>\n"
    text += "<dl>\n"
    for field in fields {
      let values = ValueExcerpt.texts(of: [field.old, field.new], field: field.path)
      let old = values[0].map { "<del>\(shown($0))</del>" } ?? ""
      let new = values[1].map { "<ins>\(shown($0))</ins>" } ?? ""
      text += "<dt>\(Markup.html(field.path))</dt><dd>\(old)\(new)</dd>\n"
    }
    return text + "</dl></article>\n"
  }

  private static func shown(_ text: String) -> String {
    text.isEmpty ? "&quot;&quot;" : Markup.html(text)
  }
}
