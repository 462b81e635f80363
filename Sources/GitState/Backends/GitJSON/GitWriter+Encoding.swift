import Git

/// How a large batch's commits are made while the next ones are planned.
///
/// Planning one and making another take about the same time, so that two processors do both in the time of
/// one. It only saves time: what cannot be made this way, or not without the repository, is made
/// after the planning, as in small batches, whose objects become files of their own.
extension GitWriter {
  /// From how many operations on.
  static var smallestEncoded: Int { 12 }
  /// A larger batch's pack may never be joined with others, so that all in it is compressed at once.
  private static var mostUncompressed: Int { 256 }
  /// How many steps go on together.
  private static var stepsAtOnce: Int { 6 }

  /// Begins with a batch of so many operations, where that is worth it.
  func beginEncoding(_ batch: inout GitWriteBatch, count: Int) {
    chain.giveUp()
    batch.encoding = nil
    guard count >= Self.smallestEncoded else { return }
    do {
      // Signatures are another program's work.
      guard try repository.configurationBool("commit.gpgsign") != true else { return }
      let (author, committer) = (
        try repository.signature(.author), try repository.signature(.committer)
      )
      var base = lastBase
      if base?.commit != batch.tip || base == nil {
        base = try repository.chainBase(batch.tip, folder: batch.tipFolder.path)
      }
      guard let base else { return }
      chain.begin(on: base, committer: committer, compresses: count > Self.mostUncompressed)
      batch.encoding = GitWriteBatch.Encoding(author: author, committer: committer)
    } catch {
      // Said by whoever needs it: perhaps there will be nothing to commit.
    }
  }

  /// Hands on the steps that were planned since, once there are a few or all are planned.
  func encode(_ batch: inout GitWriteBatch, isLast: Bool) {
    guard var encoding = batch.encoding else { return }
    let steps = batch.steps[encoding.count...]
    guard steps.count >= Self.stepsAtOnce || isLast else { return }
    let made = steps.compactMap { $0.chained(by: encoding.author) }
    guard made.count == steps.count else {
      chain.giveUp()
      batch.encoding = nil
      return
    }
    chain.append(made)
    encoding.count = batch.steps.count
    batch.encoding = encoding
  }

  /// Takes over the commits that were made beside the planning.
  ///
  /// - Returns: The last of them; nil where they are to be made now.
  func takeEncoded(_ batch: inout GitWriteBatch) throws -> ObjectID? {
    guard let encoding = batch.encoding, encoding.count == batch.steps.count else { return nil }
    let made: CommitChain.Made
    do {
      made = try chain.finish()
    } catch {
      // Whatever it was: it either works now, or is said then.
      return nil
    }
    guard made.commits.count == batch.steps.count else { return nil }
    for (index, commit) in made.commits.enumerated() { batch.setCommit(commit, ofStep: index) }
    batch.setBlobs(made.blobs)
    try repository.hold(made)
    lastBase = made.base
    return made.commits.last
  }
}

extension GitWriteBatch.Step {
  /// Who made the change, and when.
  func author(_ author: Signature) -> Signature {
    guard let authorTime else { return author }
    return Signature(
      name: author.name, email: author.email, time: max(0, authorTime), offset: 0)
  }

  /// The step as a chain takes it; nil where it takes more than new versions of files.
  fileprivate func chained(by author: Signature) -> CommitChain.Step? {
    guard joins == nil else { return nil }
    var files: [(path: String, file: (content: [UInt8], mode: FileMode)?)] = []
    for name in names {
      var file: (content: [UInt8], mode: FileMode)?
      if let item = folder[name] {
        guard item.blob == nil, let bytes = item.bytes else { return nil }
        file = (bytes, item.mode)
      }
      files.append((folder.pathOf(name), file))
    }
    let text = text
    return CommitChain.Step(files: files, author: self.author(author)) { text.message }
  }
}
