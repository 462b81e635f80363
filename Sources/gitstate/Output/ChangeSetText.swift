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
      lines += [palette.bold(changes.summary), changes.counts, ""]
    }
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
      lines.append("  \(palette.kind(change.kind))  \(old)\(change.key.name.escapingUnprintable)")
      lines += fields(change.fields, isRemoved: change.kind == .removed)
    }
    addFiles(before: nil)
    return lines
  }

  private func fields(_ fields: [FieldChange], isRemoved: Bool = false) -> [String] {
    let width = fields.map(\.path.count).max() ?? 0
    return fields.map { field in
      let name = palette.faint(field.path.escapingUnprintable.padded(to: width))
      let values =
        switch (field.old, field.new) {
        case (nil, let new?): ValueText.of(new)
        case (let old?, nil): "\(ValueText.of(old)) -> none"
        case (let old?, let new?): "\(ValueText.of(old)) -> \(ValueText.of(new))"
        case (nil, nil): ""
        }
      // What a removed contract had is for whoever wants it back, not news: old values alone.
      let shown = isRemoved ? field.old.map(ValueText.of) ?? "" : values
      return "    \(name)  \(shown)"
    }
  }
}
