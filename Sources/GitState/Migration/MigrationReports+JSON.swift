public import LosslessJSON

extension SyncReport {
  /// `{"copied","finished","removed","resolved","conflicts":[{"key","reason","fields"}],"oddRecords","commits","before","warnings"}`.
  public var json: JSONObject {
    [
      "copied": .array(copied.map { .string($0.description) }),
      "finished": .array(finished.map { .string($0.description) }),
      "removed": .array(removed.map { .string($0.description) }),
      "resolved": .array(resolved.map { .string($0.description) }),
      "conflicts": .array(
        conflicts.map { conflict in
          [
            "key": .string(conflict.key.description), "reason": .string(conflict.reason),
            "fields": .array(conflict.fields.map { .object($0.sidesJSON) }),
          ]
        }),
      "oddRecords": .array(
        odd.map {
          [
            "key": .string($0.key.description),
            "problems": .array($0.problems.map { .string($0) }),
          ]
        }),
      "commits": .array(commits.map { .string($0) }),
      "before": before.map { .string($0) } ?? .null,
      "warnings": .array(warnings.map { .string($0) }),
    ]
  }
}

extension MigrationStep {
  /// `{"phase","phaseName","commit","parity","warnings"}`.
  public var json: JSONObject {
    [
      "phase": .number(JSONNumber(Int64(phase.number))), "phaseName": .string(phase.rawValue),
      "commit": commit.map { .string($0) } ?? .null,
      "parity": parity.map { .object($0.json) } ?? .null,
      "warnings": .array(warnings.map { .string($0) }),
    ]
  }
}

extension FieldChange {
  /// `{"path","leveldb","git"}`; a side's member is absent where the field is.
  var sidesJSON: JSONObject {
    var json: JSONObject = ["path": .string(path)]
    json["leveldb"] = old
    json["git"] = new
    return json
  }
}
