/// What an import did, or would do.
public struct ImportReport: Sendable {
  /// A record that is imported, though something about it is odd.
  public struct OddRecord: Hashable, Sendable {
    /// The contract.
    public let key: ContractKey
    /// What is odd, a sentence each.
    public let problems: [String]
  }

  /// A record that was kept because another one was there.
  public struct Difference: Hashable, Sendable {
    /// The contract.
    public let key: ContractKey
    /// The fields that differ; `old` is what was kept, `new` what the source has.
    public let fields: [FieldChange]
  }

  /// How many records the source has, those that are none included.
  public internal(set) var read = 0
  /// Records of contracts that were not there.
  public internal(set) var added = 0
  /// Records that took the place of others.
  public internal(set) var updated = 0
  /// Records that were there just so.
  public internal(set) var unchanged = 0
  /// Records that were left out because others were there.
  public var kept: Int { differences.count }
  /// Records that are odd, whatever became of them.
  public internal(set) var odd: [OddRecord] = []
  /// Pairs that are no records, and were left out.
  public internal(set) var invalid: [InvalidRecord] = []
  /// What the kept records differ in.
  public internal(set) var differences: [Difference] = []
  /// The changes, from the commit before the import to its last one.
  public internal(set) var changes = ChangeSet()
  /// How many commits were made.
  public internal(set) var commits = 0
  /// What the caller should know besides.
  public internal(set) var warnings: [String] = []

  /// Counts what became of records.
  mutating func add(_ outcomes: [MutationOutcome], of contracts: some Sequence<Contract>) {
    for (contract, outcome) in zip(contracts, outcomes) {
      switch outcome {
      case .added: added += 1
      case .updated: updated += 1
      case .unchanged, .removed: unchanged += 1
      case .kept(let fields): differences.append(Difference(key: contract.key, fields: fields))
      }
    }
  }
}
