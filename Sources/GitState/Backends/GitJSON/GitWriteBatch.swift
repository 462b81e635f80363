import Git

/// The commits of one batch, while they are planned and written.
struct GitWriteBatch {
  /// One commit to come.
  struct Step {
    /// Which operation it answers; nil for edits by hand.
    var operation: Int?
    /// The folder that it leaves.
    var folder: DeploymentFolder
    /// The files in which that differs from the folder before.
    var names: [String]
    var changes: ChangeSet
    /// What the commit says; made when it is needed.
    var text: CommitText
    var authorTime: Int64?
    /// The line of history that the commit joins to the branch.
    var joins: PlannedOperation.Join?
    /// The commit once it is written.
    var commit: ObjectID?

    /// The commit's whole message.
    var message: String { fastForward?.message ?? text.message }

    /// The first line of it.
    var subject: String {
      guard let fastForward else { return text.firstLine }
      return String(fastForward.message.prefix { $0 != "\n" })
    }

    /// The commit that the branch just moves to.
    private var fastForward: Commit? { joins.flatMap { $0.isFastForward ? $0.other : nil } }
  }

  /// Commits that are made while the next ones are planned.
  struct Encoding {
    let author: Signature
    let committer: Signature
    /// How many of the steps are on their way.
    var count = 0
  }

  /// The branch that moves.
  let branch: String
  /// Where it stands.
  let tip: ObjectID?
  /// Whether HEAD names the branch.
  let isHead: Bool
  /// The folder there.
  let tipFolder: DeploymentFolder
  /// The working files that follow; nil where none do.
  var working: WorkingFiles?
  /// What an interrupted write left, as every answer says.
  var notes: [String] = []
  /// The team's rules.
  var rules: RuleCheck?
  /// Files beside the state's that a merge changes in the working tree.
  var beside: CheckedOutFiles?
  /// The folder with the edits made by hand.
  var adopted: DeploymentFolder?
  private(set) var steps: [Step] = []
  /// Whether and how its commits are made beside the planning.
  var encoding: Encoding?
  /// Working files that are brought up to date.
  private(set) var followed: Set<FileName> = []
  /// Working files that stay as they are, and why.
  private(set) var left: [FileName: String] = [:]
  /// What working files that stay as they are hold, where that is an earlier version.
  private(set) var bases: [FileName: InStepNotes.Note] = [:]
  /// Those among them of which what is staged stays staged.
  private(set) var keptStaged: Set<FileName> = []
  /// The files that some step changes.
  private var stepNames: Set<FileName> = []
  private var answers: [Result<WriteResult, StateError>] = []

  init(
    branch: String, tip: ObjectID?, isHead: Bool, folder: DeploymentFolder, working: WorkingFiles?
  ) {
    self.branch = branch
    self.tip = tip
    self.isHead = isHead
    tipFolder = folder
    self.working = working
  }

  /// The folder as the last step leaves it.
  var folder: DeploymentFolder { steps.last?.folder ?? tipFolder }

  /// Starts planning again, on the tip and what was adopted.
  mutating func forgetPlans() {
    (steps, answers, stepNames) = ([], [], [])
    beside = nil
    guard let adopted else { return }
    var notes: [String] = []
    let changes = ChangeSet(from: nil, tipFolder, to: nil, adopted, notes: &notes)
    append(
      Step(
        operation: nil, folder: adopted, names: tipFolder.names(thatDifferIn: adopted),
        changes: changes,
        text: CommitText(kind: .adopt, changes: changes), authorTime: nil))
  }

  /// Adds what an operation does; no step where it changes nothing.
  ///
  /// - Throws: `RULE_BROKEN` where a rule forbids it; then nothing was added.
  mutating func add(
    _ operation: PlannedOperation, _ outcome: PlannedOperation.Outcome, _ after: DeploymentFolder
  ) throws(StateError) {
    var warnings = outcome.warnings
    let changes: ChangeSet
    if let pairs = outcome.pairs {
      changes = ChangeSet(pairs: pairs) { after.network(of: $0.chainID) }
    } else {
      changes = ChangeSet(from: nil, folder, to: nil, after, notes: &warnings)
    }
    try rules?.refuse(changes, operation, after: steps.lazy.map(\.changes))
    warnings += rules?.warnings(about: changes) ?? []
    let names = folder.names(thatDifferIn: after)
    if !names.isEmpty || outcome.joins != nil || outcome.isAlwaysCommitted {
      var joins = outcome.joins
      // Edits by hand or another operation came in between.
      if !steps.isEmpty { joins?.isFastForward = false }
      let text = CommitText(
        kind: operation.kind, changes: changes, reason: operation.reason,
        subject: outcome.subject, trailers: outcome.trailers + operation.trailers)
      append(
        Step(
          operation: answers.count, folder: after, names: names, changes: changes, text: text,
          authorTime: operation.authorTime, joins: joins))
    }
    answers.append(
      .success(
        WriteResult(
          changes: ChangeSet(changes: changes.changes), outcomes: outcome.outcomes,
          warnings: warnings)))
  }

