public import LosslessJSON

/// JSON documents that carry whole records: what `export` writes and `put --file` reads.
public enum ContractDocument {
  /// Reads a record, an array of records, or an export document of any backend.
  ///
  /// - Throws: `SERIALIZATION_FAILED` naming the first record that is none.
  public static func contracts(in json: JSONValue) throws(StateError) -> [Contract] {
    switch json {
    case .array(let records):
      var result: [Contract] = []
      for (index, record) in records.enumerated() {
        result.append(try contract(record, called: "record \(index + 1)"))
      }
      return result
    case .object(let root):
      guard let contracts = root["contracts"]?.object else {
        return [try contract(json, called: "the record")]
      }
      var result: [Contract] = []
      for (text, record) in contracts {
        let contract = try contract(record, called: "the record under \(text.quoted)")
        guard let key = ContractKey(text), key == contract.key else {
          throw StateError(
            .serializationFailed,
            "the record under \(text.quoted) is that of \(contract.key.description.quoted); one of "
              + "the two is wrong", key: contract.key)
        }
        result.append(contract)
      }
      return result
    default:
      throw StateError(
        .serializationFailed,
        "the document is \(json.kind) and must be a record, an array of records or an export")
    }
  }

  /// Reads a document from its text.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - name: What the text is called in errors: the file's name.
  /// - Returns: The records, in the document's order, each contract's once.
  /// - Throws: `SERIALIZATION_FAILED` with line and column where the text is no JSON, or as
  ///   ``contracts(in:)``; `VALIDATION_FAILED` where it has several records of one contract.
  public static func contracts(parsing bytes: [UInt8], name: String) throws(StateError)
    -> [Contract]
  {
    let json: JSONValue
    do {
      json = try JSONValue(parsing: bytes)
    } catch {
      throw StateError(
        .serializationFailed,
        "\(name.escapingUnprintable) is no JSON: \(error.message) (line \(error.line), column "
          + "\(error.column))", file: name, line: error.line, column: error.column,
        underlying: error)
    }
    let contracts: [Contract]
    do {
      contracts = try self.contracts(in: json)
    } catch {
      throw error.inFile(name)
    }
    var keys: Set<ContractKey> = []
    if let twice = contracts.first(where: { !keys.insert($0.key).inserted }) {
      throw StateError(
        .validationFailed,
        "\(name.escapingUnprintable) has several records of "
          + "\(twice.key.description.escapingUnprintable); leave the one that holds",
        key: twice.key, file: name)
    }
    return contracts
  }

  /// Makes an export document.
  ///
  /// - Parameters:
  ///   - contracts: The records, in the order that they are to have.
  ///   - exportTime: The time of the export in milliseconds since 1970.
  /// - Returns: `{"format","exportTime","totalContracts","contracts"}`.
  public static func export(_ contracts: [Contract], exportTime: Int64) -> JSONObject {
    [
      "format": "json",
      "exportTime": .string(DeploymentDate.iso8601(milliseconds: exportTime)),
      "totalContracts": .number(JSONNumber(contracts.count)),
      "contracts": .object(
        JSONObject(contracts.map { ($0.key.description, .object($0.record)) })),
    ]
  }

  private static func contract(_ json: JSONValue, called place: String) throws(StateError)
    -> Contract
  {
    guard let record = json.object else {
      throw StateError(
        .serializationFailed, "\(place) is \(json.shown) and must be an object")
    }
    do {
      return try Contract(record: record)
    } catch {
      var error = error
      error.message = "\(place) cannot be read: \(error.message)"
      throw error
    }
  }
}

extension ContractDocument {
  /// Writes a document to a file, in one step: whoever looks sees the old one or the new one.
  ///
  /// - Parameters:
  ///   - bytes: The document.
  ///   - path: The file, which is replaced where it is there.
  /// - Throws: `STATE_WRITE_FAILED`.
  public static func write(_ bytes: [UInt8], to path: String) throws(StateError) {
    try FileSystem.replace(path, with: bytes, mode: 0o644, isDurable: true)
  }
}
