import LosslessJSON

/// A change that both sides are to have, made durable before either is touched.
struct JournalEntry: Sendable {
  /// What is known of one side of one record.
  enum Standing: String, Sendable {
    /// The side is to be written, or may have been: looking at it tells.
    case pending
    /// The side has the record.
    case done
    /// The side has neither what it had nor what it is to have: it is left alone.
    case conflict
  }

  /// One contract's part of the change.
  struct Record: Sendable {
    var key: ContractKey
    /// The new record; nil is a tombstone.
    let after: Contract?
    /// What a side has that has it.
    let afterDigest: String
    /// What each side has before.
    var before: [MigrationSide: String]
    var standing: [MigrationSide: Standing]

    /// Whether a side has still to be written, as far as is known.
    func isPending(_ side: MigrationSide) -> Bool { standing[side] == .pending }
    var isDone: Bool { MigrationSide.allCases.allSatisfy { standing[$0] == .done } }
    var isConflict: Bool { standing.values.contains(.conflict) }

    init(
      key: ContractKey, after: Contract?, before: [MigrationSide: String],
      standing: [MigrationSide: Standing]
    ) {
      self.key = key
      self.after = after
      afterDigest = HeldRecord(after).digest
      self.before = before
      self.standing = standing
    }
  }

  /// The place in the order.
  var id: Int
  var kind: Operation.Kind
  var reason: String?
  var trailers: [(key: String, value: String)] = []
  var authorTime: Int64?
  /// When it was written, in milliseconds since 1970.
  var time: Int64
  var records: [Record]

  /// Whether nothing is left to do.
  var isDone: Bool { records.allSatisfy(\.isDone) }

  /// Whether a side has still to be written for some record.
  func isPending(_ side: MigrationSide) -> Bool { records.contains { $0.isPending(side) } }

  var json: JSONObject {
    var json: JSONObject = [
      "format": 1, "id": .number(JSONNumber(Int64(id))), "operation": .string(kind.rawValue),
      "time": .number(JSONNumber(time)),
    ]
    json["reason"] = reason.map { .string($0) }
    json["authorTime"] = authorTime.map { .number(JSONNumber($0)) }
    json["trailers"] = .array(trailers.map { .array([.string($0.key), .string($0.value)]) })
    json["records"] = .array(
      records.map { record in
        var json: JSONObject = ["key": .string(record.key.description)]
        for side in MigrationSide.allCases {
          json[side.rawValue] = [
            "before": .string(record.before[side] ?? HeldRecord.unknownDigest),
            "standing": .string((record.standing[side] ?? .pending).rawValue),
          ]
        }
        json["after"] = record.after.map { .object($0.record) } ?? .null
        return .object(json)
      })
    return json
  }

  init(
    id: Int, kind: Operation.Kind, reason: String? = nil,
    trailers: [(key: String, value: String)] = [], authorTime: Int64? = nil, time: Int64,
    records: [Record]
  ) {
    self.id = id
    self.kind = kind
    self.reason = reason
    self.trailers = trailers
    self.authorTime = authorTime
    self.time = time
    self.records = records
  }

  init?(_ json: JSONObject) {
    guard json["format"]?.number?.int64 == 1, let id = json["id"]?.number?.int64,
      let kind = json["operation"]?.string, let time = json["time"]?.number?.int64,
      let records = json["records"]?.array
    else { return nil }
    self.init(
      id: Int(id), kind: Operation.Kind(rawValue: kind), reason: json["reason"]?.string,
      authorTime: json["authorTime"]?.number?.int64, time: time, records: [])
    trailers = (json["trailers"]?.array ?? []).compactMap { pair in
      guard let pair = pair.array, pair.count == 2, let key = pair[0].string,
        let value = pair[1].string
      else { return nil }
      return (key, value)
    }
    for value in records {
      guard let record = value.object.flatMap(Record.init) else { return nil }
      self.records.append(record)
    }
  }
}

extension JournalEntry.Record {
  fileprivate init?(_ json: JSONObject) {
    guard let key = json["key"]?.string.flatMap({ ContractKey($0) }), let after = json["after"]
    else { return nil }
    let contract: Contract?
    if let record = after.object {
      contract = Contract(key: key, record: record)
    } else if after.isNull {
      contract = nil
    } else {
      return nil
    }
    self.init(key: key, after: contract, before: [:], standing: [:])
    for side in MigrationSide.allCases {
      guard let known = json[side.rawValue]?.object, let before = known["before"]?.string,
        let standing = known["standing"]?.string.flatMap(JournalEntry.Standing.init(rawValue:))
      else { return nil }
      self.before[side] = before
      self.standing[side] = standing
    }
  }
}

extension [JournalEntry] {
  /// The last entry's record of a contract, whatever its standing.
  func last(_ key: ContractKey) -> JournalEntry.Record? {
    for entry in reversed() {
      if let record = entry.records.last(where: { $0.key == key }) { return record }
    }
    return nil
  }

  /// What a side is to have for a contract, where it does not have it yet; nil where nothing pends.
  func pending(_ key: ContractKey, _ side: MigrationSide) -> HeldRecord? {
    for entry in reversed() {
      for record in entry.records.reversed() where record.key == key && record.isPending(side) {
        return HeldRecord(record.after)
      }
    }
    return nil
  }

  /// The contracts that are in any entry.
  var keys: Set<ContractKey> { Set(flatMap { $0.records.map(\.key) }) }

  /// The contracts of which a side has something that nobody expects.
  var conflicts: Set<ContractKey> {
    Set(flatMap { $0.records.filter(\.isConflict).map(\.key) })
  }
}
