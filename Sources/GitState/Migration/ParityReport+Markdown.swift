import LosslessJSON

extension ParityReport {
  /// The report as Markdown, for a pull request's comment.
  ///
  /// What comes from the state is escaped, so that it is text and nothing else.
  public var markdown: String {
    var lines = [
      isEqual
        ? "**LevelDB and git have the same \(contractCount.counted("contract")).**"
        : "**LevelDB and git differ: \(agreeing) of \(contractCount.counted("contract")) agree (\(agreement) %).**",
      "", "| | Contracts |", "|---|---:|", "| in LevelDB | \(sourceCount) |",
      "| in git | \(gitCount) |",
      "| missing from git | \(onlyInSource.count) |",
      "| of them on real networks | \(onlyInSourceOnRealNetworks.count) |",
      "| in git alone | \(onlyInGit.count) |", "| different | \(different.count) |",
      "| odd in LevelDB | \(odd.count) |", "| sound in LevelDB | \(soundness) % |",
      "| pending | \(pending.count) |",
    ]
    lines += Self.list("Missing from git", onlyInSource)
    lines += Self.list("In git alone", onlyInGit)
    if !different.isEmpty {
      lines += [
        "", "### Different", "", "| Contract | Field | LevelDB | git |", "|---|---|---|---|",
      ]
      for difference in different {
        let name = Markdown.code(difference.key.description)
        if let problem = difference.problem {
          lines.append("| \(name) | | \(Markdown.escaped(problem)) | |")
        }
        for field in difference.fields {
          lines.append(
            "| \(name) | \(Markdown.code(field.path)) | \(Markdown.cell(field.old)) "
              + "| \(Markdown.cell(field.new)) |")
        }
      }
    }
    if !odd.isEmpty {
      lines += ["", "### Odd", ""]
      lines += odd.map { record in
        "- \(Markdown.code(record.key.description)): "
          + Markdown.escaped(record.problems.joined(separator: "; "))
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func list(_ title: String, _ keys: [ContractKey]) -> [String] {
    keys.isEmpty
      ? [] : ["", "### \(title)", ""] + keys.map { "- \(Markdown.code($0.description))" }
  }
}
