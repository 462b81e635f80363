import LosslessJSON

extension ChangeSet {
  /// The changes as Markdown, for a pull request's comment: a summary, then a table per network.
  ///
  /// What comes from the state is escaped, so that it is text and nothing else: no markup, no link,
  /// no mention of a person. Where there are many changes, each network's are folded, and what was
  /// added or removed has one line.
  public var markdown: String {
    guard !isEmpty else { return "No contract changed." }
    var lines = ["**\(Markdown.escaped(summary))**"]
    if changes.count > 1 || networks.count > 1 { lines += ["", counts] }
    let redeployed = redeployed
    if !redeployed.isEmpty {
      let names = redeployed.prefix(10).map { Markdown.code("\($0.network)/\($0.key.name)") }
      let rest = redeployed.count > 10 ? " and \(redeployed.count - 10) more" : ""
      lines += [
        "",
        "> **Warning:** \(redeployed.count) redeployed: the live address is another one. "
          + names.joined(separator: ", ") + rest,
      ]
    }
    let isBrief = changes.count > 50
    for network in networks {
      let isFolded = isBrief && network.changes.count > 5
      lines += ["", "### \(Markdown.escaped(network.title)): \(network.counts)", ""]
      if isFolded { lines += ["<details><summary>Show them</summary>", ""] }
      lines += ["| | Contract | Field | Old | New |", "|---|---|---|---|---|"]
      for change in network.changes { lines += Self.rows(change, isBrief: isBrief) }
      for file in network.files {
        lines += Self.rows("file", Markdown.code(file.file), file.fields)
      }
      if isFolded { lines += ["", "</details>"] }
    }
    return lines.joined(separator: "\n")
  }

  private static func rows(_ change: ContractChange, isBrief: Bool) -> [String] {
    let kind = change.kind == .redeployed ? "**REDEPLOYED**" : change.kind.rawValue
    let name = Markdown.code(change.key.name)
    guard isBrief, change.kind == .added || change.kind == .removed else {
      return rows(kind, name, change.fields)
    }
    let address = change.liveAddress.map { Markdown.code($0) } ?? ""
    let sides = change.kind == .added ? " | \(address)" : "\(address) | "
    return ["| \(kind) | \(name) | live address | \(sides) |"]
  }

  private static func rows(_ kind: String, _ name: String, _ fields: [FieldChange]) -> [String] {
    let cells = fields.map { field in
      "\(Markdown.escaped(field.path)) | \(Markdown.cell(field.old)) | \(Markdown.cell(field.new)) |"
    }
    guard let first = cells.first else { return ["| \(kind) | \(name) | | | |"] }
    return ["| \(kind) | \(name) | \(first)"] + cells.dropFirst().map { "| | | \($0)" }
  }
}
