import LosslessJSON

/// What a `.json` file in the deployments folder turns out to be.
enum FileContent: Sendable {
  /// A network's file; indirect, as it has a dozen parts to be counted wherever a folder's item is copied.
  indirect case deployment(DeploymentFile)
  /// A JSON file that is none of ours.
  case foreign
  /// A file that may be a network's, but cannot be read. No chain without a healthy file is known
  /// to be absent while there is one.
  case broken(StateError)
}

extension DeploymentFile {
  /// The largest file that is read, in bytes.
  static let maximumSize = 256 << 20

  /// Tells a network's file from others and from broken ones.
  static func parse(name: String, bytes: [UInt8]) -> FileContent {
    let document: JSONDocument
    do {
      document = try JSONDocument(bytes)
    } catch {
      return .broken(unparsable(name, bytes, error))
    }
    guard let root = document.root.object, let chainID = root[Member.chainID],
      let contracts = root[Member.contracts]
    else { return .foreign }
    guard let chain = ChainID(chainID) else {
      return .broken(
        mistyped(
          name, document, Member.chainID, chainID, "an integer from 1 to 2^64-1 in plain decimal"))
    }
    guard contracts.object != nil else {
      return .broken(mistyped(name, document, Member.contracts, contracts, "an object"))
    }
    if let hashes = root[Member.hashes], hashes.object == nil, !hashes.isNull {
      return .broken(mistyped(name, document, Member.hashes, hashes, "an object"))
    }
    let network = root[Member.network]
    if let network, network.string == nil, !network.isNull {
      return .broken(mistyped(name, document, Member.network, network, "a text"))
    }
    let time = time(of: root[Member.lastDeployed]) ?? time(of: root[Member.timestamp])
    let codec = EntryCodec(
      chainID: chain,
      network: network?.string.flatMap { $0.isEmpty ? nil : $0 } ?? String(name.dropLast(5)),
      inheritedTimestamp: time ?? 0)
    return .deployment(
      DeploymentFile(name: name, document: document, codec: codec, hasUsableTime: time != nil))
  }

  /// A new file without contracts.
  ///
  /// - Parameters:
  ///   - name: The file's name.
  ///   - network: The network's name; empty leaves the member out.
  ///   - chainID: The chain.
  /// - Returns: The file, with two spaces of indentation and a final newline.
  /// - Throws: `SERIALIZATION_FAILED`, which would be a fault of this program.
  static func new(name: String, network: String, chainID: ChainID) throws(StateError)
    -> DeploymentFile
  {
    var root = JSONObject()
    if !network.isEmpty { root[Member.network] = .string(network) }
    root[Member.chainID] = .number(JSONNumber(chainID.rawValue))
    root[Member.contracts] = .object(JSONObject())
    var style = JSONStyle.pretty
    style.finalNewline = true
    guard
      case .deployment(let file) = parse(
        name: name, bytes: JSONValue.object(root).serialized(style))
    else {
      throw StateError(
        .serializationFailed, "no file can be made for chain \(chainID)", file: name)
    }
    return file
  }

  /// The name of a new file: the network's, where that makes a harmless name that is free.
  static func newName(
    network: String, chainID: ChainID, isTaken: (String) throws(StateError) -> Bool
  ) throws(StateError) -> String {
    let stem = String(
      String.UnicodeScalarView(
        network.lowercased().unicodeScalars.filter { !$0.properties.isWhitespace }))
    if isHarmless(stem), try !isTaken(stem + ".json") { return stem + ".json" }
    let fallback = "chain\(chainID).json"
    guard try !isTaken(fallback) else {
      throw StateError(
        .writeFailed,
        "chain \(chainID) needs a new file, but \(fallback) is there already and is not that "
          + "chain's; rename it", file: fallback)
    }
    return fallback
  }

  private static func isHarmless(_ stem: String) -> Bool {
    let bytes = Array(stem.utf8)
    func isLetterOrDigit(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    guard let first = bytes.first, isLetterOrDigit(first), bytes.count <= 64,
      !stem.hasSuffix(".lock")
    else { return false }
    return bytes.allSatisfy { isLetterOrDigit($0) || [".", "_", "-"].contains(Unicode.Scalar($0)) }
  }

  /// A time of the file in milliseconds since 1970; nil where it is none.
  static func time(of value: JSONValue?) -> Int64? {
    switch value {
    case .number(let number)?: number.int64
    case .string(let text)?: DeploymentDate.milliseconds(text)
    default: nil
    }
  }

  private static func mistyped(
    _ name: String, _ document: JSONDocument, _ member: String, _ value: JSONValue,
    _ wanted: String
  ) -> StateError {
    let place = document.place(of: [member])
    let shown = place.map { " (line \($0.line), column \($0.column))" } ?? ""
    return StateError(
      .backendUnavailable,
      "\(name) is broken: its \(member) is \(value.shown) and must be \(wanted)\(shown); mend the file "
        + "and commit it", file: name, line: place?.line, column: place?.column)
  }

  private static func unparsable(_ name: String, _ bytes: [UInt8], _ error: JSONParseError)
    -> StateError
  {
    var reason = "\(error.message) (line \(error.line), column \(error.column))"
    var remedy = "mend the file and commit it"
    if bytes.starts(with: Array("version https://git-lfs".utf8)) {
      reason = "it is a pointer of Git LFS, not the file itself"
      remedy = "take the folder out of LFS: git lfs migrate export --include=..."
    } else if let line = conflictMarker(in: bytes) {
      reason = "it has git's conflict markers (line \(line))"
      remedy = "resolve the conflict and commit the file"
    }
    return StateError(
      .backendUnavailable, "\(name) is broken: \(reason); \(remedy)", file: name,
      line: error.line, column: error.column, underlying: error)
  }

  /// The line of the first `<<<<<<< `, from 1.
  private static func conflictMarker(in bytes: [UInt8]) -> Int? {
    let marker = Array("<<<<<<< ".utf8)
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return lines.firstIndex { $0.starts(with: marker) }.map { $0 + 1 }
  }
}
