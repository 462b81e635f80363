import GRDB
import Git
import Glibc

/// Which commits changed which contracts and fields: what makes `log KEY` and `blame KEY` fast.
///
/// It lies in the common git directory and says nothing that the history does not say: where it is
/// missing, damaged or of another version it is made anew, and where the branch has moved it catches
/// up. A commit's position grows along the history, so a child has a greater one than its parents.
struct LogIndex {
  /// What a commit did, as the index keeps it.
  struct Entry {
    var commit: ObjectID
    var touches: [Touch]
    var notes: [String] = []
  }

  /// What a commit did to one contract, seen from its first parent.
  struct Touch {
    var key: ContractKey
    /// The name before a rename.
    var oldName: String?
    var isAdded: Bool
    /// The record's fields that changed.
    var fields: [String]
    /// What the commit has to do with it.
    var standing = Standing.itself
  }

  /// What a commit has to do with what differs from its first parent.
  enum Standing: Int {
    /// A merge took the other side's.
    case otherSide = 0
    /// Every parent has another record.
    case itself = 1
    /// A merge left out what a parent had.
    case dropped = 2
  }

  /// The layout of the tables; another number makes the index anew.
  private static let version = 3
  private let queue: DatabaseQueue
  private let path: String

  static func path(_ location: StateLocation) -> String {
    location.privateDirectory + "/log-index.sqlite"
  }

  /// Opens the index, and makes a new one where there is none of use.
  init(_ location: StateLocation) throws {
    path = Self.path(location)
    try FileSystem.makeFolder(location.privateDirectory, mode: 0o700)
    do {
      queue = try Self.open(path, try Self.origin(location))
    } catch let error as DatabaseError where Self.isDamage(error) {
      try Self.remove(path)
      queue = try Self.open(path, try Self.origin(location))
    }
  }

  /// What the index was made of besides the branch: the folder, and where a shallow clone's history
  /// ends; once that has moved, older commits are missing in the index.
  private static func origin(_ location: StateLocation) throws -> String {
    let cut = try FileSystem.read(location.commonDirectory + "/shallow") ?? []
    return location.folder + "\n" + String(decoding: cut, as: UTF8.self)
  }

  /// An index that is only in memory, for repositories that cannot be written.
  init(inMemoryFor location: StateLocation) throws {
    path = ":memory:"
    queue = try DatabaseQueue()
    let origin = try Self.origin(location)
    try queue.inDatabase { database in try Self.create(database, origin) }
  }

  /// Whether there is an index at all; a write makes none.
  static func exists(_ location: StateLocation) -> Bool { access(path(location), F_OK) == 0 }

  /// Removes the index, so that the next use makes it anew.
  static func remove(_ path: String) throws {
    for name in [path, path + "-wal", path + "-shm"] where access(name, F_OK) == 0 {
      try FileSystem.remove(name)
    }
  }

  /// Whether an error says that the file is no use any more.
  static func isDamage(_ error: DatabaseError) -> Bool {
    [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_FORMAT]
      .contains(error.resultCode)
  }

  private static func open(_ path: String, _ origin: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      // What a power cut takes is made again; a torn page would be a wrong answer.
      try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.inDatabase { database in
      let version = try Int.fetchOne(database, sql: "PRAGMA user_version")
      if version == Self.version,
        try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'origin'") == origin
      {
        return
      }
      try database.inTransaction(.immediate) {
        try create(database, origin)
        return .commit
      }
    }
    return queue
  }

