internal import Glibc

/// Whose identity is asked for.
public enum IdentityRole: String, Hashable, Sendable {
  /// Who made the change.
  case author
  /// Who makes the commit.
  case committer
}

extension Repository {
  /// The name, email address and time that git would put into a commit made now.
  ///
  /// Each comes from the first that has it: `GIT_AUTHOR_NAME`, `author.name`, `user.name`;
  /// `GIT_AUTHOR_EMAIL`, `author.email`, `user.email`, `EMAIL`; `GIT_AUTHOR_DATE`, the clock; for the
  /// committer the same with its own names. Unlike git, nothing is made up from the names of the
  /// user's account and computer.
  ///
  /// - Parameters:
  ///   - role: Author or committer.
  ///   - environment: The variables; those of this process if nil.
  ///   - now: The time in place of the clock's, and the offset that local dates have, in minutes
  ///     east.
  /// - Returns: The signature, its name and address without what git calls crud at their ends.
  /// - Throws: ``GitError/Code/notFound`` where there is no name or email address,
  ///   ``GitError/Code/invalid`` for a date that cannot be read.
  public func signature(
    _ role: IdentityRole, environment: [String: String]? = nil,
    now: (seconds: Int64, offset: Int)? = nil
  ) throws(GitError) -> Signature {
    let variables = Environment(environment)
    let prefix = role == .author ? "GIT_AUTHOR_" : "GIT_COMMITTER_"
    var (name, email) = (variables[prefix + "NAME"], variables[prefix + "EMAIL"])
    if name == nil || email == nil {
      let settings = try configuration(
        firstOfEach: ["name", "email"].map { ["\(role.rawValue).\($0)", "user.\($0)"] })
      (name, email) = (name ?? settings[0], email ?? settings[1])
    }
    if email == nil { email = variables.nonEmpty("EMAIL") }
    guard let name, let email else {
      throw GitError(
        .notFound,
        "git does not know who you are: set the \(name == nil ? "name" : "email address") with "
          + "git config --global user.name \"Your Name\" and "
          + "git config --global user.email you@example.org",
        category: .configuration)
    }
    let zone: TimeZone = now.map { .fixed(minutes: $0.offset) } ?? .local
    let date: GitDate
    if let text = variables.nonEmpty(prefix + "DATE") {
      guard let parsed = GitDate(text, zone: zone) else {
        throw GitError(
          .invalid, "\(prefix)DATE is not a date that git takes: \(text)", context: prefix + "DATE")
      }
      date = parsed
    } else {
      let seconds = now?.seconds ?? Int64(Glibc.time(nil))
      date = GitDate(seconds: seconds, offset: now?.offset ?? zone.offset(at: seconds))
    }
    let signature = Signature(
      name: Signature.withoutCrud(name), email: Signature.withoutCrud(email), time: date.seconds,
      offset: date.offset)
    // libgit2 has the last word on what a name may be.
    return try signature.withRaw { raw throws(GitError) in Signature(raw.pointee) }
  }
}
