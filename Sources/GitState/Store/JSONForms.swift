public import LosslessJSON

// What `--json` prints. Other people's scripts stand on these members.

extension ChangeSet {
  /// `{"from","to","changes":[...]}`, and `"files"` where members of the files themselves differ;
  /// `from` and `to` are null where there is no commit.
  public var json: JSONObject {
    var json: JSONObject = [
      "from": from.map { .string($0) } ?? .null,
      "to": to.map { .string($0) } ?? .null,
      "changes": .array(changes.map { .object($0.json) }),
    ]
    if !files.isEmpty { json["files"] = .array(files.map { .object($0.json) }) }
    return json
  }
}

extension FileMembersChange {
  /// `{"file","network","chainId","fields":[...]}`.
  public var json: JSONObject {
    [
      "file": .string(file),
      "network": .string(network),
      "chainId": .number(JSONNumber(chainID.rawValue)),
      "fields": .array(fields.map { .object($0.json) }),
    ]
  }
}

extension ContractChange {
  /// `{"key","network","chainId","contractName","kind","fields":[...]}`.
  public var json: JSONObject {
    [
      "key": .string(key.description),
      "network": .string(network),
      "chainId": .number(JSONNumber(key.chainID.rawValue)),
      "contractName": .string(key.name),
      "kind": .string(kind.rawValue),
      "fields": .array(fields.map { .object($0.json) }),
    ]
  }
}

extension FieldChange {
  /// `{"path","old","new"}`; `old` or `new` is absent where the field was.
  public var json: JSONObject {
    var json: JSONObject = ["path": .string(path)]
    json["old"] = old
    json["new"] = new
    return json
  }
}

extension MergeConflict {
  /// `{"key","field","base","ours","theirs"}`, and `"removedBy"`, the side that has no such contract
  /// any more; what was not there is absent.
  ///
  /// For a member of the file itself, the key is the chain's ID alone, as `--resolve` takes it.
  public var json: JSONObject {
    let name = key.name.isEmpty ? key.chainID.description : key.description
    var json: JSONObject = ["key": .string(name)]
    json["field"] = .string(field)
    json["base"] = base
    json["ours"] = ours
    json["theirs"] = theirs
    json["removedBy"] = removingSide.map { .string($0.rawValue) }
    return json
  }
}

extension FileConflicts {
  /// `{"file"}`, with `"otherFile"` where two files are of one chain, and `"problem"` where the file is
  /// not merged by contracts.
  public var json: JSONObject {
    var json: JSONObject = ["file": .string(file)]
    json["otherFile"] = otherFile.map { .string($0) }
    json["problem"] = problem.map { .string($0) }
    return json
  }
}

extension LogEntry {
  /// `{"commit","parents","author","subject","operation","contracts"}`, the time in ISO 8601; `"reason"`
  /// where one was given, `"dropped"` where a merge dropped something, and `"isCut"` where a shallow
  /// clone lacks the parents.
  public var json: JSONObject {
    var json: JSONObject = [
      "commit": .string(commit),
      "parents": .array(parents.map { .string($0) }),
      "author": [
        "name": .string(author.name), "email": .string(author.email),
        "time": .string(DeploymentDate.iso8601(milliseconds: author.time * 1000)),
      ],
      "subject": .string(subject),
      "operation": operation.map { .string($0.rawValue) } ?? .null,
      "contracts": .array(contracts.map { .string($0.description) }),
    ]
    json["reason"] = reason.map { .string($0) }
    if !dropped.isEmpty { json["dropped"] = .array(dropped.map { .string($0.description) }) }
    if isCut { json["isCut"] = true }
    return json
  }
}

extension CommitReport {
  /// The change set, and where a merge dropped something, `"dropped"`: changes, each with the
  /// `parent` that had it.
  public var json: JSONObject {
    var json = changes.json
    if !dropped.isEmpty {
      json["dropped"] = .array(
        dropped.map { dropped in
          var json: JSONObject = ["parent": .string(dropped.parent)]
          for (name, value) in dropped.change.json { json[name] = value }
          return .object(json)
        })
    }
    return json
  }
}

extension BlameLine {
  /// `{"field","value","commit","author","date","subject","reason"}`, the commit null where it cannot be told.
  public var json: JSONObject {
    var json: JSONObject = ["field": .string(field), "value": value]
    json["commit"] = commit.map { .string($0.commit) } ?? .null
    json["author"] = commit?.json["author"]
    json["date"] = commit.map {
      .string(DeploymentDate.iso8601(milliseconds: $0.author.time * 1000))
    }
    json["subject"] = commit.map { .string($0.subject) }
    json["reason"] = commit?.reason.map { .string($0) }
    return json
  }
}

extension VerificationReport {
  /// `{"isValid","errors":[],"warnings":[],"contractCount","lastValidated"}`.
  public var json: JSONObject {
    [
      "isValid": .bool(isValid),
      "errors": .array(errors.map { .string($0) }),
      "warnings": .array(warnings.map { .string($0) }),
      "contractCount": .number(JSONNumber(contractCount)),
      "lastValidated": .string(DeploymentDate.iso8601(milliseconds: lastValidated)),
    ]
  }
}

extension StateError {
  /// `{"error":{"code","message","key"?,"file"?,"line"?,"column"?}}`, and where there are any,
  /// `"conflicts"`, or `"invalid"` and `"invalidRecords"` as an import has them.
  public var json: JSONObject {
    var error: JSONObject = ["code": .string(code.rawValue), "message": .string(message)]
    error["key"] = key.map { .string($0.description) }
    error["file"] = file.map { .string($0) }
    error["line"] = line.map { .number(JSONNumber($0)) }
    error["column"] = column.map { .number(JSONNumber($0)) }
    var json: JSONObject = ["error": .object(error)]
    if !invalidRecords.isEmpty {
      json["invalid"] = .number(JSONNumber(invalidRecords.count))
      json["invalidRecords"] = .array(invalidRecords.map { .object($0.json) })
    }
    if !conflicts.isEmpty { json["conflicts"] = .array(conflicts.map { .object($0.json) }) }
    return json
  }
}

extension ImportReport {
  /// The change set, with the counts and what was kept.
  public var json: JSONObject {
    var json = changes.json
    let counts = [
      ("read", read), ("added", added), ("updated", updated), ("unchanged", unchanged),
      ("kept", kept), ("odd", odd.count), ("invalid", invalid.count),
    ]
    for (name, count) in counts { json[name] = .number(JSONNumber(count)) }
    json["differences"] = .array(
      differences.map { difference in
        [
          "key": .string(difference.key.description),
          "fields": .array(difference.fields.map { .object($0.json) }),
        ]
      })
    json["oddRecords"] = .array(
      odd.map {
        [
          "key": .string($0.key.description), "problems": .array($0.problems.map { .string($0) }),
        ]
      })
    json["invalidRecords"] = .array(invalid.map { .object($0.json) })
    return json
  }
}

extension InvalidRecord {
  /// `{"key","problem"}`.
  var json: JSONObject { ["key": .string(key), "problem": .string(problem)] }
}
