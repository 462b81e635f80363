import LosslessJSON

/// What a commit does, as the rules look at it.
struct RuledChange {
  /// What it changes itself.
  var changes: ChangeSet
  /// What a merge left out that a parent had.
  var dropped: [ContractChange] = []
  /// What of it was not in the history before; secrets are looked for in this.
  var news: ChangeSet
  /// Whether a reason is given.
  var hasReason: Bool
  /// What people wrote about it: the reason of a write, the message of somebody's commit.
  var words: String?
  /// The commit, abbreviated; nil where it is yet to be written.
  var commit: String?
  /// The author's address, where somebody asks for it.
  var author: String?
  /// The record that a contract had until it was removed; nil where it never had any.
  var former: (ContractKey) throws -> FormerRecord? = { _ in nil }
}

/// The record that a contract had until it was removed.
struct FormerRecord: Hashable, Sendable {
  /// The address that callers used.
  var liveAddress: String
  /// The commit that removed it, abbreviated; nil where it is yet to be written.
  var removal: String?
}

extension ChangeSet {
  /// What of a change is in none of these states: fields with a value that the record or the file
  /// has in one of them are left out.
  func keeping(newTo states: [DeploymentFolder]) -> ChangeSet {
    guard !states.isEmpty else { return self }
    var news = self
    for index in news.changes.indices {
      let key = news.changes[index].key
      news.changes[index].fields.removeAll { field in
        states.contains { $0.has(field.new, field.path, key) }
      }
    }
    for index in news.files.indices {
      let chainID = news.files[index].chainID
      news.files[index].fields.removeAll { field in
        states.contains { state in
          state.files(of: chainID).contains {
            $0.document.root.object?[field.path] == field.new
          }
        }
      }
    }
    return news
  }
}
