/// References that only note something, on their way to where they are to be.
///
/// A power cut may take them back to what they were; so their content is on disk before they have it,
/// and no more is waited for. A process that is cut off leaves no lock that stays.
public final class StagedNotes {
  private let targets: [String: ObjectID]
  /// Nil where nothing is to be moved or made.
  private let area: StagingArea?
  private let place: String?
  private let moves: [PendingReference]
  private let locks: StagedFile?

  fileprivate init(
    _ targets: [String: ObjectID], _ area: StagingArea?, _ moves: [PendingReference],
    locks: StagedFile?
  ) {
    self.targets = targets
    self.area = area
    place = area?.folder
    self.moves = moves
    self.locks = locks
  }

  deinit { if let place { TransientFolder.remove(place) } }

  /// Whether they are to name just this.
  public func name(_ targets: [String: ObjectID]) -> Bool { self.targets == targets }

  /// Moves them, whatever they name now.
  ///
  /// - Parameter repository: The repository that they were staged in.
  /// - Returns: Those that could not be moved so, as others move them as well.
  /// - Throws: ``GitError`` where a file cannot be written.
  public func publish(in repository: borrowing Repository) throws(GitError) -> [String] {
    guard let area, let locks else { return [] }
    try area.flush()
    try locks.publish()
    var left: [String] = []
    for move in moves {
      do throws(GitError) {
        try move.makeFolder()
        try move.move(in: repository)
      } catch {
        guard error.code == .locked || error.code == .modified else { throw error }
        left.append(move.name)
      }
    }
    for move in moves { try move.finishLogs() }
    return left
  }
}

extension Repository {
  /// Prepares to move references that only note something, and begins to write them to disk.
  ///
  /// - Parameters:
  ///   - targets: Full names of references, each with what it is to name.
  ///   - logMessage: The line for the reflogs.
  ///   - committer: Who moves them.
  ///   - folder: Where temporary files may be.
  /// - Returns: What moves them.
  /// - Throws: ``GitError`` where a file cannot be written.
  public func stageNotes(
    _ targets: [String: ObjectID], logMessage: String, committer: Signature, below folder: String
  ) throws(GitError) -> StagedNotes {
    var old: [(name: String, id: ObjectID?)] = []
    for name in targets.keys.sorted() {
      let present = try target(ofReference: name)
      if present != targets[name] { old.append((name, present)) }
    }
    guard !old.isEmpty else { return StagedNotes(targets, nil, [], locks: nil) }
    let place = try TransientFolder.make(below: folder)
    do throws(GitError) {
      let area = try StagingArea(
        place, method: try .durable(in: [place, commonDirectory, "\(commonDirectory)/refs"]))
      var moves: [PendingReference] = []
      for (name, id) in old {
        guard let new = targets[name] else { continue }
        moves.append(
          try stageReference(
            name, from: id, to: new, logMessage: logMessage, committer: committer, in: area))
      }
      let lines = moves.map { "\($0.inode) \($0.lock)\n" }.joined()
      let locks = try area.stage(
        Array(lines.utf8), for: "\(place)/\(TransientFolder.locks)", mode: 0o600)
      return StagedNotes(targets, area, moves, locks: locks)
    } catch {
      TransientFolder.remove(place)
      throw error
    }
  }
}
