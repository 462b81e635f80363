internal import CGit2

/// Makes the objects of commits that follow one another, and packs of them, without a repository.
final class CommitEncoder: TreeStore {
  private let deflater: Deflater
  private let mostStored: Int
  private let committer: Signature
  private let committerText: String
  private var tree: ObjectID?
  private var parent: ObjectID?
  /// The trees that there are now, those that were given included.
  private var trees: [ObjectID: HeldObjects.Object] = [:]
  /// The last version of each file, by the bytes of its path: Swift's `String` takes two spellings of a
  /// letter for one.
  private var blobs: [[UInt8]: HeldObjects.Object] = [:]
  private var lastCommit: HeldObjects.Object?
  private var commits: [ObjectID] = []
  private var packs: [NewPack] = []
  private var writer: PackWriter
  /// Late, as both processors are busy until all commits are made.
  private let proof: NameProof
  private var authorText: (author: Signature, text: String)?

  /// How large a pack becomes.
  private static let mostBytes = 64 << 20

  init(
    _ base: CommitChain.Base, committer: Signature, _ deflater: Deflater, mostStored: Int,
    provingOn thread: WorkThread
  ) throws(GitError) {
    proof = NameProof(on: thread, smallest: 1 << 10, isLate: true)
    self.deflater = deflater
    self.mostStored = mostStored
    self.committer = committer
    committerText = try committer.headerText()
    (parent, tree) = (base.commit, base.tree)
    for (id, content) in base.trees {
      trees[id] = HeldObjects.Object(id: id, type: GIT_OBJECT_TREE, content: content, base: nil)
    }
    writer = PackWriter(deflater, mostStored: mostStored)
  }

  /// Adds the objects of a commit.
  func add(_ step: CommitChain.Step) throws(GitError) {
    var changes: [(path: String, entry: (id: ObjectID, mode: FileMode)?)] = []
    for (path, file) in step.files {
      let key = Array(path.utf8)
      guard let file else {
        blobs[key] = nil
        changes.append((path, nil))
        continue
      }
      let blob = try add(GIT_OBJECT_BLOB, file.content, like: blobs[key])
      blobs[key] = blob
      changes.append((path, (blob.id, file.mode)))
    }
    let tree = try edit(self.tree, changes)
    let author: String
    if let known = authorText, known.author == step.author {
      author = known.text
    } else {
      author = try step.author.headerText()
      authorText = (step.author, author)
    }
    let text = try Repository.commitText(
      tree: tree, parents: [parent].compactMap(\.self), author: author, committer: committerText,
      message: step.message())
    let commit = try add(GIT_OBJECT_COMMIT, text, like: nil)
    (self.tree, parent, lastCommit) = (tree, commit.id, commit)
    commits.append(commit.id)
    if writer.size > Self.mostBytes { endPack() }
  }

  /// What was made.
  func finish() -> CommitChain.Made {
    proof.begin()
    endPack()
    let last = [lastCommit].compactMap(\.self) + trees.values + blobs.values
    return CommitChain.Made(
      commits: commits,
      base: CommitChain.Base(commit: parent, tree: tree, trees: trees.mapValues(\.content)),
      blobs: blobs.mapValues(\.id), packs: packs, proof: proof, lastObjects: last)
  }

  private func endPack() {
    guard !writer.isEmpty else { return }
    packs.append(writer.finish())
    writer = PackWriter(deflater, mostStored: mostStored)
  }

  private func add(
    _ type: git_object_t, _ content: [UInt8], like base: HeldObjects.Object?
  ) throws(GitError) -> HeldObjects.Object {
    let object = HeldObjects.Object(
      id: try proof.name(type, content), type: type, content: content, base: base?.id)
    if !writer.has(object.id) { try writer.add(object, like: base) }
    return object
  }

  // MARK: Trees

  func treeText(_ id: ObjectID) throws(GitError) -> TreeText {
    guard let tree = trees[id] else {
      throw GitError(.notFound, "the tree \(id) is not known here", context: id.hex)
    }
    return TreeText(tree.content)
  }

  func write(_ tree: TreeText, like base: ObjectID?) throws(GitError) -> ObjectID {
    let object = try add(GIT_OBJECT_TREE, tree.bytes, like: base.flatMap { trees[$0] })
    // Of no use any more: each commit has one tree of a folder.
    if let base { trees[base] = nil }
    trees[object.id] = object
    return object.id
  }

  /// All files that a step names were just added.
  func requireObject(_ id: ObjectID) throws(GitError) {}
}
