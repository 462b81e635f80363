public import LosslessJSON

/// How a migration stands.
public struct MigrationStatus: Sendable {
  /// The phase.
  public let phase: MigrationPhase
  /// When the phase began, in milliseconds since 1970.
  public let since: Int64
  /// When the migration began, in milliseconds since 1970.
  public let started: Int64
  /// The LevelDB folder.
  public let source: String
  /// The branch that has the state.
  public let branch: String
  /// How many contracts are still to be synced, or have a difference that was accepted.
  public let unsynced: Int
  /// How many writes are in the journal, for each side that they are pending for.
  public let pending: [MigrationSide: Int]
  /// Contracts of which a side has something that nobody expects.
  public let conflicts: [ContractKey]
  /// Whether git has commits that LevelDB has not got yet.
  public let isBehindGit: Bool
  /// The commit that LevelDB is in step with, as 40 hex digits, where git's branch has lost it.
  ///
  /// Then writes are refused until `sync`. nil where all is well, or the history cannot be read.
  public let lostCommit: String?
  /// When the sides were last compared, in milliseconds since 1970; nil is never.
  public let verified: Int64?
  /// How many contracts there were then.
  public let verifiedContracts: Int
  /// How many of them both sides had alike.
  public let verifiedAgreeing: Int
}

extension MigrationBackend {
  /// How the migration stands; nil where none is under way.
  ///
  /// LevelDB is not read, and nothing is waited for.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where the note of the migration cannot be read.
  public func status() throws(StateError) -> MigrationStatus? {
    guard let state = try folder.state() else { return nil }
    let entries = try folder.entries()
    var pending: [MigrationSide: Int] = [:]
    for side in MigrationSide.allCases {
      pending[side] = entries.count { $0.isPending(side) }
    }
    var (tip, lostCommit): (String?, String?) = (nil, nil)
    do throws(StateError) {
      tip = try gitBackend.tip()
      if state.phase != .complete, try state.isLost(at: tip, in: gitBackend) {
        lostCommit = state.projected
      }
    } catch {
      // The next write meets the same fault and is told.
    }
    return MigrationStatus(
      phase: state.phase, since: state.since, started: state.started, source: state.source,
      branch: String(state.branch.dropFirst("refs/heads/".count)),
      unsynced: state.unsynced.count, pending: pending,
      conflicts: entries.conflicts.sorted(),
      isBehindGit: state.phase != .complete && tip != state.projected && lostCommit == nil,
      lostCommit: lostCommit,
      verified: state.verification?.time, verifiedContracts: state.verification?.contracts ?? 0,
      verifiedAgreeing: state.verification?.agreeing ?? 0)
  }
}

extension MigrationStatus {
  /// The status as one document; times are ISO 8601 in UTC.
  public var json: JSONObject {
    func number(_ number: Int) -> JSONValue { .number(JSONNumber(Int64(number))) }
    var json: JSONObject = [
      "phase": number(phase.number), "phaseName": .string(phase.rawValue),
      "since": .string(StateTime.iso8601(milliseconds: since)),
      "started": .string(StateTime.iso8601(milliseconds: started)), "source": .string(source),
      "branch": .string(branch), "unsynced": number(unsynced),
      "pending": [
        "git": number(pending[.git] ?? 0), "leveldb": number(pending[.source] ?? 0),
      ],
      "conflicts": .array(conflicts.map { .string($0.description) }),
      "isBehindGit": .bool(isBehindGit),
      "lostCommit": lostCommit.map { .string($0) } ?? .null,
    ]
    json["verified"] =
      verified.map { time in
        [
          "time": .string(StateTime.iso8601(milliseconds: time)),
          "contracts": number(verifiedContracts), "agreeing": number(verifiedAgreeing),
        ]
      } ?? .null
    return json
  }
}
