public import LosslessJSON

/// What `verify` finds: both sides of a migration compared, contract by contract and field by field.
public struct ParityReport: Sendable {
  /// A contract that both sides have, differently.
  public struct Difference: Hashable, Sendable {
    /// The contract.
    public let key: ContractKey
    /// The fields that differ; `old` is LevelDB's, `new` is git's.
    public let fields: [FieldChange]
    /// What is wrong with a side that has no record there.
    public let problem: String?
  }

  /// The phase in which the sides were compared.
  public internal(set) var phase: MigrationPhase
  /// The LevelDB folder.
  public internal(set) var source: String
  /// How many contracts LevelDB has.
  public internal(set) var sourceCount = 0
  /// How many contracts git has.
  public internal(set) var gitCount = 0
  /// Contracts that LevelDB alone has.
  public internal(set) var onlyInSource: [ContractKey] = []
  /// Contracts that git alone has.
  public internal(set) var onlyInGit: [ContractKey] = []
  /// Contracts that both have, differently.
  public internal(set) var different: [Difference] = []
  /// How many contracts both have alike.
  public internal(set) var agreeing = 0
  /// LevelDB's records that cannot be right, such as one with a malformed address.
  public internal(set) var odd: [ImportReport.OddRecord] = []
  /// LevelDB's pairs that are no contract's; they stay where they are.
  public internal(set) var others: [InvalidRecord] = []
  /// Contracts that the journal has.
  public internal(set) var pending: [ContractKey] = []

  /// Whether both sides have the same.
  public var isEqual: Bool { onlyInSource.isEmpty && onlyInGit.isEmpty && different.isEmpty }

  /// All contracts that either side has.
  public var contractCount: Int {
    agreeing + onlyInSource.count + onlyInGit.count + different.count
  }

  /// The contracts that LevelDB alone has on networks other than a developer's own machine.
  public var onlyInSourceOnRealNetworks: [ContractKey] {
    onlyInSource.filter { !$0.chainID.isLocal }
  }

  /// How many of a hundred contracts both sides have alike.
  public var agreement: Double { Self.share(agreeing, of: contractCount) }

  /// How many of a hundred of LevelDB's records are not odd.
  public var soundness: Double { Self.share(sourceCount - odd.count, of: sourceCount) }

  private static func share(_ part: Int, of whole: Int) -> Double {
    guard part > 0, part < whole else { return part < whole ? 0 : 100 }
    // Rounded, but never to all or to nothing.
    return min(999, max(1, (Double(part) * 1000 / Double(whole)).rounded())) / 10
  }

  /// Every contract on which the sides do not agree.
  var keys: [ContractKey] { (onlyInSource + onlyInGit + different.map(\.key)).sorted() }

  init(
    _ state: MigrationState, source: MigrationSource.Content,
    git: [ContractKey: HeldRecord], entries: [JournalEntry]
  ) {
    phase = state.phase
    self.source = state.source
    sourceCount = source.records.count
    gitCount = git.count
    others = source.others
    pending = entries.keys.sorted()
    for key in Set(source.records.keys).union(git.keys).sorted() {
      let (here, there) = (source.records[key] ?? .absent, git[key] ?? .absent)
      if let contract = here.contract {
        let oddities = contract.oddities
        // A missing hash alone is no fault: a put takes it, too.
        if oddities.contains(where: { $0.severity == .error }) {
          odd.append(
            ImportReport.OddRecord(
              key: key, problems: oddities.map { "\($0.field) \($0.problem)" }))
        }
      }
      switch (here, there) {
      case (.absent, _): onlyInGit.append(key)
      case (_, .absent): onlyInSource.append(key)
      default:
        guard here.digest != there.digest else {
          agreeing += 1
          continue
        }
        different.append(
          Difference(
            key: key, fields: FieldChange.between(here.contract, there.contract),
            problem: here.problem ?? there.problem))
      }
    }
  }
}

extension HeldRecord {
  /// What is wrong with something that is no record.
  var problem: String? {
    if case .unreadable(let problem, _) = self { problem } else { nil }
  }
}

extension ChainID {
  /// Whether it is the chain of a developer's own machine: Ganache's, Hardhat's, Anvil's.
  var isLocal: Bool { [1337, 5777, 31337].contains(self) }
}

extension ParityReport {
  /// The report as one document; lists of contracts are lists of keys.
  public var json: JSONObject {
    func keys(_ keys: [ContractKey]) -> JSONValue { .array(keys.map { .string($0.description) }) }
    func number(_ number: Int) -> JSONValue { .number(JSONNumber(Int64(number))) }
    return [
      "isEqual": .bool(isEqual), "phase": .string(phase.rawValue), "source": .string(source),
      "sourceCount": number(sourceCount), "gitCount": number(gitCount),
      "agreeing": number(agreeing), "agreement": .decimal(agreement),
      "soundness": .decimal(soundness), "onlyInSource": keys(onlyInSource),
      "onlyInSourceOnRealNetworks": keys(onlyInSourceOnRealNetworks),
      "onlyInGit": keys(onlyInGit),
      "different": .array(
        different.map { difference in
          var json: JSONObject = [
            "key": .string(difference.key.description),
            "fields": .array(
              difference.fields.map { .object($0.sidesJSON) }),
          ]
          json["problem"] = difference.problem.map { .string($0) }
          return .object(json)
        }),
      "oddRecords": .array(
        odd.map {
          [
            "key": .string($0.key.description),
            "problems": .array($0.problems.map { .string($0) }),
          ]
        }),
      "otherPairs": .array(others.map { .object($0.json) }),
      "pending": keys(pending),
    ]
  }
}
