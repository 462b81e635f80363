import Git

extension Repository {
  /// The commit that a revision or a date means.
  ///
  /// What git knows by that name goes before a date that reads the same.
  ///
  /// - Parameters:
  ///   - revision: What `git rev-parse` takes; a date means the first commit, from the tip along
  ///     first parents, whose author date is not later.
  ///   - tip: Where a date is looked up from.
  /// - Returns: The commit.
  /// - Throws: `STATE_NOT_FOUND` where it means none.
  func commit(named revision: String, tip: ObjectID?) throws(StateError) -> Commit {
    do {
      return try commit(try commitID(ofRevision: revision))
    } catch {
      let now = SystemClock.milliseconds / 1000
      // To git, "2 days ago" is no name at all.
      if [.notFound, .invalidSpec].contains(error.code),
        let time = RevisionDate.seconds(revision, now: now)
      {
        return try commit(asOf: time, revision, tip: tip)
      }
      if isShallow {
        // Not "not found", which would be proof.
        throw StateError(
          .backendUnavailable,
          "\(revision.quoted) is no commit of this repository, which is a shallow clone; get the "
            + "rest of its history with: git fetch --unshallow", underlying: error)
      }
      // Only what was read can be told not to be there.
      let isOfIndex = revision.hasPrefix(":") && error.message == "unimplemented"
      guard
        isOfIndex || [.notFound, .invalidSpec, .ambiguous, .peel, .invalid].contains(error.code)
      else {
        throw StateError(
          .backendUnavailable,
          "it could not be told what commit \(revision.quoted) is: "
            + error.message.escapingUnprintable, underlying: error)
      }
      let problem = isOfIndex ? "it is a file in git's index" : Self.problem(revision, error)
      throw StateError(
        .notFound,
        problem.map { "\(revision.quoted) is no commit: \($0)" }
          ?? "\(revision.quoted) is no revision of this repository; git log shows what there is",
        underlying: error)
    }
  }

  /// Why a text is no commit and what would be one; nil where there is just nothing of that name.
  private static func problem(_ revision: String, _ error: GitError) -> String? {
    switch error.code {
    case .notFound:
      return revision.contains("@{u") || revision.contains("@{push")
        ? "the branch follows none of a remote's here (git branch -vv shows which does)" : nil
    case .ambiguous:
      return error.message.contains("too short")
        ? "give at least four characters of its ID"
        : "several IDs begin like that; give more characters of it"
    case .peel:
      // It names it first.
      let what = error.message.replacing("\"\(revision)\" ", with: "", maxReplacements: 1)
      return "it \(what.escapingUnprintable); name the commit that has it"
    default:
      if revision.allSatisfy(\.isWhitespace) { return "it is empty" }
      if revision.contains("..") { return "it is a range, where one commit is meant" }
      return
        "it is not written as a revision is; git's forms are taken (HEAD~2, main@{1}, v1.0^{commit}, "
        + "the beginning of an ID), and dates (2025-07-25)"
    }
  }

  private func commit(asOf time: Int64, _ revision: String, tip: ObjectID?) throws(StateError)
    -> Commit
  {
    let found: Commit? = try convertingGitErrors(
      .backendUnavailable, "the history could not be read"
    ) {
      var found: Commit?
      guard let tip else { return nil }
      try walkFirstParents(from: tip) { commit in
        if commit.author.time <= time { found = commit }
        return found == nil
      }
      return found
    }
    guard let found else {
      let cut = try convertingGitErrors(.backendUnavailable, "the history could not be read") {
        try tip.flatMap {
          try cutNote(from: $0, "what was there at \(revision.quoted) is not here")
        }
      }
      // Not "not found", which would be proof that there was nothing.
      if let cut { throw StateError(.backendUnavailable, cut) }
      throw StateError(.notFound, "there is no commit as old as \(revision.quoted)")
    }
    return found
  }
}
