/// Contracts whose keys are like one that nobody knows, for whoever made a slip.
enum NearNames {
  /// The keys most like one, three at most.
  ///
  /// - Parameters:
  ///   - key: The key that is not known.
  ///   - known: The keys that are.
  /// - Returns: Those of the same name on another chain, of the name in other letters or without its path, or
  ///   with few slips.
  static func near(_ key: ContractKey, among known: some Sequence<ContractKey>) -> [ContractKey] {
    var found: [(distance: Int, key: ContractKey)] = []
    for other in known {
      guard let distance = distance(key, other) else { continue }
      found.append((distance, other))
    }
    return found.sorted { ($0.distance, $0.key) < ($1.distance, $1.key) }.prefix(3).map(\.key)
  }

  /// A question that names them, with a space before it; empty where there are none.
  static func question(_ key: ContractKey, among known: some Sequence<ContractKey>) -> String {
    let near = near(key, among: known).map(\.description.escapingUnprintable)
    return near.isEmpty ? "" : "; is it \(near.joined(separator: " or "))?"
  }

  private static func distance(_ key: ContractKey, _ other: ContractKey) -> Int? {
    let isSameChain = key.chainID == other.chainID
    let (one, two) = (key.name.asciiLowercased, other.name.asciiLowercased)
    if one == two { return isSameChain ? 0 : 2 }
    guard isSameChain else { return nil }
    if last(one) == last(two) { return 1 }
    let (left, right) = (Array(one.utf8.prefix(200)), Array(two.utf8.prefix(200)))
    let most = max(1, min(3, left.count / 4))
    guard abs(left.count - right.count) <= most else { return nil }
    let slips = slips(left, right)
    return slips <= most ? slips : nil
  }

  /// The name without its path.
  private static func last(_ name: String) -> Substring {
    name[(name.lastIndex(of: ":").map { name.index(after: $0) } ?? name.startIndex)...]
  }

  /// How many letters are added, left out, changed or swapped with the next.
  private static func slips(_ one: [UInt8], _ two: [UInt8]) -> Int {
    var (before, last) = ([Int](), Array(0...two.count))
    for (row, letter) in one.enumerated() {
      var line = [row + 1]
      for (column, other) in two.enumerated() {
        var least = min(
          last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, line[column] + 1)
        if row > 0, column > 0, letter == two[column - 1], one[row - 1] == other {
          least = min(least, before[column - 1] + 1)
        }
        line.append(least)
      }
      (before, last) = (last, line)
    }
    return last[two.count]
  }
}

extension GitBackend {
  /// Refuses a contract or chain that the state has never had.
  ///
  /// - Parameters:
  ///   - selector: What was named.
  ///   - text: How; nil is its key or chain ID.
  /// - Throws: `STATE_NOT_FOUND` with names that are like it.
  public func refuseUnknown(_ selector: ContractSelector, named text: String? = nil)
    throws(StateError)
  {
    let log = try log(LogQuery(selector: selector, limit: 1))
    guard log.entries.isEmpty, !log.isCut else { return }
    switch selector {
    case .chain(let chainID):
      throw StateError(
        .notFound,
        "\((text ?? "chain \(chainID)").escapingUnprintable) was never recorded, so it has no history"
      )
    case .contract(let key):
      let known = try snapshot().folder.deployments.flatMap { file in
        file.contractNames.map { ContractKey(file.chainID, $0) }
      }
      throw StateError(
        .notFound,
        "\((text ?? key.description).escapingUnprintable) was never recorded, so it has no history"
          + NearNames.question(key, among: known), key: key)
    }
  }
}
