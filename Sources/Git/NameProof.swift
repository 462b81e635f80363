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
    /// What the other hash says, once it has.
    var proven: Result<ObjectID, GitError>?

    func isOf(_ type: git_object_t, _ content: [UInt8]) -> Bool {
      self.type == type && self.content.count == content.count
        && self.content.withUnsafeBytes { own in
          content.withUnsafeBytes { own.baseAddress == $0.baseAddress }
        }
    }
  }

  private struct State {
    var entries: [Entry] = []
    /// How many of them are proven or about to be.
    var begun = 0
    /// Whether any was there before its name was asked for.
    var hasExpected = false
  }

  private let state = Mutex(State())
  private let thread: WorkThread
  private let underWay = DispatchGroup()
  /// An object of fewer bytes is proven at once.
  private let smallest: Int
  /// Whether the others wait until someone asks for it.
  private let isLate: Bool

  /// - Parameters:
  ///   - thread: Where the names are proven.
  ///   - smallest: An object of fewer bytes is proven at once.
  ///   - isLate: Whether the others wait for ``finish()``, so that whoever makes many of them has all processors.
  init(on thread: WorkThread, smallest: Int = 16 << 10, isLate: Bool = false) {
    (self.thread, self.smallest, self.isLate) = (thread, smallest, isLate)
  }

  /// Begins with an object whose name will be asked for.
  func expect(_ type: git_object_t, _ content: [UInt8]) {
    guard content.count >= smallest else { return }
    state.withLock { $0.hasExpected = true }
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
    let isExpected = state.withLock { state in
      // A large batch has thousands of entries, and expects none.
      guard state.hasExpected,
        let index = state.entries.lastIndex(where: { $0.isOf(type, content) })
      else { return false }
      state.entries[index].name = name
      return true
    }
    if !isExpected { add(Entry(type: type, content: content, name: name)) }
  }

  private func add(_ entry: Entry) {
    state.withLock { $0.entries.append(entry) }
    if !isLate { begin() }
  }

  /// Begins with all that was added, and does not wait.
  func begin() {
    let range = state.withLock { state in
      defer { state.begun = state.entries.count }
      return state.begun..<state.entries.count
    }
    guard !range.isEmpty else { return }
    underWay.enter()
    thread.leaveProcessorToCaller()
    thread.async { [self] in
      defer { underWay.leave() }
      for index in range {
        let entry = state.withLock { $0.entries[index] }
        let proven: Result<ObjectID, GitError>
        do throws(GitError) {
          proven = .success(try .name(entry.type, entry.content))
        } catch {
          proven = .failure(error)
        }
        state.withLock { $0.entries[index].proven = proven }
      }
    }
  }

  /// Waits until all names are proven, and lets go of the objects.
  ///
  /// - Throws: ``GitError`` where the content of one looks like an attack.
  func finish() throws(GitError) {
    begin()
    underWay.wait()
    for entry in state.withLock(\.entries) {
      guard let name = entry.name else { continue }
      if case .success(name) = entry.proven { continue }
      throw GitError(
        .mismatch,
        "the new object \(name.short) looks like an attack on SHA-1, which git refuses; change what is recorded",
        category: .object, context: name.hex)
    }
    state.withLock { $0 = State() }
  }
}
