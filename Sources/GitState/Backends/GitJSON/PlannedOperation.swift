import Git

/// An operation as the writer runs it: a plan that changes the folder, and what its commit says.
struct PlannedOperation: Sendable {
  /// What a plan may ask for besides the folder that it changes.
  struct Context {
    /// The commit that the plan builds on.
    let tip: ObjectID?
    /// Whether a name in the deployments folder is in use outside the commit.
    let isTaken: (String) throws(StateError) -> Bool
    /// The folder at another commit.
    let folder: (ObjectID?) throws(StateError) -> DeploymentFolder
    /// The commit that a revision means.
    let commit: (String) throws(StateError) -> Commit
    /// How another commit stands to the tip.
    let relation: (ObjectID) throws(StateError) -> HistoryRelation
    /// The best common ancestors of two commits.
    let mergeBases: (ObjectID, ObjectID) throws(StateError) -> [ObjectID]
    /// What another line changed since a commit besides the state, as far as the tip lacks it.
    let otherPaths: (ObjectID?, ObjectID) throws(StateError) -> [Join.Path]
  }

  /// Another line of history that a commit joins to the branch.
  struct Join: Sendable {
    /// A file that is none of the state's, with what becomes of it.
    typealias Path = (path: String, entry: (id: ObjectID, mode: FileMode)?)

    var other: Commit
    var paths: [Path] = []
    /// Whether the branch can just move to the other line.
    var isFastForward = false
  }

  /// What a plan has to say beside the folder.
  struct Outcome: Sendable {
    var outcomes: [MutationOutcome] = []
    var warnings: [String] = []
    /// The commit's subject, where it is not made of the changes.
    var subject: String?
    /// Trailers beside the operation's own.
    var trailers: [(key: String, value: String)] = []
    /// The line of history that is merged.
    var joins: Join?
    /// Whether there is a commit even where no file changes.
    var isAlwaysCommitted = false
    /// All records that change, before and after, where that is known; nil leaves it to be found out.
    var pairs: [(old: Contract?, new: Contract?)]?
  }

  var kind: Operation.Kind
  var reason: String?
  var trailers: [(key: String, value: String)] = []
  var authorTime: Int64?
  /// Whether all that it brings was in the history before, so that no secret is looked for in it.
  var takesFromHistory: Bool
  /// Changes the folder, or throws; then nothing of the operation happens.
  var plan: @Sendable (Context, inout DeploymentFolder) throws(StateError) -> Outcome

  init(
    _ kind: Operation.Kind, reason: String? = nil,
    plan: @escaping @Sendable (Context, inout DeploymentFolder) throws(StateError) -> Outcome
  ) {
    self.kind = kind
    self.reason = reason
    self.plan = plan
    takesFromHistory = [.revert, .restore, .rollback, .merge].contains(kind)
  }

  /// An operation made of mutations.
  init(_ operation: Operation) {
    self.init(operation.kind, reason: operation.reason) { context, folder throws(StateError) in
      let before = folder
      let plan = try MutationPlan(
        operation.mutations,
        current: { key throws(StateError) in try before.contract(key) },
        network: { chainID throws(StateError) in try before.file(of: chainID)?.network })
      try folder.apply(plan.results, isTaken: context.isTaken)
      var outcome = Outcome(outcomes: plan.outcomes, warnings: plan.warnings)
      var pairs: [(old: Contract?, new: Contract?)] = []
      for ((key, new), old) in zip(plan.results, plan.olds) {
        // What was not readable before, and what a new file brings, is to be found out.
        guard let old, try before.file(of: key.chainID) != nil else { return outcome }
        pairs.append((old, new))
      }
      outcome.pairs = pairs
      return outcome
    }
    // Whatever the caller calls it, the records are the caller's.
    takesFromHistory = false
    trailers = operation.trailers
    authorTime = operation.authorTime
  }
}
