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
    if changes.changes.count > 3 { lines += [palette.bold(changes.summary), ""] }
    var network: String?
    for change in changes.changes {
      let heading = "\(change.network.escapingUnprintable) (\(change.key.chainID))"
      if heading != network {
        if network != nil { lines.append("") }
        lines.append(palette.bold(heading))
        network = heading
      }
      lines.append("  \(palette.kind(change.kind))  \(change.key.name.escapingUnprintable)")
      lines += fields(change)
    }
    return lines
  }

  private func fields(_ change: ContractChange) -> [String] {
    let width = change.fields.map(\.path.count).max() ?? 0
    return change.fields.map { field in
      let name = palette.faint(field.path.escapingUnprintable.padded(to: width))
      let values =
        switch (field.old, field.new) {
        case (nil, let new?): ValueText.of(new)
        case (let old?, nil): "\(ValueText.of(old)) -> none"
        case (let old?, let new?): "\(ValueText.of(old)) -> \(ValueText.of(new))"
        case (nil, nil): ""
        }
      // What a removed contract had is for whoever wants it back, not news: old values alone.
      let shown = change.kind == .removed ? field.old.map(ValueText.of) ?? "" : values
      return "    \(name)  \(shown)"
    }
  }
}
