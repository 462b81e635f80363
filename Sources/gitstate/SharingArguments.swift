import ArgumentParser
import GitState
import LosslessJSON

/// The options of writes that can wait for the remote's yes.
struct SharingArguments: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: """
      Share the record at once, as 'gitstate sync' does, and fail where the remote does not have it. \
      Default: what git config gitstate.push says.
      """)
  var push: Bool?

  @OptionGroup var remote: RemoteArguments

  /// Prints a write's answer, and shares it where that is wanted.
  ///
  /// - Parameters:
  ///   - result: The answer.
  ///   - state: The state that was written.
  ///   - options: The command's options.
  ///   - unchanged: What to say where nothing changed.
  /// - Throws: What kept the record from being shared; its message says that it is safe here.
  func printAndShare(
    _ result: WriteResult, _ state: StateManager, _ options: GlobalOptions, unchanged: String
  ) async throws(StateError) {
    let wanted = push
    let talk = remote.options(options)
    let isShared = try await state.withBackend { backend throws(StateError) in
      if let wanted { return wanted }
      guard let git = backend.git else { return false }
      return try git.sharesWrites()
    }
    guard isShared else {
      options.printAnswer(result, unchanged: unchanged)
      return
    }
    if !options.json { options.printAnswer(result, unchanged: unchanged) }
    let shared: SyncResult
    do throws(StateError) {
      shared = try await state.withGit { git throws(StateError) in try git.sync(options: talk) }
    } catch {
      Output.endProgress()
      if options.json { options.warn(result.warnings) }
      var failure = error
      let commit = result.changes.to.map { " as \($0.prefix(7))" } ?? ""
      failure.message =
        "the record is safe here\(commit), but not shared yet: \(error.message); try again with: "
        + "gitstate sync"
      throw failure
    }
    Output.endProgress()
    options.warn((options.json ? result.warnings : []) + shared.warnings)
    let name = "\(shared.remote)/\(shared.branch)"
    if options.json {
      var document = result.changes.json
      document["shared"] = [
        "remote": .string(shared.remote), "branch": .string(shared.branch),
        "commit": shared.commit.map { .string($0) } ?? .null,
      ]
      Output.writeJSON(.object(document))
    } else {
      options.printMessages(shared.messages)
      Output.line(
        "Shared: \(name.escapingUnprintable) is at \(shared.commit?.prefix(7) ?? "none")"
          + (shared.received.isEmpty ? "" : "; came in: \(shared.received.summary)"))
    }
  }
}