  private mutating func append(_ step: Step) {
    for name in step.names { stepNames.insert(FileName(name)) }
    steps.append(step)
  }

  /// Notes that an operation fails, alone.
  mutating func fail(_ error: StateError) { answers.append(.failure(error)) }

  /// Lets a working file follow its commit.
  mutating func follow(_ name: String) { followed.insert(FileName(name)) }

  /// Lets a working file be.
  mutating func leave(_ name: String, _ reason: String, base: InStepNotes.Note? = nil) {
    left[FileName(name)] = reason
    bases[FileName(name)] = base
  }

  /// Lets what is staged of a file stay staged.
  mutating func keepStaged(_ name: String) { keptStaged.insert(FileName(name)) }

  /// Notes the blobs that a step's files became, so that nothing is hashed twice.
  mutating func setBlobs(_ blobs: [FileName: (bytes: [UInt8], id: ObjectID)], ofStep index: Int) {
    for (name, blob) in blobs {
      guard var item = steps[index].folder[name], item.blob == nil,
        FileSystem.isSame(item.bytes, blob.bytes)
      else { continue }
      item.blob = blob.id
      steps[index].folder[name] = item
    }
  }

  /// Notes the blobs that the files became, once all steps are done.
  mutating func setBlobs(_ blobs: [[UInt8]: ObjectID]) {
    guard let last = steps.indices.last else { return }
    for (path, blob) in blobs {
      let name = FileSystem.split(String(decoding: path, as: UTF8.self)).name
      guard var item = steps[last].folder[name], item.blob == nil else { continue }
      item.blob = blob
      steps[last].folder[name] = item
    }
  }

  /// Gives up the steps, which nothing is asked about any more.
  mutating func takeSteps() -> [Step] {
    defer { steps = [] }
    return steps
  }

  /// Notes the commit that a step became.
  mutating func setCommit(_ id: ObjectID, ofStep index: Int) { steps[index].commit = id }

  /// The files that differ from the tip's after all steps.
  var touchedNames: [String] {
    if steps.count == 1 { return steps[0].names }
    return tipFolder.names(thatDifferIn: folder, among: stepNames)
  }

  /// Chains that get a file only through this batch.
  var newChains: [ChainID] {
    let known = Set((adopted ?? tipFolder).deployments.map(\.chainID))
    return Set(folder.deployments.map(\.chainID)).subtracting(known).sorted()
  }

  private var adoptedSummary: String {
    steps.first { $0.operation == nil }?.changes.summary ?? ""
  }

  /// The answers, with the commits that the steps became.
  var results: [Result<WriteResult, StateError>] {
    var parent = tip?.hex
    var changes: [Int: (from: String?, to: String?, subject: String)] = [:]
    var adoption: String?
    for step in steps {
      let commit = step.commit?.hex
      if let index = step.operation {
        changes[index] = (parent, commit, step.subject)
      } else if let commit = step.commit {
        adoption =
          "edits made by hand were found and committed first, as \(commit.short) "
          + "(\(adoptedSummary))"
      }
      parent = commit ?? parent
    }
    let warnings =
      (adoption.map { [$0] } ?? []) + notes + left.keys.sorted().compactMap { left[$0] }
    return answers.enumerated().map { index, answer in
      answer.map { result in
        var result = result
        if let change = changes[index] {
          (result.changes.from, result.changes.to) = (change.from, change.to)
          result.subject = change.subject
        }
        if result.changes.to == nil { result.changes.from = parent }
        result.warnings += warnings
        return result
      }
    }
  }
}

extension DeploymentFolder {
  /// The names of files that another state of the folder has differently, or not at all.
  func names(thatDifferIn other: DeploymentFolder) -> [String] {
    let candidates = other.items.keys.filter { name in !isSame(name, other) }
    let gone = items.keys.filter { other.items[$0] == nil }
    return (candidates + gone).sorted().map(\.text)
  }

  /// The names of those among some files that another state of the folder has differently, or not at all.
  func names(thatDifferIn other: DeploymentFolder, among candidates: Set<FileName>) -> [String] {
    candidates.filter { !isSame($0, other) }.sorted().map(\.text)
  }

  private func isSame(_ name: FileName, _ other: DeploymentFolder) -> Bool {
    let (before, after) = (items[name], other.items[name])
    if let blob = before?.blob, blob == after?.blob { return before?.mode == after?.mode }
    return FileSystem.isSame(before?.bytes, after?.bytes) && (before == nil) == (after == nil)
  }
}

extension DeploymentFolder {
  /// What a chain's file calls its network; the chain's number where that cannot be told.
  fileprivate func network(of chainID: ChainID) -> String {
    guard let file = try? file(of: chainID) else { return chainID.description }
    return file.network
  }
}

extension DeploymentFolder.Item {
  /// The bytes of a network's file; nil for others, which are told by their blobs.
  var bytes: [UInt8]? { deployment?.bytes }
}
