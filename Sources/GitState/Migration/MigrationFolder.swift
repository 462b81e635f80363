import LosslessJSON

/// Where a clone keeps its migration: `gitstate/migration` in the common git directory.
///
/// `state.json` is replaced as a whole; each journal entry is a file of its own, named by its place in
/// the order. Both are durable once a call returns.
struct MigrationFolder: Sendable {
  let path: String
  let isDurable: Bool
  let faults: MigrationFaults?

  init(privateDirectory: String, isDurable: Bool = true, faults: MigrationFaults? = nil) {
    path = privateDirectory + "/migration"
    self.isDurable = isDurable
    self.faults = faults
  }

  private var statePath: String { path + "/state.json" }
  private var journalPath: String { path + "/journal" }
  private var agreedPath: String { path + "/agreed.jsonl" }

  /// Waits for the right to change anything, across processes.
  ///
  /// - Throws: `LOCK_TIMEOUT`, naming the holder.
  func lock(until deadline: ContinuousClock.Instant) throws(StateError) -> WriterLock {
    try FileSystem.makeFolder(path, mode: 0o700)
    return try WriterLock(path + "/lock", until: deadline)
  }

  /// Removes files that a process wrote for a moment and was ended in; call it with the lock held.
  func sweep() {
    for folder in [path, journalPath] {
      // What cannot be listed or removed is in nobody's way, and tried again.
      for name in (try? FileSystem.names(in: folder)) ?? []
      where name.hasPrefix(FileSystem.temporaryPrefix) {
        try? FileSystem.remove("\(folder)/\(name)")
      }
    }
  }

  /// The state; nil where no migration is under way.
  ///
  /// - Throws: `BACKEND_UNAVAILABLE` where it cannot be read: then which side is right is not known.
  func state() throws(StateError) -> MigrationState? {
    guard let content = try FileSystem.read(statePath) else {
      // A migration does not end by the loss of a file.
      guard try FileSystem.kind(of: agreedPath) == .absent else { throw damaged(statePath) }
      return nil
    }
    guard let root = try parsed(content, statePath), let state = MigrationState(root) else {
      throw damaged(statePath)
    }
    return state
  }

  /// Makes the folders, durably: a file in them is no more so than they are.
  func create() throws(StateError) {
    try FileSystem.makeFolder(journalPath, mode: 0o700)
    guard isDurable else { return }
    for folder in [journalPath, path, FileSystem.split(path).folder] {
      try FileSystem.syncFolder(of: folder)
    }
  }

  /// Makes the state durable.
  func save(_ state: MigrationState) throws(StateError) {
    try MigrationFaults.perform(faults, .state) { () throws(StateError) in
      try FileSystem.makeFolder(path, mode: 0o700)
      try FileSystem.replace(
        statePath, with: JSONValue.object(state.json).serialized(.compact), mode: 0o600,
        isDurable: isDurable)
    }
  }

  /// What both sides had alike when they were last in step; nil where no note of it is there, or another
  /// or a shorter one than the state knows of.
  func agreed(_ state: MigrationState) throws(StateError) -> AgreedRecords? {
    guard try FileSystem.kind(of: agreedPath) == .file,
      let content = try FileSystem.read(agreedPath)
    else { return nil }
    return AgreedRecords(parsing: content, name: state.agreedName, lines: state.agreedLines)
  }

  /// Notes anew what both sides have alike; the state is to be saved after it.
  func save(_ agreed: AgreedRecords, _ state: inout MigrationState) throws(StateError) {
    let name = "\(SystemClock.milliseconds)-\(UInt32.random(in: 0 ... .max))"
    try MigrationFaults.perform(faults, .state) { () throws(StateError) in
      try FileSystem.replace(
        agreedPath, with: agreed.text(called: name), mode: 0o600, isDurable: isDurable)
    }
    state.agreedName = name
    state.agreedLines = agreed.digests.count
  }

  /// Notes what both sides have alike now; where no note is there, none is begun.
  ///
  /// The state is to be saved after it.
  func append(
    agreeing digests: [(key: ContractKey, digest: String)], _ state: inout MigrationState
  ) throws(StateError) {
    try FileSystem.append(
      to: agreedPath,
      // A line that a crash has cut must not swallow the next one.
      [UInt8(ascii: "\n")] + digests.flatMap { AgreedRecords.line($0.key, $0.digest) })
    state.agreedLines += digests.count
  }

  /// The journal's entries, in order.
  func entries() throws(StateError) -> [JournalEntry] {
    var entries: [JournalEntry] = []
    for name in try FileSystem.names(in: journalPath)
    where name.hasSuffix(".json") && !name.hasPrefix(".") {
      let file = "\(journalPath)/\(name)"
      // An entry that is gone by now was finished by another process.
      guard let content = try FileSystem.read(file) else { continue }
      guard let root = try parsed(content, file), let entry = JournalEntry(root) else {
        throw damaged(file)
      }
      entries.append(entry)
    }
    return entries.sorted { $0.id < $1.id }
  }

  /// Makes an entry durable, new or in place of its earlier form.
  func write(_ entry: JournalEntry, isNew: Bool) throws(StateError) {
    try MigrationFaults.perform(faults, isNew ? .journal : .journalUpdate) {
      () throws(StateError) in
      try FileSystem.makeFolder(journalPath, mode: 0o700)
      try FileSystem.replace(
        file(entry), with: JSONValue.object(entry.json).serialized(.compact), mode: 0o600,
        isDurable: isDurable)
    }
  }

  /// Removes an entry.
  ///
  /// A power cut may bring it back; then both sides are found to have it. The next entry makes the
  /// removal durable, before either side can have anything newer.
  func remove(_ entry: JournalEntry) throws(StateError) {
    try MigrationFaults.perform(faults, .journalRemoval) { () throws(StateError) in
      try FileSystem.remove(file(entry))
    }
  }

  private func file(_ entry: JournalEntry) -> String {
    let number = String(entry.id)
    return
      "\(journalPath)/\(String(repeating: "0", count: max(0, 12 - number.count)))\(number).json"
  }

  private func parsed(_ content: [UInt8], _ file: String) throws(StateError) -> JSONObject? {
    do {
      return try JSONValue(parsing: content).object
    } catch {
      throw damaged(file)
    }
  }

  private func damaged(_ file: String) -> StateError {
    StateError(
      .backendUnavailable,
      "\(file.escapingUnprintable), the note of the migration on this clone, cannot be read; keep a "
        + "copy of it, and restore it from a backup", file: file)
  }
}
