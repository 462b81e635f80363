import GitState
import LosslessJSON

/// A change set as lines of text, grouped by network.
struct ChangeSetText {
  let changes: ChangeSet
  let palette: Palette

  /// The lines; a summary comes first where there are many changes.
  var lines: [String] {
    guard !changes.isEmpty else { return [] }
    var lines: [String] = []
    if changes.changes.count > 3 {
      lines += [palette.bold(changes.summary), changes.counts]
      let redeployed = changes.redeployed
      if !redeployed.isEmpty {
        let names = redeployed.prefix(10).map {
          "\($0.network.escapingUnprintable)/\($0.key.name.escapingUnprintable)"
        }
        let rest = redeployed.count > 10 ? " and \(redeployed.count - 10) more" : ""
        lines.append(palette.alarm("REDEPLOYED: \(names.joined(separator: ", "))\(rest)"))
      }
      lines.append("")
    }
    let nameWidth = changes.isLong ? min(40, changes.changes.map(\.key.name.count).max() ?? 0) : 0
    var chain: ChainID?
    func head(_ chainID: ChainID, _ network: String) {
      guard chainID != chain else { return }
      if chain != nil { lines.append("") }
      lines.append(palette.bold("\(network.escapingUnprintable) (\(chainID))"))
      chain = chainID
    }
    var files = changes.files
    func addFiles(before chainID: ChainID?) {
      while let file = files.first, chainID.map({ file.chainID < $0 }) ?? true {
        files.removeFirst()
        head(file.chainID, file.network)
        lines.append(
          "  \(palette.kind(.modified))  \(file.file.escapingUnprintable), the file itself")
        lines += fields(file.fields)
      }
    }
    for change in changes.changes {
      addFiles(before: change.key.chainID)
      head(change.key.chainID, change.network)
      let old = change.oldName.map { "\($0.escapingUnprintable) -> " } ?? ""
      let name = old + change.key.name.escapingUnprintable
      let isBrief = changes.isLong && [.added, .removed].contains(change.kind)
      let address = isBrief ? "  \(change.liveAddress?.escapingUnprintable ?? "")" : ""
      lines.append(
        "  \(palette.kind(change.kind))  \(isBrief ? name.padded(to: nameWidth) : name)\(address)")
      if !isBrief { lines += fields(change.fields, isRemoved: change.kind == .removed) }
    }
    addFiles(before: nil)
    return lines
  }

  private func fields(_ fields: [FieldChange], isRemoved: Bool = false) -> [String] {
    let width = fields.map(\.path.count).max() ?? 0
    return fields.map { field in
      let name = palette.faint(field.path.escapingUnprintable.padded(to: width))
      let texts = ValueText.of([field.old, field.new], field: field.path)
      let values =
        switch (texts[0], texts[1]) {
        case (nil, let new?): new
        case (let old?, nil): "\(old) -> none"
        case (let old?, let new?): "\(old) -> \(new)"
        case (nil, nil): ""
        }
      // What a removed contract had is for whoever wants it back, not news: old values alone.
      return "    \(name)  \(isRemoved ? texts[0] ?? "" : values)"
    }
  }
}
