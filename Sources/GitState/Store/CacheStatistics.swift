/// What a backend's cache of parsed files holds, and how much it has saved.
public struct CacheStatistics: Hashable, Sendable {
  /// Files that were served without being parsed.
  public var hits: Int
  /// Files that had to be parsed.
  public var misses: Int
  /// Files that had to go to make room.
  public var evictions: Int
  /// Files that are held now.
  public var entries: Int
  /// How many bytes of memory they take, as estimated from the files' sizes.
  public var bytes: Int
  /// How many bytes they may take.
  public var capacity: Int

  /// The share of files that were not parsed, from 0 to 1; nil before the first one was asked for.
  public var hitRate: Double? {
    hits + misses == 0 ? nil : Double(hits) / Double(hits + misses)
  }

  /// Makes statistics.
  ///
  /// - Parameters:
  ///   - hits: Files that were served without being parsed.
  ///   - misses: Files that had to be parsed.
  ///   - evictions: Files that had to go to make room.
  ///   - entries: Files that are held now.
  ///   - bytes: How many bytes of memory they take.
  ///   - capacity: How many bytes they may take.
  public init(
    hits: Int = 0, misses: Int = 0, evictions: Int = 0, entries: Int = 0, bytes: Int = 0,
    capacity: Int = 0
  ) {
    self.hits = hits
    self.misses = misses
    self.evictions = evictions
    self.entries = entries
    self.bytes = bytes
    self.capacity = capacity
  }
}
