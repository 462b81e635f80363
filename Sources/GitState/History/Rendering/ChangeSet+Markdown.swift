import LosslessJSON

extension ChangeSet {
  /// The changes as Markdown, for a pull request's comment: a summary, then a table per network.
  ///
  /// What comes from the state is escaped, so that it is text and nothing else: no markup, no link,
  /// no mention of a person. Where there are many changes, each network's are folded, and what was
  /// added or removed has one line.
  public var markdown: String { markdown(maximumLength: .max) }

  /// The changes as Markdown of a bounded length: a comment on GitHub has at most 65536 characters.
  ///
  /// - Parameter maximumLength: The most bytes; the summary is there even where they are too few.
  /// - Returns: As ``markdown``; changes that do not fit are left out from the end, whole, and counted.
  public func markdown(maximumLength: Int) -> String {
    guard !isEmpty else { return "No contract changed." }
    var document = BoundedLines(maximumLength: maximumLength)
    document.add(["**\(Markdown.escaped(summary))**"])
    if changes.count > 1 || networks.count > 1 { document.add(["", counts]) }
    let redeployed = redeployed
    if !redeployed.isEmpty {
      let names = redeployed.prefix(10).map { Markdown.code("\($0.network)/\($0.key.name)") }
      let rest = redeployed.count > 10 ? " and \(redeployed.count - 10) more" : ""
      document.add([
        "",
        "> **Warning:** \(redeployed.count) redeployed: the live address is another one. "
          + names.joined(separator: ", ") + rest,
      ])
    }
    let isBrief = isLong
    var omitted = 0
    for network in networks {
      let isFolded = isBrief && network.changes.count > 5
      var head = ["", "### \(Markdown.escaped(network.title)): \(network.counts)", ""]
      if isFolded { head += ["<details><summary>Show them</summary>", ""] }
      head += ["| | Contract | Field | Old | New |", "|---|---|---|---|---|"]
      let groups =
        network.changes.map { Self.rows($0, isBrief: isBrief) }
        + network.files.map { Self.rows("file", Markdown.code($0.file), $0.fields) }
      let end = isFolded ? ["", "</details>"] : []
      let count = document.add(groups, between: head, and: end)
      omitted += groups.count - count
    }
    if omitted > 0 {
      document.end([
        "",
        "\(omitted) more changes are not shown here; all are in the output of gitstate diff.",
      ])
    }
    return document.lines.joined(separator: "\n")
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
      let values = ValueExcerpt.texts(of: [field.old, field.new], field: field.path)
      return "\(Markdown.escaped(field.path)) | \(Markdown.cell(values[0])) | "
        + "\(Markdown.cell(values[1])) |"
    }
    guard let first = cells.first else { return ["| \(kind) | \(name) | | | |"] }
    return ["| \(kind) | \(name) | \(first)"] + cells.dropFirst().map { "| | | \($0)" }
  }
}

/// Lines up to a length; what does not fit is left out in whole groups.
private struct BoundedLines {
  private(set) var lines: [String] = []
  private var length = 0
  private var isFull = false
  private let maximumLength: Int
  /// Room for the sentence that says what was left out.
  private static let reserve = 120

  init(maximumLength: Int) { self.maximumLength = maximumLength }

  private static func length(_ lines: [String]) -> Int {
    lines.reduce(0) { $0 + $1.utf8.count + 1 }
  }

  mutating func add(_ lines: [String]) {
    self.lines += lines
    length += Self.length(lines)
  }

  /// Adds the last lines, for which there is room.
  mutating func end(_ lines: [String]) { add(lines) }

  /// Adds groups of lines as far as they fit; no lines at all where none does.
  ///
  /// - Returns: How many groups there are room for.
  mutating func add(_ groups: [[String]], between head: [String], and end: [String]) -> Int {
    var room = maximumLength - Self.reserve - length - Self.length(head) - Self.length(end)
    var count = 0
    if !isFull {
      for group in groups {
        room -= Self.length(group)
        guard room >= 0 else { break }
        count += 1
      }
    }
    isFull = count < groups.count
    guard count > 0 else { return 0 }
    add(head + groups.prefix(count).flatMap(\.self) + end)
    return count
  }
}
