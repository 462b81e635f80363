import LosslessJSON

/// What both sides of a migration had alike when they were last in step, contract by contract.
///
/// Kept in `gitstate/migration/agreed.jsonl`: an array of a contract's key and its record's digest in each
/// line, of several lines for one contract the last; `absent` is none. A line more is all that a write
/// costs; `sync` and the steps write the file anew, under a new name in its first line, and the migration's
/// state has that name and how many lines there are at least. Nothing hangs on its being durable: a record
/// that it does not have right is not trusted.
struct AgreedRecords: Sendable {
  private(set) var digests: [ContractKey: String] = [:]

  init(_ digests: [ContractKey: String] = [:]) { self.digests = digests }

  /// What both sides have alike.
  init(_ source: MigrationSource.Content, _ git: [ContractKey: HeldRecord]) {
    for (key, record) in source.records where record.digest == git[key]?.digest {
      digests[key] = record.digest
    }
  }

  /// Reads the file; a line that a crash has cut counts as none.
  ///
  /// - Returns: nil where it is not the file of that name, or lines of it are lost.
  init?(parsing bytes: [UInt8], name: String?, lines count: Int) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard let name, let first = lines.first, Array(first) == Self.header(name) else { return nil }
    var read = 0
    for line in lines.dropFirst() {
      guard let pair = Self.pair(line) else { continue }
      digests[pair.key] = pair.digest
      read += 1
    }
    guard read >= count else { return nil }
  }

  private static func header(_ name: String) -> [UInt8] {
    let header: JSONValue = ["agreed": .string(name)]
    return header.serialized(.compact)
  }

  /// The digest of what both sides had for a contract.
  subscript(key: ContractKey) -> String { digests[key] ?? HeldRecord.absent.digest }

  /// The contracts that both sides had.
  var keys: [ContractKey] { digests.filter { $0.value != HeldRecord.absent.digest }.map(\.key) }

  /// Whether LevelDB has exactly these records, but for some contracts.
  func match(_ records: [ContractKey: HeldRecord], except excluded: Set<ContractKey>) -> Bool {
    Set(records.keys).union(digests.keys).subtracting(excluded)
      .allSatisfy { (records[$0] ?? .absent).digest == self[$0] }
  }

  /// The file's text.
  func text(called name: String) -> [UInt8] {
    Self.header(name) + [UInt8(ascii: "\n")]
      + digests.sorted { $0.key < $1.key }.flatMap { Self.line($0.key, $0.value) }
  }

  /// One line of the file.
  static func line(_ key: ContractKey, _ digest: String) -> [UInt8] {
    let pair: JSONValue = .array([.string(key.description), .string(digest)])
    return pair.serialized(.compact) + [UInt8(ascii: "\n")]
  }

  private static func pair(_ line: ArraySlice<UInt8>) -> (key: ContractKey, digest: String)? {
    do {
      let pair = try JSONValue(parsing: Array(line)).array
      guard let pair, pair.count == 2, let key = pair[0].string.flatMap({ ContractKey($0) }),
        let digest = pair[1].string
      else { return nil }
      return (key, digest)
    } catch {
      return nil
    }
  }
}
