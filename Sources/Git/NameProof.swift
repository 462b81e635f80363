internal import CGit2
internal import Dispatch
internal import Synchronization

/// Names new objects, and proves their names beside other work.
///
/// git refuses an object whose content looks like an attack on SHA-1, and so must whoever writes one. The hash that
/// finds such attacks takes several times as long as the plain one, and is the most that goes into the writing of a
/// large file. So an object gets its name from the plain one, and the other goes over it on a thread of its own.
/// Until ``finish()`` returns nothing may have the name.
final class NameProof: Sendable {
  /// One object.
  private struct Entry {
    let type: git_object_t
    let content: [UInt8]
    /// What the plain hash says; nil where nobody has asked yet.
    var name: ObjectID?
    var isBegun = false
    /// What the other hash says, once it has.
    var proven: Result<ObjectID, GitError>?

    func isOf(_ type: git_object_t, _ content: [UInt8]) -> Bool {
      self.type == type && self.content.count == content.count
        && self.content.withUnsafeBytes { own in
          content.withUnsafeBytes { own.baseAddress == $0.baseAddress }
        }
    }
  }

  private let entries = Mutex<[Entry]>([])
  /// Its own: the shared ones have no thread left where as many callers as there are processors wait for a write.
  private let queue = DispatchQueue(label: "gitstate.names")
  /// An object of fewer bytes is proven at once.
  private let smallest: Int
  /// Whether the others wait until someone asks for it.
  private let isLate: Bool

  /// - Parameters:
  ///   - smallest: An object of fewer bytes is proven at once.
  ///   - isLate: Whether the others wait for ``finish()``, so that whoever makes many of them has all processors.
  init(smallest: Int = 16 << 10, isLate: Bool = false) {
    (self.smallest, self.isLate) = (smallest, isLate)
  }

  /// Begins with an object whose name will be asked for.
  func expect(_ type: git_object_t, _ content: [UInt8]) {
    guard content.count >= smallest else { return }
    add(Entry(type: type, content: content))
  }

  /// The name of an object.
  ///
  /// - Throws: ``GitError`` where it is proven at once, and is an attack.
  func name(_ type: git_object_t, _ content: [UInt8]) throws(GitError) -> ObjectID {
    guard content.count >= smallest else { return try .name(type, content) }
    let name = ObjectID.plainName(type, content)
    prove(name, type, content)
    return name
  }

  /// Notes a name that is to be proven.
  func prove(_ name: ObjectID, _ type: git_object_t, _ content: [UInt8]) {
    let isExpected = entries.withLock { entries in
      guard let index = entries.lastIndex(where: { $0.isOf(type, content) }) else { return false }
      entries[index].name = name
      return true
    }
    if !isExpected { add(Entry(type: type, content: content, name: name)) }
  }

  private func add(_ entry: Entry) {
    entries.withLock { $0.append(entry) }
    if !isLate { begin() }
  }

  /// Begins with all that was added, and does not wait.
  func begin() {
    let range = entries.withLock { entries in
      let first = entries.firstIndex { !$0.isBegun } ?? entries.endIndex
      for index in entries.indices[first...] { entries[index].isBegun = true }
      return entries.indices[first...]
    }
    guard !range.isEmpty else { return }
    queue.async { [self] in
      for index in range {
        let entry = entries.withLock { $0[index] }
        let proven: Result<ObjectID, GitError>
        do throws(GitError) {
          proven = .success(try .name(entry.type, entry.content))
        } catch {
          proven = .failure(error)
        }
        entries.withLock { $0[index].proven = proven }
      }
    }
  }

  /// Waits until all names are proven.
  ///
  /// - Throws: ``GitError`` where the content of one looks like an attack.
  func finish() throws(GitError) {
    begin()
    queue.sync {}
    for entry in entries.withLock(\.self) {
      guard let name = entry.name else { continue }
      if case .success(name) = entry.proven { continue }
      throw GitError(
        .mismatch,
        "the new object \(name.short) looks like an attack on SHA-1, which git refuses; change what is recorded",
        category: .object, context: name.hex)
    }
  }
}
