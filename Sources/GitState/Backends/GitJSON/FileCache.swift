import Git
import Synchronization

/// Parsed files, shared by everything that reads one repository's state.
///
/// An entry is found by what its content was made of, so it can never be stale.
final class FileCache: Sendable {
  /// All that a parsed file depends on.
  struct Key: Hashable, Sendable {
    /// The file's bytes.
    let blob: ObjectID
    /// The file's name, which its errors give and which is the network's where the file has none.
    ///
    /// As git has it: a name that is no text and one that spells out its bytes are shown alike.
    let name: [UInt8]
  }

  private struct State {
    var files: LeastRecentlyUsed<Key, FileContent>
    var hits = 0
    var misses = 0
  }

  private let state: Mutex<State>

  /// A cache of files that take so many bytes of memory together, by ``FileContent/cacheCost``.
  init(capacity: Int) {
    state = Mutex(State(files: LeastRecentlyUsed(capacity: capacity)))
  }

  /// A file that was parsed before; counted as a hit or a miss.
  func content(_ key: Key) -> FileContent? {
    state.withLock { state in
      let content = state.files.value(of: key)
      if content == nil { state.misses += 1 } else { state.hits += 1 }
      return content
    }
  }

  /// Keeps a parsed file, as far as there is room.
  func insert(_ content: FileContent, for key: Key) {
    // To free a large file takes a while: that is for where no reader waits for the lock.
    let evicted = state.withLock { state in
      state.files.insert(content, for: key, cost: content.cacheCost)
    }
    if evicted.contains(where: { $0.cacheCost >= Later.smallest }) { Later.release(evicted) }
  }

  /// What the cache holds, and what it did.
  var statistics: CacheStatistics {
    state.withLock { state in
      CacheStatistics(
        hits: state.hits, misses: state.misses, evictions: state.files.evictionCount,
        entries: state.files.count, bytes: state.files.cost, capacity: state.files.capacity)
    }
  }
}

extension FileContent {
  /// Bytes of memory for each byte of a file: its text, its tree of values and all records decoded
  /// take 4.5 (`make bench PARTS=memory`).
  private static let memoryFactor = 5
  /// Bytes of memory for a file however small.
  private static let baseCost = 1024

  /// How many bytes of memory a file is taken to need.
  var cacheCost: Int {
    switch self {
    case .deployment(let file): Self.baseCost + Self.memoryFactor * file.bytes.count
    // Of other files nothing is kept but that they are none of ours, or what is wrong with them.
    case .foreign, .broken: Self.baseCost
    }
  }
}
