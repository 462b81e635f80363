import Git

/// The state's branch here and at one remote, as they stood when this was made.
struct RemoteBranch: Sendable {
  /// The remote.
  let remote: Remote
  /// Our branch, as a full reference.
  let branch: String
  /// Our branch's tip; nil where it has no commit.
  let tip: ObjectID?
  /// The remote's branch, as a full reference there.
  let theirBranch: String
  /// What we last saw of it and took for good; nil where we never did.
  let seen: ObjectID?
  /// What git notes of it, which git moves as well.
  let tracked: ObjectID?

  /// The branch's name without `refs/heads/`.
  var name: String { Self.short(branch) }
  /// The remote's branch as git shows it, `origin/main`.
  var shownTheirs: String { "\(remote.name)/\(Self.short(theirBranch))" }
  /// Where git notes what the remote has.
  var trackingReference: String { "refs/remotes/\(shownTheirs)" }
  /// Where we note what we have seen of it and taken for good.
  ///
  /// `git fetch` moves the other one to whatever the remote has, rewritten or not.
  var seenReference: String { "refs/gitstate/seen/\(shownTheirs)" }

  /// Where it is noted that the remote has a commit, taken for good or not.
  func notes(of commit: ObjectID, seen: ObjectID) -> [String: ObjectID] {
    [trackingReference: commit, seenReference: seen]
  }

  private static func short(_ branch: String) -> String {
    String(branch.dropFirst("refs/heads/".count))
  }

  /// Finds out which remote and branch are meant.
  ///
  /// - Parameters:
  ///   - given: The remote's name; nil is the branch's own, or `origin`, or the only one.
  ///   - location: Where the state is.
  ///   - repository: The repository.
  /// - Throws: `INVALID_ARGUMENT` where there is no such remote, or no branch.
  init(_ given: String?, at location: StateLocation, _ repository: borrowing Repository) throws {
    if let named = location.branch {
      // Not through `stateBranch`, which refuses a branch that only the remote has.
      branch = named
      tip = try repository.target(ofReference: named)
    } else {
      switch try repository.head() {
      case .branch(let name, let target): (branch, tip) = (name, target)
      case .detached:
        throw StateError(
          .invalidArgument,
          "HEAD is detached, so no branch is meant; name it with --branch, or with git config "
            + "gitstate.branch")
      }
    }
    let short = Self.short(branch)
    remote = try Self.remote(given, of: short, repository)
    theirBranch = branch
    let shown = "\(remote.name)/\(short)"
    tracked = try repository.target(ofReference: "refs/remotes/\(shown)")
    seen = try repository.target(ofReference: "refs/gitstate/seen/\(shown)") ?? tracked
  }

  private static func remote(
    _ given: String?, of branch: String, _ repository: borrowing Repository
  ) throws -> Remote {
    let remotes = try repository.remotes()
    func named(_ name: String) -> Remote? { remotes.first { $0.name.isIdentical(to: name) } }
    if let given {
      guard let found = named(given) else {
        throw StateError(
          .invalidArgument,
          "there is no remote \(given.quoted); add it with: gitstate remote add "
            + "\(given.escapingUnprintable) URL")
      }
      return found
    }
    if let own = try repository.configuration("branch.\(branch).remote"), let found = named(own) {
      return found
    }
    if let origin = named("origin") { return origin }
    guard remotes.count == 1 else {
      throw StateError(
        .invalidArgument,
        remotes.isEmpty
          ? "there is no remote; add one with: gitstate remote add origin URL"
          : "there are several remotes (\(remotes.map(\.name).joined(separator: ", "))); name one")
    }
    return remotes[0]
  }
}

extension Repository {
  /// Prepares to note what a remote has, and begins to write that to disk.
  ///
  /// - Parameters:
  ///   - commits: Where it is noted, and what.
  ///   - message: The line for the reflogs.
  ///   - location: The repository.
  /// - Returns: What ``note(_:_:_:_:)`` takes.
  /// - Throws: Where it cannot be written.
  func stageNotes(
    _ commits: [String: ObjectID], _ message: String, _ location: StateLocation
  ) throws -> StagedNotes {
    try stageNotes(
      commits, logMessage: message, committer: try signature(.committer),
      below: location.privateDirectory)
  }

  /// Notes what a remote has, whatever was noted before.
  ///
  /// - Parameters:
  ///   - commits: Where it is noted, and what.
  ///   - message: The line for the reflogs.
  ///   - staged: What was prepared before this was known.
  ///   - location: The repository.
  /// - Throws: Where a note cannot be written.
  func note(
    _ commits: [String: ObjectID], _ message: String, _ staged: StagedNotes,
    _ location: StateLocation
  ) throws {
    let notes = staged.name(commits) ? staged : try stageNotes(commits, message, location)
    for name in try notes.publish(in: self) {
      if let commit = commits[name] { try note(name, commit, message) }
    }
  }

  /// Notes what a remote has, whatever was noted before.
  ///
  /// - Parameters:
  ///   - reference: Where it is noted.
  ///   - commit: What the remote has.
  ///   - message: The line for the reflog.
  /// - Throws: Where the note cannot be written.
  func note(_ reference: String, _ commit: ObjectID, _ message: String) throws {
    for attempt in 1... {
      let old = try target(ofReference: reference)
      if old == commit { return }
      do throws(GitError) {
        try compareAndSwap(
          reference: reference, from: old, to: commit, logMessage: message,
          committer: try signature(.committer))
        return
      } catch {
        // Another fetch may note the same.
        guard error.isWorthAnotherTry, attempt < 20 else { throw error }
        Jitter.sleep()
      }
    }
  }
}