  private static func create(_ database: Database, _ origin: String) throws {
    try database.execute(
      sql: """
        DROP TABLE IF EXISTS meta; DROP TABLE IF EXISTS commits; DROP TABLE IF EXISTS touches;
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
        CREATE TABLE commits (
          position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, notes TEXT);
        CREATE TABLE touches (
          chain INTEGER NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, oldName TEXT,
          isAdded INTEGER NOT NULL, standing INTEGER NOT NULL, fields TEXT NOT NULL,
          PRIMARY KEY (chain, name, position)) WITHOUT ROWID;
        CREATE INDEX commitsWithNotes ON commits (position) WHERE notes IS NOT NULL;
        CREATE INDEX touchesByPosition ON touches (position);
        CREATE INDEX touchesByOldName ON touches (chain, oldName, position) WHERE oldName NOT NULL;
        PRAGMA user_version = \(version);
        """)
    try database.execute(
      sql: "INSERT INTO meta VALUES ('origin', ?)", arguments: [origin])
  }

  /// The tip that the index is up to.
  func tip() throws -> ObjectID? {
    try queue.read { database in try Self.tip(database) }
  }

  private static func tip(_ database: Database) throws -> ObjectID? {
    let text = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'tip'")
    return text.flatMap { ObjectID(hex: $0) }
  }

  /// Adds commits, oldest first, and forgets those that the branch lost, if the index still is where
  /// it was.
  ///
  /// - Returns: Whether it was.
  @discardableResult
  func move(
    from old: ObjectID?, to new: ObjectID, adding entries: [Entry], removing lost: [ObjectID] = []
  )
    throws -> Bool
  {
    var isMoved = false
    try queue.writeWithoutTransaction { database in
      try database.inTransaction(.immediate) {
        guard try Self.tip(database) == old else { return .rollback }
        for id in lost {
          let position = try Int64.fetchOne(
            database, sql: "SELECT position FROM commits WHERE id = ?", arguments: [id.hex])
          guard let position else { continue }
          try database.execute(
            sql: "DELETE FROM touches WHERE position = ?", arguments: [position])
          try database.execute(
            sql: "DELETE FROM commits WHERE position = ?", arguments: [position])
        }
        try Self.add(entries, database)
        try database.execute(
          sql: "INSERT OR REPLACE INTO meta VALUES ('tip', ?)", arguments: [new.hex])
        isMoved = true
        return .commit
      }
    }
    return isMoved
  }

  private static func add(_ entries: [Entry], _ database: Database) throws {
    guard !entries.isEmpty else { return }
    var position = try Int64.fetchOne(database, sql: "SELECT max(position) FROM commits") ?? 0
    let commit = try database.cachedStatement(sql: "INSERT INTO commits VALUES (?, ?, ?)")
    let touch = try database.cachedStatement(
      sql: "INSERT OR REPLACE INTO touches VALUES (?, ?, ?, ?, ?, ?, ?)")
    for entry in entries {
      position += 1
      let notes = entry.notes.isEmpty ? nil : entry.notes.joined(separator: "\n")
      try commit.execute(arguments: [position, entry.commit.hex, notes])
      for change in entry.touches {
        try touch.execute(arguments: [
          Int64(bitPattern: change.key.chainID.rawValue), CommitText.encoded(change.key.name),
          position,
          change.oldName.map(CommitText.encoded), change.isAdded, change.standing.rawValue,
          change.fields.map { CommitText.encoded($0) }.joined(separator: "\n"),
        ])
      }
    }
  }

  /// The commits that changed what is selected, newest first, a contract's under its earlier names
  /// as well.
  func commits(touching selector: ContractSelector) throws -> [(commit: ObjectID, touch: Touch?)] {
    try queue.read { database in
      switch selector {
      case .chain(let chainID):
        return try Row.fetchAll(
          database,
          sql: """
            SELECT id FROM commits WHERE position IN
              (SELECT position FROM touches WHERE chain = ? AND standing > 0)
            ORDER BY position DESC
            """, arguments: [Int64(bitPattern: chainID.rawValue)]
        ).compactMap { row in ObjectID(hex: row[0]).map { ($0, nil) } }
      case .contract(let key): return try Self.history(of: key, database)
      }
    }
  }

