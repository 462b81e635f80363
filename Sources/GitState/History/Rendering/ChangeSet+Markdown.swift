import LosslessJSON

extension ChangeSet {
  /// The changes as Markdown, for a pull request's comment: a summary, then a table per network.
  ///
  /// What comes from the state is escaped, so that it is text and nothing else.
  public var markdown: String {
    guard !isEmpty else { return "No contract changed." }
    var lines = ["**\(Self.escaped(summary))**"]
    let redeployed = changes.count { $0.kind == .redeployed }
    if redeployed > 0 {
      lines += ["", "> **Warning:** \(redeployed) redeployed: the live address is another one."]
    }
    for (network, changes) in changesByNetwork {
      lines += ["", "### \(Self.escaped(network))", "", "| | Contract | Field | Old | New |"]
      lines.append("|---|---|---|---|---|")
      for change in changes { lines += Self.rows(change) }
    }
    return lines.joined(separator: "\n")
  }

  /// The changes by network, in the order of chain IDs.
  var changesByNetwork: [(network: String, changes: [ContractChange])] {
    var groups: [(network: String, changes: [ContractChange])] = []
    for change in changes {
      let network = "\(change.network) (\(change.key.chainID))"
      if groups.last?.network != network { groups.append((network, [])) }
      groups[groups.count - 1].changes.append(change)
    }
    return groups
  }

  private static func rows(_ change: ContractChange) -> [String] {
    let kind = change.kind == .redeployed ? "**REDEPLOYED**" : change.kind.rawValue
    let name = escaped(change.key.name)
    let fields = change.fields.map { field in
      "\(escaped(field.path)) | \(cell(field.old)) | \(cell(field.new)) |"
    }
    guard let first = fields.first else { return ["| \(kind) | \(name) | | | |"] }
    return ["| \(kind) | \(name) | \(first)"] + fields.dropFirst().map { "| | | \($0)" }
  }

  private static func cell(_ value: JSONValue?) -> String {
    guard let value else { return "" }
    return escaped(value.string ?? value.text(.compact))
  }

  /// Text that no Markdown reader takes for markup, on one line.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.escapingUnprintable {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "@": result += "&#64;"
      case "\\", "`", "*", "_", "[", "]", "(", ")", "#", "!", "|", "~", "+", "-":
        result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }
}
