/// A commit and what it changed, for people who read it elsewhere than at a terminal.
extension CommitReport {
  /// What a merge left out, by the parent that had it.
  public var droppedByParent: [(parent: String, changes: ChangeSet)] {
    var groups: [(parent: String, changes: ChangeSet)] = []
    for change in dropped {
      if groups.last?.parent != change.parent { groups.append((change.parent, ChangeSet())) }
      groups[groups.count - 1].changes.changes.append(change.change)
    }
    return groups
  }

  /// Why a group of dropped changes is told.
  public static func droppedTitle(_ parent: String) -> String {
    "Dropped by this merge, though its parent \(parent.prefix(7)) has it and no side took it back:"
  }

  /// The commit as Markdown, what comes from the state escaped: its subject and author, then what it changed.
  public var markdown: String {
    var parts = [
      "**\(Markdown.escaped(entry.subject))**",
      "\(Markdown.code(entry.commit)) by \(Markdown.escaped(entry.author.name)), "
        + StateTime.iso8601(milliseconds: entry.author.time * 1000),
    ]
    if let reason = entry.reason { parts.append(Markdown.escaped(reason)) }
    parts.append(changes.markdown)
    for (parent, changes) in droppedByParent {
      parts += ["**\(Markdown.escaped(Self.droppedTitle(parent)))**", changes.markdown]
    }
    return parts.joined(separator: "\n\n")
  }

  /// The commit as one HTML file without outside resources.
  public var html: String {
    var body = "<h1>\(Markup.html(entry.subject))</h1>\n"
    body +=
      "<p class=\"ends\"><code>\(Markup.html(entry.commit))</code> by \(Markup.html(entry.author.name)), "
      + "\(StateTime.iso8601(milliseconds: entry.author.time * 1000))</p>\n"
    if let reason = entry.reason { body += "<p>\(Markup.html(reason))</p>\n" }
    body += changes.isEmpty ? "<p>No contract changed.</p>\n" : changes.htmlSections
    for (parent, changes) in droppedByParent {
      body +=
        "<p class=\"alarm\">\(Markup.html(Self.droppedTitle(parent)))</p>\n" + changes.htmlSections
    }
    return ChangeSet.page(entry.subject, body)
  }
}