  private static func history(of key: ContractKey, _ database: Database) throws
    -> [(commit: ObjectID, touch: Touch?)]
  {
    var found: [(commit: ObjectID, touch: Touch?)] = []
    var name = key.name
    var limit = Int64.max
    // A contract that was renamed to this one's name long after this one is another one.
    let chain = Int64(bitPattern: key.chainID.rawValue)
    while true {
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT commits.id, touches.* FROM touches JOIN commits USING (position)
          WHERE standing > 0 AND chain = ? AND position < ?
            AND (name = ? OR oldName IS NOT NULL AND oldName = ?)
          ORDER BY position DESC
          """, arguments: [chain, limit, CommitText.encoded(name), CommitText.encoded(name)])
      var earlier: String?
      for row in rows {
        guard let id = ObjectID(hex: row["id"]) else { continue }
        let touch = Touch(row, key.chainID)
        found.append((id, touch))
        limit = row["position"]
        if let old = touch.oldName, touch.key.name.isIdentical(to: name) {
          earlier = old
          break
        }
      }
      guard let earlier else { return found }
      name = earlier
    }
  }

  /// The contracts that a commit changed, seen from its first parent, and those that it dropped.
  func contracts(of commit: ObjectID) throws -> (all: [ContractKey], dropped: [ContractKey]) {
    try queue.read { database in
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT chain, name, standing FROM touches JOIN commits USING (position)
          WHERE commits.id = ?
          """, arguments: [commit.hex])
      var (all, dropped): ([ContractKey], [ContractKey]) = ([], [])
      for row in rows {
        guard let chainID = ChainID(UInt64(bitPattern: row["chain"] as Int64)) else { continue }
        let key = ContractKey(chainID, CommitText.decoded(row["name"]))
        all.append(key)
        if row["standing"] == Standing.dropped.rawValue { dropped.append(key) }
      }
      return (all.sorted(), dropped.sorted())
    }
  }

  /// Sentences about files that could not be read, by commit, newest first.
  func notes() throws -> [(commit: ObjectID, notes: [String])] {
    try queue.read { database in
      try Row.fetchAll(
        database,
        sql: "SELECT id, notes FROM commits WHERE notes IS NOT NULL ORDER BY position DESC"
      ).compactMap { row in
        let notes: String = row["notes"]
        return ObjectID(hex: row["id"]).map { ($0, notes.split(separator: "\n").map(String.init)) }
      }
    }
  }
}

extension LogIndex {
  /// Lets the index follow a write, where there is one and it is at the write's start.
  ///
  /// What fails here fails nothing: the next question brings the index up to date.
  static func follow(_ batch: GitWriteBatch, _ location: StateLocation) {
    guard exists(location), !batch.steps.contains(where: { $0.joins != nil }) else { return }
    do {
      var tip = batch.tip
      var entries: [Entry] = []
      for step in batch.steps {
        guard let commit = step.commit else { return }
        entries.append(
          Entry(
            commit: commit, touches: step.changes.changes.map { Touch($0) }))
        tip = commit
      }
      guard let tip else { return }
      try LogIndex(location).move(from: batch.tip, to: tip, adding: entries)
    } catch {
      // See above.
    }
  }
}

extension LogIndex.Touch {
  fileprivate init(_ row: Row, _ chainID: ChainID) {
    let old: String? = row["oldName"]
    let fields: String = row["fields"]
    self.init(
      key: ContractKey(chainID, CommitText.decoded(row["name"])),
      oldName: old.map(CommitText.decoded), isAdded: row["isAdded"],
      fields: fields.split(separator: "\n").map { CommitText.decoded(String($0)) },
      standing: LogIndex.Standing(rawValue: row["standing"]) ?? .itself)
  }

  /// What the index keeps of a change.
  init(_ change: ContractChange, _ standing: LogIndex.Standing = .itself) {
    self.init(
      key: change.key, oldName: change.oldName, isAdded: change.kind == .added,
      fields: change.fields.map(\.path), standing: standing)
  }
}
