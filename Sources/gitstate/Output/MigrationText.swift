import GitState
import LosslessJSON

/// Both sides of a migration compared, as lines of text.
struct ParityText {
  let report: ParityReport

  /// The figures.
  var counts: [String] {
    var lines = [
      "\(Output.count(report.sourceCount, "contract")) in LevelDB, \(report.gitCount) in git: "
        + "\(report.agreeing) of \(report.contractCount) agree (\(report.agreement) %)"
    ]
    if !report.onlyInSource.isEmpty {
      lines.append(
        "\(report.onlyInSource.count) missing from git, "
          + "\(report.onlyInSourceOnRealNetworks.count) of them on real networks")
    }
    if !report.onlyInGit.isEmpty { lines.append("\(report.onlyInGit.count) in git alone") }
    if !report.different.isEmpty {
      lines.append(
        report.different.count == 1 ? "1 differs" : "\(report.different.count) differ")
    }
    if !report.odd.isEmpty {
      lines.append("\(report.odd.count) odd: \(report.soundness) % of LevelDB's are sound")
    }
    if !report.pending.isEmpty { lines.append("\(report.pending.count) pending in the journal") }
    return lines
  }

  /// What differs, contract by contract.
  var details: [String] {
    var lines: [String] = []
    for key in report.onlyInSource {
      lines.append(
        "only in LevelDB  \(key.description.escapingUnprintable)")
    }
    for key in report.onlyInGit {
      lines.append("only in git      \(key.description.escapingUnprintable)")
    }
    for difference in report.different {
      lines.append("differs          \(difference.key.description.escapingUnprintable)")
      if let problem = difference.problem { lines.append("    \(problem.escapingUnprintable)") }
      lines += Self.fields(difference.fields)
    }
    for record in report.odd {
      lines.append(
        "odd              \(record.key.description.escapingUnprintable): "
          + record.problems.joined(separator: "; "))
    }
    for record in report.others { lines.append("no contract      \(record)") }
    for key in report.pending {
      lines.append("pending          \(key.description.escapingUnprintable)")
    }
    return lines
  }

  /// Fields that differ, a line each.
  static func fields(_ fields: [FieldChange]) -> [String] {
    fields.map { field in
      let texts = ValueText.of([field.old, field.new], field: field.path)
      let (old, new) = (texts[0] ?? "none", texts[1] ?? "none")
      return "    \(field.path.escapingUnprintable)  LevelDB \(old), git \(new)"
    }
  }
}

/// What `sync` did, as lines of text.
enum SyncText {
  static func lines(_ report: SyncReport, isQuiet: Bool) -> [String] {
    let commit = report.commits.last.map { "[\($0.prefix(7))] " } ?? ""
    var lines = [
      "\(commit)\(Output.count(report.copied.count, "contract")) copied to git"
        + (report.finished.isEmpty ? "" : ", \(report.finished.count) pending before and done now")
        + (report.removed.isEmpty ? "" : ", \(report.removed.count) removed from git")
        + (report.resolved.isEmpty ? "" : ", \(report.resolved.count) settled")
        + (report.conflicts.isEmpty ? "" : ", \(report.conflicts.count) left alone")
    ]
    guard !isQuiet else { return lines }
    // A first sync copies all there is, which verify and list show better.
    for key in report.copied where report.copied.count <= 20 {
      lines.append("copied   \(key.description.escapingUnprintable)")
    }
    for key in report.finished where report.finished.count <= 20 {
      lines.append("done     \(key.description.escapingUnprintable)")
    }
    for key in report.removed {
      lines.append("removed  \(key.description.escapingUnprintable): LevelDB has it no more")
    }
    for record in report.odd {
      lines.append(
        "odd  \(record.key.description.escapingUnprintable): "
          + record.problems.joined(separator: "; "))
    }
    for conflict in report.conflicts {
      lines.append(
        "left alone  \(conflict.key.description.escapingUnprintable): "
          + conflict.reason.escapingUnprintable)
      lines += ParityText.fields(conflict.fields)
    }
    if !report.conflicts.isEmpty {
      lines.append(
        "Say whose record holds: gitstate migrate sync --resolve KEY=git (or KEY=leveldb).")
    }
    return lines
  }
}

/// How a migration stands, as lines of text.
enum MigrationStatusText {
  static func lines(_ status: MigrationStatus) -> [String] {
    var lines = [
      "Phase \(status.phase.number) (\(status.phase.rawValue)) since "
        + "\(ISODate.minutes(milliseconds: status.since)) UTC",
      "LevelDB    \(status.source.escapingUnprintable)",
      "branch     \(status.branch.escapingUnprintable)",
    ]
    if status.phase == .dualWrite {
      lines.append(
        "to sync    \(Output.count(status.unsynced, "contract")), and what LevelDB has anew")
    } else if status.unsynced > 0 {
      lines.append(
        "accepted   \(Output.count(status.unsynced, "contract")) that "
          + (status.unsynced == 1 ? "differs" : "differ"))
    }
    let pending = MigrationSide.allCases.compactMap { side -> String? in
      guard let count = status.pending[side], count > 0 else { return nil }
      return "\(count) for \(side == .git ? "git" : "LevelDB")"
    }
    lines.append("pending    \(pending.isEmpty ? "nothing" : pending.joined(separator: ", "))")
    for key in status.conflicts {
      lines.append("conflict   \(key.description.escapingUnprintable)")
    }
    if let lost = status.lostCommit {
      lines.append(
        "set back   git's branch has lost \(lost.prefix(7)), which LevelDB has: writes are refused; look at "
          + "what was undone, then run: gitstate migrate sync")
    }
    if status.isBehindGit {
      lines.append("behind     git has commits that the next write or sync takes to LevelDB")
    }
    if let time = status.verified {
      lines.append(
        "verified   \(ISODate.minutes(milliseconds: time)) UTC: \(status.verifiedAgreeing) of "
          + "\(status.verifiedContracts) agree")
    } else {
      lines.append("verified   never")
    }
    return lines
  }
}
