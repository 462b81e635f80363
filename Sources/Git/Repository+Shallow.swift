/// Histories that a shallow clone has cut off. libgit2 1.5 does not know of the cut and fails at the
/// first missing parent, so they are walked here; they are short.
extension Repository {
  /// The commits whose parents the repository does not have, from the file `shallow`; none where the
  /// repository has its whole history.
  public func boundary() throws(GitError) -> Set<ObjectID> {
    let content = try FileSystem.content(FileSystem.join(commonDirectory, "shallow")) ?? []
    var boundary: Set<ObjectID> = []
    for line in content.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      guard let id = ObjectID(hex: text) else {
        throw GitError(.unreadable, "the file \"shallow\" of the repository is damaged")
      }
      boundary.insert(id)
    }
    return boundary
  }

  /// Whether the repository lacks commits that one leads to, as a shallow clone does until it fetches them.
  public func lacksHistory(of tip: ObjectID) throws(GitError) -> Bool {
    guard isShallow else { return false }
    let boundary = try boundary()
    for (id, entry) in try reachable(from: [tip]) where boundary.contains(id) {
      for parent in entry.commit.parents where try !contains(parent) { return true }
    }
    return false
  }

  /// All commits that some lead to, with the parents that the repository has.
  func reachable(
    from starts: [ObjectID]
  ) throws(GitError) -> [ObjectID: (commit: Commit, parents: [ObjectID])] {
    let boundary = try boundary()
    var found: [ObjectID: (commit: Commit, parents: [ObjectID])] = [:]
    var waiting = starts
    while let id = waiting.popLast() {
      if found[id] != nil { continue }
      let commit = try commit(id)
      let parents = boundary.contains(id) ? [] : commit.parents
      found[id] = (commit, parents)
      waiting += parents
    }
    return found
  }

  func shallowWalk(
    from starts: [ObjectID], hiding hidden: [ObjectID], order: WalkOrder
  ) throws(GitError) -> [Commit] {
    var left = try reachable(from: starts)
    for id in try reachable(from: hidden).keys { left[id] = nil }
    var children: [ObjectID: Int] = [:]
    for (_, parents) in left.values {
      for parent in parents { children[parent, default: 0] += 1 }
    }
    // Kahn's order: a commit is ready once all its children are out.
    var ready = starts.filter { left[$0] != nil && children[$0] == nil }
    ready = ready.enumerated().filter { !ready[..<$0.offset].contains($0.element) }.map(\.element)
    if order == .topological { ready.reverse() }
    var sorted: [Commit] = []
    while !ready.isEmpty {
      var next = ready.count - 1
      if order == .time {
        // The newest; of equals the one that has waited longest.
        for index in ready.indices.reversed() {
          let isNewer = left[ready[index]].map { $0.commit.committer.time } ?? 0
          let best = left[ready[next]].map { $0.commit.committer.time } ?? 0
          if isNewer >= best { next = index }
        }
      }
      let id = ready.remove(at: next)
      guard let (commit, parents) = left[id] else { continue }
      sorted.append(commit)
      for parent in parents {
        let waiting = (children[parent] ?? 1) - 1
        children[parent] = waiting
        if waiting == 0, left[parent] != nil { ready.append(parent) }
      }
    }
    return sorted
  }

  func shallowMergeBases(_ one: ObjectID, _ other: ObjectID) throws(GitError) -> [ObjectID] {
    let others = try reachable(from: [other])
    let common = try reachable(from: [one]).filter { others[$0.key] != nil }
    // The best are those that no other common commit leads to.
    let surpassed = Set(common.values.flatMap(\.parents))
    return common.filter { !surpassed.contains($0.key) }
      .sorted { $0.value.commit.committer.time > $1.value.commit.committer.time }.map(\.key)
  }
}
