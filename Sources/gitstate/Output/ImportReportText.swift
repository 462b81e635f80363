import GitState
import LosslessJSON

/// What an import did, for people or as JSON.
struct ImportReportText {
  let report: ImportReport
  let options: GlobalOptions
  let isDryRun: Bool

  func print() {
    options.warn(report.warnings)
    if options.json {
      Output.writeJSON(.object(report.json))
      return
    }
    Output.line(headline)
    let counts = [
      "\(report.read) read", "\(report.added) added", "\(report.updated) updated",
      "\(report.unchanged) unchanged", "\(report.kept) kept", "\(report.odd.count) odd",
      "\(report.invalid.count) invalid",
    ]
    Output.line(counts.joined(separator: ", "))
    // What was replaced must be found again, also by a script that wants no notes.
    if report.updated > 0, !isDryRun, let before = report.changes.from {
      Output.line(
        "The state before is \(before.prefix(7)); go back to it with: gitstate rollback "
          + before.prefix(7))
    }
    guard !options.quiet else { return }
    for difference in report.differences {
      Output.line("kept  \(difference.key.description.escapingUnprintable), the source differs in:")
      for field in difference.fields {
        let texts = ValueText.of([field.old, field.new], field: field.path)
        let (old, new) = (texts[0] ?? "none", texts[1] ?? "none")
        Output.line("    \(field.path.escapingUnprintable)  kept \(old), source \(new)")
      }
    }
    if !report.differences.isEmpty {
      Output.line("Take the source's records with --overwrite.")
    }
    for record in report.odd {
      Output.line(
        "odd  \(record.key.description.escapingUnprintable): "
          + record.problems.joined(separator: "; "))
    }
    for record in report.invalid { Output.line("left out  \(record)") }
    if let from = report.changes.from, report.changes.to != nil, report.updated == 0 {
      options.note("The way back: gitstate rollback \(from.prefix(7))")
    }
  }

  private var headline: String {
    if isDryRun { return "[dry run] \(summary)" }
    guard let commit = report.changes.to else { return "Nothing was written." }
    let commits = report.commits == 1 ? "" : "\(report.commits) commits up to "
    return "[\(commits)\(commit.prefix(7))] \(summary)"
  }

  private var summary: String {
    report.changes.isEmpty ? "nothing to import" : report.changes.summary
  }
}
