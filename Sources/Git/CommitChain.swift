internal import CGit2
internal import Synchronization

/// Makes the objects of commits that follow one another, and packs of them, on a thread of its own.
///
/// Each commit builds on the one before, but who plans the next one needs no more of it than the files: so the
/// hashing and compressing of one goes on beside the planning of the next.
public final class CommitChain: Sendable {
  /// What the first commit builds on.
  public struct Base: Sendable {
    /// The commit; nil for a history that begins.
    public let commit: ObjectID?
    let tree: ObjectID?
    /// The text of that tree, and of those in it that lead to the folder of the files.
    let trees: [ObjectID: [UInt8]]
  }

  /// One commit.
  public struct Step: Sendable {
    /// The files in which it differs from the one before, by their paths; nil where there is none any more.
    public var files: [(path: String, file: (content: [UInt8], mode: FileMode)?)]
    /// Who made the change, and when.
    public var author: Signature
    /// Its message, asked for on the chain's thread.
    ///
    /// Taken as it is; by convention it ends with a newline.
    public var message: @Sendable () -> String

    /// A commit of these parts.
    public init(
      files: [(path: String, file: (content: [UInt8], mode: FileMode)?)], author: Signature,
      message: @escaping @Sendable () -> String
    ) {
      (self.files, self.author, self.message) = (files, author, message)
    }
  }

  /// What came of it.
  public struct Made: Sendable {
    /// The commits, in their order.
    public let commits: [ObjectID]
    /// What a commit after the last of them builds on.
    public let base: Base
    /// The blobs of all files that were written, by the bytes of their paths, as the last commit has them.
    public let blobs: [[UInt8]: ObjectID]
    let packs: [NewPack]
    /// What proves the names of their objects.
    let proof: NameProof
    /// What the last commit names, as far as it is new.
    let lastObjects: [HeldObjects.Object]
  }

  private struct State {
    var encoder: CommitEncoder?
    var error: GitError?
    let deflater = Deflater()
  }

  /// Commits and the differences of versions have fewer bytes: to compress one takes as long as all else about it.
  private static let mostStored = 1024

  private let thread = WorkThread()
  private let state = Mutex(State())
  private let generation = Atomic(0)

  /// One that has nothing to do yet.
  public init() {}

  /// Begins a chain; what was begun before is given up.
  ///
  /// - Parameters:
  ///   - base: What the first commit builds on.
  ///   - committer: Who makes the commits, and when.
  ///   - compresses: Whether small objects are compressed, too; where they are not, it is left to whoever
  ///     joins the packs (``Repository/pack(in:isFull:)``).
  public func begin(on base: Base, committer: Signature, compresses: Bool = true) {
    giveUp()
    thread.leaveProcessorToCaller()
    run(isFirst: true) { [thread] state throws(GitError) in
      state.error = nil
      state.encoder = try CommitEncoder(
        base, committer: committer, state.deflater,
        mostStored: compresses ? Deflater.tiny : Self.mostStored, provingOn: thread)
    }
  }

  /// Adds commits, and does not wait until they are made.
  ///
  /// Several at once are better: to wake a thread costs a tenth of what making a commit does.
  public func append(_ steps: [Step]) {
    run { state throws(GitError) in
      for step in steps { try state.encoder?.add(step) }
    }
  }

  /// Leaves out what is not done yet.
  public func giveUp() {
    generation.add(1, ordering: .relaxed)
  }

  /// Waits until all is made.
  ///
  /// - Returns: What was made.
  /// - Throws: ``GitError`` where one of the commits could not be made.
  public func finish() throws(GitError) -> Made {
    thread.finish()
    let result: Result<Made, GitError> = state.withLock { state in
      defer { state.encoder = nil }
      if let error = state.error { return .failure(error) }
      guard let encoder = state.encoder else {
        return .failure(GitError(.failed, "no commits were begun"))
      }
      return .success(encoder.finish())
    }
    return try result.get()
  }

  private func run(
    isFirst: Bool = false, _ work: @escaping @Sendable (inout State) throws(GitError) -> Void
  ) {
    let mine = generation.load(ordering: .relaxed)
    thread.async { [self] in
      state.withLock { state in
        guard generation.load(ordering: .relaxed) == mine, isFirst || state.error == nil
        else { return }
        do throws(GitError) {
          try work(&state)
        } catch {
          state.error = error
        }
      }
    }
  }
}

extension Repository {
  /// What a chain of commits needs to know of the commit that it begins on.
  ///
  /// - Parameters:
  ///   - commit: The commit; nil for a history that begins.
  ///   - folder: The folder of all files that change.
  /// - Returns: Its trees.
  /// - Throws: ``GitError`` where one cannot be read.
  public func chainBase(_ commit: ObjectID?, folder: String) throws(GitError) -> CommitChain.Base {
    guard let commit else { return CommitChain.Base(commit: nil, tree: nil, trees: [:]) }
    let root = try self.commit(commit).tree
    var trees: [ObjectID: [UInt8]] = [:]
    var next: ObjectID? = root
    var names = folder.isEmpty ? [] : try Self.components(of: folder)[...]
    while let id = next {
      let text = try treeText(id)
      trees[id] = text.bytes
      next = nil
      if let name = names.popFirst(), let entry = try text.entry(name), entry.mode == .tree {
        next = entry.id
      }
    }
    return CommitChain.Base(commit: commit, tree: root, trees: trees)
  }

  /// Holds what a chain has made until it is staged.
  ///
  /// - Parameter made: What was made.
  /// - Throws: ``GitError`` where this repository cannot show it.
  public func hold(_ made: CommitChain.Made) throws(GitError) {
    try held?.add(made.packs, showing: made.lastObjects, made.proof)
  }
}
