import LosslessJSON

/// How far a migration is.
public enum MigrationPhase: String, CaseIterable, Sendable {
  /// Writes go to both sides; reads come from LevelDB, which is the truth.
  case dualWrite = "dual-write"
  /// Writes go to both sides; reads come from git, which is the truth, and from LevelDB where git fails.
  case cutover = "cutover"
  /// LevelDB is written no more.
  case complete = "complete"

  /// The phase's number, from 1.
  public var number: Int {
    switch self {
    case .dualWrite: 1
    case .cutover: 2
    case .complete: 3
    }
  }

  /// The side that is right where the two differ.
  var truth: MigrationSide { self == .dualWrite ? .source : .git }
}

/// One of the two sides of a migration.
public enum MigrationSide: String, CaseIterable, Sendable {
  /// The repository.
  case git
  /// The LevelDB folder.
  case source = "leveldb"

  /// The other one.
  var other: MigrationSide { self == .git ? .source : .git }
  /// The side's name in sentences.
  var name: String { self == .git ? "git" : "LevelDB" }
}

/// What is known of a migration on one clone; kept in `gitstate/migration/state.json`.
struct MigrationState: Sendable {
  /// What `verify` found when it last ran.
  struct Verification: Hashable, Sendable {
    /// When, in milliseconds since 1970.
    var time: Int64
    /// Contracts that either side has.
    var contracts: Int
    /// Contracts that both have alike.
    var agreeing: Int
  }

  var phase: MigrationPhase
  /// When the phase began, in milliseconds since 1970.
  var since: Int64
  /// When the migration began.
  var started: Int64
  /// The LevelDB folder, as an absolute path.
  var source: String
  /// The branch that has the state, as a full reference.
  var branch: String
  /// The deployments folder.
  var folder: String
  /// The last commit whose changes LevelDB has, or has pending; nil before the first commit.
  var projected: String?
  /// The contracts that never agreed, or whose difference was accepted, with LevelDB's digest.
  var unsynced: [ContractKey: String] = [:]
  var verification: Verification?
  /// What the note of agreed records is called, and how many lines it has at least.
  var agreedName: String?
  var agreedLines = 0

  var json: JSONObject {
    var json: JSONObject = [
      "format": 1, "phase": .string(phase.rawValue), "since": .number(JSONNumber(since)),
      "started": .number(JSONNumber(started)), "source": .string(source),
      "branch": .string(branch), "folder": .string(folder),
      "projected": projected.map { .string($0) } ?? .null,
      "unsynced": .object(
        JSONObject(
          unsynced.sorted { $0.key < $1.key }.map { ($0.key.description, .string($0.value)) })),
    ]
    json["agreed"] = agreedName.map {
      ["name": .string($0), "lines": .number(JSONNumber(Int64(agreedLines)))]
    }
    if let verification {
      json["verification"] = [
        "time": .number(JSONNumber(verification.time)),
        "contracts": .number(JSONNumber(verification.contracts)),
        "agreeing": .number(JSONNumber(verification.agreeing)),
      ]
    }
    return json
  }

  init(
    phase: MigrationPhase, time: Int64, source: String, branch: String, folder: String,
    projected: String?
  ) {
    self.phase = phase
    since = time
    started = time
    self.source = source
    self.branch = branch
    self.folder = folder
    self.projected = projected
  }

  init?(_ json: JSONObject) {
    guard json["format"]?.number?.int64 == 1,
      let phase = json["phase"]?.string.flatMap(MigrationPhase.init(rawValue:)),
      let since = json["since"]?.number?.int64, let started = json["started"]?.number?.int64,
      let source = json["source"]?.string, let branch = json["branch"]?.string,
      let folder = json["folder"]?.string, let unsynced = json["unsynced"]?.object
    else { return nil }
    self.init(
      phase: phase, time: since, source: source, branch: branch, folder: folder,
      projected: json["projected"]?.string)
    self.started = started
    for (text, digest) in unsynced {
      guard let key = ContractKey(text), let digest = digest.string else { return nil }
      self.unsynced[key] = digest
    }
    agreedName = json["agreed"]?.object?["name"]?.string
    agreedLines = (json["agreed"]?.object?["lines"]?.number?.int64).map { Int($0) } ?? 0
    if let known = json["verification"]?.object, let time = known["time"]?.number?.int64,
      let contracts = known["contracts"]?.number?.int64,
      let agreeing = known["agreeing"]?.number?.int64
    {
      verification = Verification(
        time: time, contracts: Int(contracts), agreeing: Int(agreeing))
    }
  }
}

extension MigrationState {
  /// Whether git's branch has lost the commit that LevelDB is in step with.
  ///
  /// - Parameters:
  ///   - tip: Where the branch is; nil where it has no commit.
  ///   - git: Where its history is.
  /// - Returns: Whether the tip is neither that commit nor descends from it.
  /// - Throws: `BACKEND_UNAVAILABLE` where the history cannot be read.
  func isLost(at tip: String?, in git: GitBackend) throws(StateError) -> Bool {
    if tip == projected { return false }
    return try !git.isAncestor(projected, of: tip)
  }
}
