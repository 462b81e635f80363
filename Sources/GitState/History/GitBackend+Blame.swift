import Git
public import LosslessJSON

/// Which commit set the present value of one field.
public struct BlameLine: Sendable {
  /// The field of the record.
  public let field: String
  /// Its present value.
  public let value: JSONValue
  /// The commit that set it; nil where it cannot be told, as beyond the cut of a shallow clone.
  public let commit: LogEntry?
}

extension GitBackend {
  /// For each field of a contract's record, the commit that set its present value, renames followed.
  ///
  /// - Parameter key: The contract, which must be there.
  /// - Returns: The fields in the record's order, and a sentence for what could not be read.
  /// - Throws: `STATE_NOT_FOUND` where there is no such contract.
  public func blame(_ key: ContractKey) throws(StateError) -> (lines: [BlameLine], notes: [String])
  {
    try read { reader throws(StateError) in
      guard let contract = try reader.snapshot(at: nil).contract(key) else {
        throw StateError(
          .notFound,
          "\(key.description.escapingUnprintable) is not recorded; gitstate log "
            + "\(key.description.escapingUnprintable) tells whether it ever was", key: key)
      }
      return try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try reader.blame(contract)
      }
    }
  }
}

extension GitReader {
  fileprivate mutating func blame(_ contract: Contract) throws -> (
    lines: [BlameLine], notes: [String]
  ) {
    let fields = contract.record.map(\.key)
    var open = JSONObject(fields.map { ($0, .null) })
    var found: [String: LogEntry] = [:]
    let touches = try touches(of: contract.key)
    for (id, touch, name) in touches where !open.isEmpty {
      // A merge that dropped a change left the value that an older commit had set.
      guard touch.standing != .dropped else { continue }
      let touched = touch.isAdded ? open.map(\.key) : touch.fields.filter { open[$0] != nil }
      guard !touched.isEmpty else { continue }
      // Of two lines that were merged, the one whose value did not prevail set another one.
      let record = try load(id).folder.contract(ContractKey(contract.chainID, name))?.record
      var set = touched.filter { record?[$0] == contract.record[$0] }
      guard !set.isEmpty else { continue }
      let commit = try repository.commit(id)
      if commit.parents.count > 1 {
        // A merge that took one field from here and one from there set neither.
        for parent in commit.parents {
          let key = ContractKey(contract.chainID, name)
          guard let before = try load(parent).folder.contract(key)?.record else { continue }
          set.removeAll { before[$0] == contract.record[$0] }
        }
      }
      let entry = LogEntry(commit, [touch.key])
      for field in set {
        found[field] = entry
        open[field] = nil
      }
    }
    let lines = fields.map { field in
      BlameLine(field: field, value: contract.record[field] ?? .null, commit: found[field])
    }
    guard !open.isEmpty else { return (lines, []) }
    let note =
      try cutNote("what set the fields without a commit is in that commit or an older one")
      ?? "some fields' commits could not be told, since earlier states cannot be read"
    return (lines, [note])
  }

  /// What commits did to a contract, newest first, with the name that it had after each.
  private mutating func touches(of key: ContractKey) throws -> [(ObjectID, LogIndex.Touch, String)]
  {
    let found = try withIndex { index in try index.commits(touching: .contract(key)) } ?? []
    return found.compactMap { commit, touch in
      touch.map { (commit, $0, $0.key.name) }
    }
  }
}
