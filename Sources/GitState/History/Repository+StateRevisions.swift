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
      guard [.notFound, .invalidSpec, .ambiguous, .peel, .invalid].contains(error.code) else {
        throw StateError(
          .backendUnavailable,
          "it could not be told what commit \(revision.quoted) is: "
            + error.message.escapingUnprintable, underlying: error)
      }
      throw StateError(
        .notFound,
        error.code == .notFound
          ? "\(revision.quoted) is no revision of this repository; git log shows what there is"
          : "\(revision.quoted) is no commit: \(error.message.escapingUnprintable)",
        underlying: error)
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
